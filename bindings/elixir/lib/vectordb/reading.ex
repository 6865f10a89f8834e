defmodule VectorDB.Reading do
  @moduledoc false
  # Searching, getting, counting and walking through; documented in `VectorDB`.

  alias VectorDB.{Native, Operation, Options, Pages, Rows, Vectors}

  def search(database, vector, options) do
    Operation.run(database, :search, fn %{ref: ref} ->
      with {:ok, {native, form, told?}} <- Options.search(options),
           {:ok, {rows, info}} <- Operation.answer(Native.search(ref, Vectors.one(vector), native)) do
        rows |> Rows.matches(form) |> with_info(info, told?)
      end
    end)
  end

  def search_batch(database, vectors, options) do
    Operation.run(database, :search_batch, fn %{ref: ref} ->
      with {:ok, {native, form, told?}} <- Options.search(options),
           vectors = Vectors.many(vectors, nil),
           {:ok, {answers, info}} <- Operation.answer(Native.search_batch(ref, vectors, native)) do
        answers |> Enum.map(&Rows.matches(&1, form)) |> with_info(info, told?)
      end
    end)
  end

  def search_by_id(database, id, options) do
    Operation.run(database, :search_by_id, fn %{ref: ref} ->
      with {:ok, {native, form, told?}} <- Options.search(options),
           {:ok, {rows, info}} <- Operation.answer(Native.search_by_id(ref, id, native)) do
        rows |> Rows.matches(form) |> with_info(info, told?)
      end
    end)
  end

  def get(database, id, options) do
    case get_records(database, :get, [id], options) do
      {:ok, [record]} -> {:ok, record}
      {:ok, {[record], info}} -> {:ok, {record, info}}
      error -> error
    end
  end

  def get_many(database, ids, options), do: get_records(database, :get_many, ids, options)

  def stream(database, options) do
    with {:ok, database} <- Operation.resolve(database),
         {:ok, page} <- Options.page(options),
         {_size, filter, _flags, timeout, _form} = page,
         # A closed database or a wrong filter shows now, not in the middle of a pipeline.
         first = Native.page(database.ref, 1, "", filter, 0, timeout),
         {:ok, _} <- Operation.answer(first) do
      {:ok, Pages.stream(database, page)}
    end
  end

  def count(database, options) do
    Operation.run(database, :count, fn %{ref: ref} ->
      with {:ok, options, timeout} <- Options.plain(options, [:filter]),
           {:ok, filter} <- Options.filter(options[:filter]),
           {:ok, {count, _exact}} <- Operation.answer(Native.count(ref, filter, timeout)) do
        {:ok, count}
      end
    end)
  end

  def namespaces(database), do: Operation.decoded(database, :namespaces, &Native.namespaces/1)

  def collections(database), do: Operation.decoded(database, :collections, &Native.collections/1)

  defp get_records(database, operation, ids, options) do
    Operation.run(database, operation, fn %{ref: ref} ->
      with {:ok, {flags, timeout, form, told?}} <- Options.get(options),
           {:ok, {rows, info}} <- Operation.answer(Native.get(ref, ids, flags, timeout)) do
        rows |> Rows.records(form) |> with_info(info, told?)
      end
    end)
  end

  # The span wants to know how the answer was made in any case, the caller with `info: true`.
  defp with_info(value, info, false), do: {:ok, value, info}

  defp with_info(value, info, true) do
    with {:ok, decoded} <- Operation.decode(info), do: {:ok, {value, decoded}, info}
  end
end
