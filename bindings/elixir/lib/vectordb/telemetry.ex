defmodule VectorDB.Telemetry do
  @moduledoc """
  `:telemetry` spans, when that library is part of the application; else nothing happens.

  Every call of `VectorDB` that takes a database emits, in the process of the caller,
  `[:vectordb, operation, :start]`, then `[:vectordb, operation, :stop]` (or `:exception`), where
  `operation` is the name of the function: `:search`, `:add_batch`, ... Metadata:

    * `:database`, `:backend`, `:namespace` - of the handle
    * `:result` - in `:stop`: `:ok`, or the code of the error
  """

  @compile {:no_warn_undefined, :telemetry}

  @doc false
  def span(operation, database, body) do
    if function_exported?(:telemetry, :span, 3) do
      metadata = Map.take(database, [:backend, :namespace]) |> Map.put(:database, database.name)

      :telemetry.span([:vectordb, operation], metadata, fn ->
        answer = body.()
        {answer, Map.put(metadata, :result, result(answer))}
      end)
    else
      body.()
    end
  end

  @doc false
  # In interactive mode modules load on first use, and function_exported? does not load them.
  def load, do: Code.ensure_loaded(:telemetry)

  defp result({:error, %VectorDB.Error{code: code}}), do: code
  defp result(_ok), do: :ok
end
