defmodule VectorDB.Environment do
  @moduledoc false
  # The variables that connection options may come from. The virtual machine keeps an environment of its own, which
  # `System.put_env/2` changes and the library cannot see: it is handed over with the option `env`.

  @names ~w(DATABASE_URL)
  @prefixes ~w(AZURE_SEARCH_ CHROMA_ MILVUS_ PG PINECONE_ QDRANT_ REDIS_ WEAVIATE_)

  @doc "Options of a database with the variables in them, unless they are of no use or the caller decided."
  @spec hand_over(map()) :: map()
  def hand_over(options) do
    if given(options, :backend) in [nil, :memory, "memory"] or
         given(options, :env) not in [nil, true] do
      options
    else
      options |> Map.drop([:env, "env"]) |> Map.put(:env, variables())
    end
  end

  @doc "The variables that are handed over."
  @spec variables() :: %{optional(String.t()) => String.t()}
  def variables do
    for {name, value} <- System.get_env(), handed_over?(name), String.valid?(value), into: %{} do
      {name, value}
    end
  end

  @doc "Whether a variable may have to do with a backend."
  @spec handed_over?(String.t()) :: boolean()
  def handed_over?(name), do: name in @names or String.starts_with?(name, @prefixes)

  defp given(options, name), do: Map.get(options, name, options[Atom.to_string(name)])
end
