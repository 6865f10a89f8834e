defmodule VectorDB.Rows do
  @moduledoc false
  # Rows of the NIF into structs.

  alias VectorDB.{JSON, Match, Record, Vectors}

  def matches(rows, form), do: Enum.map(rows, &match(&1, form))

  def records(rows, form), do: Enum.map(rows, &record(&1, form))

  defp match({id, distance, score, metadata, vector}, form) do
    %Match{
      id: id,
      distance: distance,
      score: score,
      metadata: metadata(metadata),
      vector: Vectors.result(vector, form)
    }
  end

  defp record(nil, _form), do: nil

  defp record({id, metadata, vector}, form),
    do: %Record{id: id, metadata: metadata(metadata), vector: Vectors.result(vector, form)}

  defp metadata(nil), do: nil
  defp metadata(""), do: %{}
  defp metadata("{}"), do: %{}

  # The library writes the metadata itself, so that it is JSON is its promise.
  defp metadata(json) do
    {:ok, metadata} = JSON.decode(json)
    metadata
  end
end
