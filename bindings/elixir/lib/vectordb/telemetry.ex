defmodule VectorDB.Telemetry do
  @moduledoc """
  `:telemetry` events, when that library is part of the application; else nothing happens.

  ## Calls

  Every call of `VectorDB` that takes a database is a span, emitted in the process of the caller:
  `[:vectordb, :call, :start]`, then `[:vectordb, :call, :stop]` (or `:exception`), with the measurements
  of `:telemetry.span/3`, among them `:duration`. Metadata:

    * `:operation` - name of the function: `:search`, `:add_batch`, ...
    * `:database`, `:backend`, `:namespace` - of the handle

  and in `:stop`:

    * `:result` - `:ok`, or the code of the error
    * `:attempts` - requests sent for it: 0 from the cache, above 1 when some were repeated; `nil` for writes
      that went well and for calls that send none
    * `:cached`, `:stale` - whether the answer came from the cache, and whether it is beyond its time

  ## Events of the library

  `VectorDB.Log.to_telemetry/1` emits what happens inside, such as failed attempts and changes of the circuit
  breaker, as `[:vectordb, :event]`. Measurements: `:time_ms`, and where the event has one `:duration_ms`.
  Metadata: `:event`, its name, such as `"attempt.failed"`; `:level`; `:database`, `:backend`,
  `:operation`, where known; `:fields`, the whole event, a map with string keys.
  """

  @compile {:no_warn_undefined, :telemetry}

  alias VectorDB.{Error, JSON}

  @doc false
  def span(operation, database, body) do
    if function_exported?(:telemetry, :span, 3) do
      metadata =
        Map.take(database, [:backend, :namespace])
        |> Map.merge(%{operation: operation, database: database.name})

      :telemetry.span([:vectordb, :call], metadata, fn ->
        answer = body.()
        {answer, Map.merge(metadata, outcome(answer))}
      end)
    else
      body.()
    end
  end

  @doc false
  def event(level, fields) do
    if function_exported?(:telemetry, :execute, 3) do
      measurements =
        for {key, name} <- [time_ms: "time_ms", duration_ms: "duration_ms"],
            value = fields[name],
            into: %{},
            do: {key, value}

      :telemetry.execute([:vectordb, :event], measurements, %{
        event: fields["event"],
        level: level,
        database: fields["db.collection.name"],
        backend: fields["db.system.name"],
        operation: fields["db.operation.name"],
        fields: fields
      })
    end

    :ok
  end

  @doc false
  # In interactive mode modules load on first use, and function_exported? does not load them.
  def load, do: Code.ensure_loaded(:telemetry)

  defp outcome({:error, %Error{code: code, details: details}}),
    do: outcome(code, details["attempts"], %{})

  defp outcome({:ok, _value, info}) do
    case JSON.decode(info) do
      {:ok, info} -> outcome(:ok, info["attempts"], info)
      {:error, _} -> outcome(:ok, nil, %{})
    end
  end

  defp outcome(_ok), do: outcome(:ok, nil, %{})

  defp outcome(result, attempts, info) do
    cached = Map.get(info, "cached", false)
    %{result: result, attempts: attempts, cached: cached, stale: Map.get(info, "stale", false)}
  end
end
