defmodule VectorDB.Fixtures do
  @moduledoc false
  # Seeded data, and the search every answer is compared with: straight from the definition.

  @doc "A database of `count` records `\"id-0\"`, ... and the records as `{id, vector, metadata}`."
  def filled(count, dimensions, options \\ []) do
    database = VectorDB.create!("fixture", [dimensions: dimensions] ++ options)
    records = records(count, dimensions)
    ^count = VectorDB.add_batch!(database, records)
    {database, records}
  end

  @doc "A large database, filled fast: rows are windows of one random text of float32."
  def large(count, dimensions, options \\ []) do
    :rand.seed(:exsss, {7, 8, 9})
    windows = 4096
    base = pack(for _ <- 1..(windows + dimensions), do: :rand.normal())
    window = fn n -> binary_part(base, rem(n * 37, windows) * 4, dimensions * 4) end
    database = VectorDB.create!("large", [dimensions: dimensions] ++ options)

    for chunk <- Enum.chunk_every(0..(count - 1), 5000) do
      VectorDB.add_batch!(database, for(n <- chunk, do: {"#{n}", window.(n)}))
    end

    {database, window}
  end

  @doc "A database of two dimensions whose backend fails as the options say, and whose retries do not wait."
  def rehearsal(options) do
    fast = %{retry: %{base_delay: 0, throttle_base_delay: 0}}
    given = [dimensions: 2, metric: :l2, resilience: Map.merge(fast, options[:resilience] || %{})]
    VectorDB.create!("rehearsal", Keyword.merge(options, given))
  end

  def records(count, dimensions, seed \\ 1) do
    :rand.seed(:exsss, {seed, 2, 3})

    for n <- 0..(count - 1) do
      {"id-#{n}", vector(dimensions),
       %{"n" => n, "even" => rem(n, 2) == 0, "group" => "g#{rem(n, 7)}"}}
    end
  end

  @doc "Normally distributed, and already representable as float32."
  def vector(dimensions), do: for(_ <- 1..dimensions, do: float32(:rand.normal()))

  def float32(x) do
    <<rounded::float-32>> = <<x::float-32>>
    rounded
  end

  @doc "Packs vectors as the library takes them."
  def pack(vectors), do: for(x <- List.flatten(vectors), into: <<>>, do: <<x::float-32-native>>)

  @doc "`{id, distance}` of the nearest `k`, by (distance, id)."
  def naive(records, query, k, metric) do
    records
    |> Enum.map(fn {id, vector, _metadata} -> {float32(distance(vector, query, metric)), id} end)
    |> Enum.sort()
    |> Enum.take(k)
    |> Enum.map(fn {distance, id} -> {id, distance} end)
  end

  defp distance(a, b, :dot), do: -dot(a, b)
  defp distance(a, b, :cosine), do: 1 - dot(a, b) / :math.sqrt(dot(a, a) * dot(b, b))

  defp distance(a, b, :l2) do
    Enum.zip_with(a, b, fn x, y -> (x - y) * (x - y) end) |> Enum.sum() |> :math.sqrt()
  end

  defp dot(a, b), do: Enum.zip_with(a, b, &(&1 * &2)) |> Enum.sum()

  @doc "Tries until a condition holds; for what the garbage collector or another thread does."
  def eventually(condition, attempts \\ 300) do
    cond do
      condition.() ->
        true

      attempts == 0 ->
        false

      true ->
        Process.sleep(10)
        eventually(condition, attempts - 1)
    end
  end

  @doc "Bytes of memory that this process of the operating system uses."
  def resident do
    [_, pages | _] = "/proc/self/statm" |> File.read!() |> String.split()
    String.to_integer(pages) * 4096
  end

  @doc "The code of an error answer; anything else is returned as it is, to show in a failure."
  def code({:error, %VectorDB.Error{code: code}}), do: code
  def code(other), do: other
end
