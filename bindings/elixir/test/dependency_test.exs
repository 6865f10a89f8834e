defmodule VectorDB.DependencyTest do
  use ExUnit.Case, async: false

  @project """
  defmodule Sample.MixProject do
    use Mix.Project

    def project, do: [app: :sample, version: "0.1.0", deps: [{:vectordb, path: System.fetch_env!("BINDING")}]]
    def application, do: [extra_applications: [:logger]]
  end
  """

  @program """
  db = VectorDB.create!("sample", dimensions: 2, metric: :l2)
  VectorDB.add!(db, "a", [3, 4])
  [match] = VectorDB.search!(db, [0, 0])
  IO.puts("\#{match.id} \#{match.distance} \#{Application.app_dir(:vectordb, "priv")}")
  """

  test "another application depends on it by its path" do
    folder =
      Path.join(System.tmp_dir!(), "vectordb-#{System.unique_integer([:positive])}-#{System.pid()}")

    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)
    File.write!(Path.join(folder, "mix.exs"), @project)
    environment = [{"BINDING", Path.expand("..", __DIR__)}, {"MIX_ENV", "prod"}]

    run = fn arguments ->
      System.cmd("mix", arguments, cd: folder, env: environment, stderr_to_stdout: true)
    end

    assert {output, 0} = run.(["compile"])
    assert output =~ "Compiled the NIF of vectordb"
    # The second time nothing is compiled, so that the program's line is all there is.
    assert {output, 0} = run.(["run", "-e", @program])
    assert ["a", "5.0", priv] = String.split(output)
    assert String.starts_with?(priv, Path.expand(folder))
    assert File.regular?(Path.join(priv, "libvectordb.so.0"))
  end
end
