defmodule VectorDB.Writing do
  @moduledoc false
  # Everything that changes a database; documented in `VectorDB`.

  alias VectorDB.{Batch, Error, Native, Operation, Options, Vectors}

  def add(database, id, vector, metadata, options) do
    Operation.run(database, :add, fn %{ref: ref} ->
      with {:ok, _, timeout} <- Options.plain(options),
           {:ok, json} <- Batch.metadata_array([metadata]),
           answer = Native.upsert(ref, [id], [Vectors.one(vector)], json, timeout),
           {:ok, _report} <- Operation.answer(answer) do
        {:ok, id}
      end
    end)
  end

  def add_batch(database, batch, options) do
    Operation.run(database, :add_batch, fn %{ref: ref} ->
      with {:ok, _, timeout} <- Options.plain(options),
           {:ok, {ids, vectors, json}} <- Batch.normalise(batch),
           answer = Native.upsert(ref, ids, vectors, json, timeout),
           {:ok, {applied, _, _, _}} <- Operation.answer(answer) do
        {:ok, applied}
      end
    end)
  end

  def update_metadata(database, id, metadata, options) do
    Operation.run(database, :update_metadata, fn %{ref: ref} ->
      with {:ok, options, timeout} <- Options.plain(options, [:replace]),
           {:ok, flags} <- Options.replace(options),
           {:ok, json} <- Batch.encode_metadata(metadata),
           answer = Native.update_metadata(ref, [id], "[" <> json <> "]", flags, timeout),
           {:ok, _report} <- Operation.answer(answer) do
        {:ok, id}
      end
    end)
  end

  def delete(database, what, options) do
    Operation.run(database, :delete, fn %{ref: ref} ->
      with {:ok, report} <- delete_what(ref, what, options) |> Operation.answer() do
        {:ok, elem(report, 2)}
      end
    end)
  end

  def clear(database, options), do: timed(database, :clear, options, &Native.clear/2)

  def drop(database, options), do: timed(database, :drop, options, &Native.drop/2)

  def flush(database, options), do: timed(database, :flush, options, &Native.flush/2)

  def create_index(database, index, options) do
    timed(database, :create_index, options, fn ref, timeout ->
      with {:ok, json} <- Options.object(:index, index), do: Native.create_index(ref, json, timeout)
    end)
  end

  def save(database, _path), do: without_files(database, :save)

  def load(database, _path), do: without_files(database, :load)

  defp delete_what(ref, [{:filter, filter} | more], options) do
    with {:ok, _, timeout} <- Options.plain(more ++ options),
         {:ok, filter} <- Options.filter(filter) do
      Native.delete_where(ref, filter, timeout)
    end
  end

  defp delete_what(ref, ids, options) do
    with {:ok, _, timeout} <- Options.plain(options) do
      Native.delete(ref, if(is_binary(ids), do: [ids], else: ids), timeout)
    end
  end

  defp timed(database, operation, options, body) do
    Operation.done(database, operation, fn %{ref: ref} ->
      with {:ok, _, timeout} <- Options.plain(options), do: body.(ref, timeout)
    end)
  end

  defp without_files(database, operation) do
    Operation.run(database, operation, fn %{backend: backend} ->
      message = "#{operation} needs the file backend, which this version does not hold"
      {:error, %{Error.new(:unsupported, message) | backend: backend}}
    end)
  end
end
