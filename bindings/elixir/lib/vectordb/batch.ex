defmodule VectorDB.Batch do
  @moduledoc false
  # The forms of a batch into `{ids, vectors, metadata_json}`; errors name the item.

  alias VectorDB.{Error, JSON, Vectors}

  @doc "A list of tuples or maps, or the packed form `%{ids: _, vectors: _, metadata: _}`."
  def normalise(%{} = packed) when not is_struct(packed) do
    with ids when is_list(ids) <- field(packed, [:ids, "ids"]),
         false <- List.improper?(ids),
         vectors when not is_nil(vectors) <-
           field(packed, [:vectors, "vectors", :embeddings, "embeddings"]),
         {:ok, metadata} <- packed_metadata(field(packed, [:metadata, "metadata"])) do
      {:ok, {ids, Vectors.many(vectors, length(ids)), metadata}}
    else
      {:error, error} -> {:error, error}
      _ -> invalid("a packed batch needs :ids, a list, and :vectors")
    end
  end

  def normalise(items) when is_list(items) do
    with {:ok, ids, vectors, metadata} <- split(items, 0, [], [], []),
         {:ok, metadata} <- metadata_array(metadata) do
      {:ok, {ids, vectors, metadata}}
    end
  end

  def normalise(other), do: invalid("a batch must be a list or a map: #{shown(other)}")

  @doc "Metadata of many records as a JSON array; an empty text when no record has any."
  def metadata_array(list) do
    if Enum.all?(list, &is_nil/1) do
      {:ok, ""}
    else
      list |> Enum.with_index() |> encode([])
    end
  end

  @doc "Metadata of one record as JSON text."
  def encode_metadata(metadata) when is_map(metadata) and not is_struct(metadata) do
    case JSON.encode(metadata) do
      {:ok, json} -> {:ok, json}
      {:error, message} -> {:error, Error.new(:invalid_metadata, "metadata: " <> message)}
    end
  end

  def encode_metadata(nil), do: {:ok, "null"}

  def encode_metadata([{key, _} | _] = list) when is_atom(key),
    do: list |> Map.new() |> encode_metadata()

  def encode_metadata(other) do
    {:error, Error.new(:invalid_metadata, "metadata must be a map: #{shown(other)}")}
  end

  defp encode([], done), do: {:ok, IO.iodata_to_binary([?[, Enum.reverse(done), ?]])}

  defp encode([{metadata, index} | rest], done) do
    case encode_metadata(metadata) do
      {:ok, json} when done == [] -> encode(rest, [json])
      {:ok, json} -> encode(rest, [[?,, json] | done])
      {:error, error} -> {:error, %{error | message: "item #{index}: #{error.message}"}}
    end
  end

  # Text is taken as a JSON array already: the fastest way in for who has it.
  defp packed_metadata(nil), do: {:ok, ""}
  defp packed_metadata(text) when is_binary(text), do: {:ok, text}
  defp packed_metadata(list) when is_list(list), do: metadata_array(list)

  defp packed_metadata(other),
    do: {:error, Error.new(:invalid_metadata, "metadata must be a list of maps: #{shown(other)}")}

  defp split([], _index, ids, vectors, metadata),
    do: {:ok, Enum.reverse(ids), Enum.reverse(vectors), Enum.reverse(metadata)}

  defp split([item | rest], index, ids, vectors, metadata) do
    case item(item) do
      {id, vector, data} ->
        split(rest, index + 1, [id | ids], [Vectors.one(vector) | vectors], [data | metadata])

      :error ->
        invalid(
          "item #{index} is neither {id, vector, metadata} nor a map with id and vector: " <>
            shown(item)
        )
    end
  end

  defp split(_improper, _index, _ids, _vectors, _metadata), do: invalid("an improper list")

  defp item({id, vector, metadata}), do: {id, vector, metadata}
  defp item({id, vector}), do: {id, vector, nil}

  defp item(%{} = map) do
    id = field(map, [:id, "id"])
    vector = field(map, [:vector, "vector", :embedding, "embedding"])

    if is_nil(id) or is_nil(vector),
      do: :error,
      else: {id, vector, field(map, [:metadata, "metadata"])}
  end

  defp item(_other), do: :error

  defp field(map, names), do: Enum.find_value(names, &Map.get(map, &1))

  defp invalid(message), do: {:error, Error.new(:invalid_argument, message)}
  defp shown(term), do: inspect(term, limit: 5, printable_limit: 40)
end
