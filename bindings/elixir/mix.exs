Code.require_file("mix/compile_nif.exs", __DIR__)

defmodule VectorDB.MixProject do
  use Mix.Project

  @version "0.1.0"

  def project do
    [
      app: :vectordb,
      version: @version,
      elixir: "~> 1.14",
      compilers: [:vectordb_nif] ++ Mix.compilers(),
      elixirc_paths: elixirc_paths(Mix.env()),
      start_permanent: Mix.env() == :prod,
      deps: [],
      description: "One interface to ten vector databases: Elixir binding of libvectordb",
      package: [
        licenses: ["Apache-2.0"],
        links: %{},
        files: ~w(lib c_src mix mix.exs .formatter.exs README.md)
      ]
    ]
  end

  def application do
    [mod: {VectorDB.Application, []}, extra_applications: [:logger]]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_env), do: ["lib"]
end
