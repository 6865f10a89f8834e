defmodule Mix.Tasks.Compile.VectordbNif do
  @shortdoc "Compiles the NIF of :vectordb and puts libvectordb beside it"
  @moduledoc """
  Builds `priv/vectordb_nif.so` from `c_src` and copies `libvectordb.so.0` next to it. The NIF
  finds the library by its own place (`$ORIGIN`), so a release needs nothing installed.

  The library and its header are looked for in this order:

    1. the environment: `VECTORDB_LIB_DIR`, and `VECTORDB_INCLUDE_DIR`
    2. the repository this binding lies in: `../../dist/*/lib`, `../../.build/release`, the newer one
    3. pkg-config, package `vectordb`

  `CC` and `CFLAGS` are respected.
  """
  use Mix.Task.Compiler

  @flags ~w(-std=c11 -D_POSIX_C_SOURCE=200809L -O2 -fPIC -fvisibility=hidden -Wall -Wextra -Werror)
  @link_flags ~w(-shared -Wl,-rpath,$ORIGIN -Wl,-z,nodelete -Wl,-z,now -Wl,-z,relro)
  @library "libvectordb.so.0"

  @impl true
  def run(_arguments) do
    root = Path.expand("..", __DIR__)
    priv = Path.join(Mix.Project.app_path(), "priv")
    {library, include} = find_library(root)
    sources = root |> Path.join("c_src/*.c") |> Path.wildcard() |> Enum.sort()
    headers = [Path.join(root, "c_src/nif.h"), Path.join(include, "vectordb.h")]
    inputs = [library, __ENV__.file | sources ++ headers]
    nif = Path.join(priv, "vectordb_nif.so")
    recipe = recipe(library, include)

    if stale?(nif, recipe, inputs) do
      File.mkdir_p!(priv)
      replace(Path.join(priv, @library), &File.cp!(library, &1))
      replace(nif, &compile(sources, include, priv, &1))
      File.write!(nif <> ".recipe", recipe)
      {:ok, []}
    else
      {:noop, []}
    end
  end

  @impl true
  def clean do
    Mix.Project.app_path() |> Path.join("priv") |> File.rm_rf!()
    :ok
  end

  # What the object was made from, beside the times of the files: another library or compiler means another object.
  defp recipe(library, include),
    do: Enum.join([library, include, compiler(), flags() | @link_flags], "\n")

  defp stale?(nif, recipe, inputs) do
    File.read(nif <> ".recipe") != {:ok, recipe} or Mix.Utils.stale?(inputs, [nif])
  end

  # A running VM may have the old file mapped: write beside it and rename.
  defp replace(path, write) do
    aside = path <> ".new"
    write.(aside)
    File.rename!(aside, path)
  end

  defp compile(sources, include, priv, output) do
    arguments =
      @flags ++
        OptionParser.split(flags()) ++
        ["-I", include, "-I", erlang_include()] ++
        sources ++
        @link_flags ++ ["-L", priv, "-l:" <> @library, "-o", output]

    case System.cmd(compiler(), arguments, stderr_to_stdout: true) do
      {_, 0} -> Mix.shell().info("Compiled the NIF of vectordb")
      {text, _} -> Mix.raise("The NIF of vectordb did not compile:\n" <> text)
    end
  rescue
    error in ErlangError ->
      Mix.raise("No C compiler #{inspect(compiler())} (#{inspect(error.original)}): set CC")
  end

  defp compiler, do: System.get_env("CC") || "cc"
  defp flags, do: System.get_env("CFLAGS") || ""

  defp erlang_include do
    root = to_string(:code.root_dir())
    erts = "erts-#{:erlang.system_info(:version)}"
    places = [Path.join(root, "usr/include"), Path.join([root, erts, "include"])]

    Enum.find(places, &File.exists?(Path.join(&1, "erl_nif.h"))) ||
      Mix.raise("erl_nif.h is in none of #{inspect(places)}: install Erlang's development files")
  end

  defp find_library(root) do
    from_environment(root) || from_repository(root) || from_pkg_config() ||
      Mix.raise("""
      libvectordb was not found. Build it in the repository (swift build -c release), install it so
      that pkg-config knows it, or name its folder in VECTORDB_LIB_DIR (and its header's in
      VECTORDB_INCLUDE_DIR).
      """)
  end

  defp from_environment(root) do
    with folder when is_binary(folder) <- System.get_env("VECTORDB_LIB_DIR") do
      library =
        library_in(folder) ||
          Mix.raise("VECTORDB_LIB_DIR is #{folder}, which holds no #{@library} or libvectordb.so")

      include =
        System.get_env("VECTORDB_INCLUDE_DIR") || header_in(Path.join(folder, "../include")) ||
          header_in(Path.join(root, "../../include")) ||
          Mix.raise("vectordb.h was not found: set VECTORDB_INCLUDE_DIR")

      {library, include}
    end
  end

  defp from_repository(root) do
    include = header_in(Path.expand("../../include", root))

    newest =
      [Path.expand("../../dist/*/lib", root), Path.expand("../../.build/release", root)]
      |> Enum.flat_map(&Path.wildcard(&1, match_dot: true))
      |> Enum.map(&library_in/1)
      |> Enum.reject(&is_nil/1)
      |> Enum.max_by(&File.stat!(&1, time: :posix).mtime, fn -> nil end)

    if include && newest, do: {newest, include}
  end

  defp from_pkg_config do
    with {folder, 0} <- pkg_config("libdir"),
         {include, 0} <- pkg_config("includedir"),
         library when is_binary(library) <- library_in(String.trim(folder)) do
      {library, String.trim(include)}
    else
      _ -> nil
    end
  end

  defp pkg_config(variable) do
    System.cmd("pkg-config", ["--variable=" <> variable, "vectordb"], stderr_to_stdout: true)
  rescue
    ErlangError -> :absent
  end

  defp library_in(folder) do
    [@library, "libvectordb.so"]
    |> Enum.map(&Path.expand(&1, folder))
    |> Enum.find(&File.regular?/1)
  end

  defp header_in(folder), do: if(File.regular?(Path.join(folder, "vectordb.h")), do: folder)
end
