defmodule VectorDB.Opening do
  @moduledoc false
  # Opening and closing databases; documented in `VectorDB`.

  alias VectorDB.{Database, Error, Native, Operation, Options}

  def create(name, options) do
    with {:ok, name} <- database_name(name),
         {:ok, json} <- Options.open(options),
         {:ok, ref} <- Operation.answer(Native.open(name, json, 0)) do
      backend = options |> Map.new() |> backend_name()
      {:ok, %Database{ref: ref, name: name, backend: backend}}
    end
  end

  def namespace(database, name) do
    Operation.run(database, :namespace, fn %{ref: ref} = database ->
      with {:ok, name} <- text(name, "namespace"),
           {:ok, view} <- Operation.answer(Native.namespace(ref, name)) do
        {:ok, %{database | ref: view, namespace: name}}
      end
    end)
  end

  def close(database), do: Operation.done(database, :close, fn %{ref: ref} -> Native.close(ref) end)

  defp database_name(name) when is_atom(name) and not is_nil(name),
    do: {:ok, Atom.to_string(name)}

  defp database_name(name), do: text(name, "name")

  defp backend_name(options), do: to_string(options[:backend] || options["backend"] || "memory")

  defp text(text, _what) when is_binary(text), do: {:ok, text}

  defp text(other, what) do
    message = "#{what} must be a string: #{Operation.shown(other)}"
    {:error, Error.new(:invalid_argument, message)}
  end
end
