defmodule VectorDB.OccupationTest do
  # Nothing else may run: the longest call is one number for the whole VM.
  use ExUnit.Case, async: false

  import VectorDB.Fixtures
  alias VectorDB.Native

  @moduledoc """
  No call holds an ordinary scheduler for a millisecond, whatever it is given. Sizes go up in steps, so that those
  just below the limit of a scheduler are among them. A call counts with the shortest of several runs: the operating
  system may take the processor away from any single one.
  """

  @runs 5
  @sizes [1, 4, 16, 64, 128, 256, 512, 1024, 2048, 4096, 16_384, 65_536]
  @limit 1_000_000

  setup_all do
    # Large enough that every sloppy estimate shows.
    {large, window} = large(120_000, 16)
    {small, _} = filled(150, 16)
    on_exit(fn -> Enum.each([large, small], &VectorDB.close/1) end)
    %{large: large, small: small, window: window}
  end

  test "the measure works" do
    Native.longest_call()
    VectorDB.version()
    assert Native.longest_call() in 1..1_000_000
    assert Native.longest_call() == 0
  end

  test "writing: batches of lists and binaries into a new database" do
    for dimensions <- [3, 384],
        form <- [:list, :binary],
        size <- @sizes,
        size * dimensions < 3_000_000 do
      list = for n <- 1..dimensions, do: n / 7
      vector = if form == :list, do: list, else: pack(list)
      ids = for n <- 1..size, do: "#{n}"
      vectors = List.duplicate(vector, size)

      quick({:upsert, dimensions, form, size}, fn -> create(dimensions) end, fn db ->
        {:ok, _} = Native.upsert(db.ref, ids, vectors, "", 0)
      end)
    end
  end

  test "writing: metadata of any size" do
    for size <- [10, 100, 1000, 4000, 8000, 16_000, 64_000, 500_000] do
      json = ~s([{"text":") <> String.duplicate("x", size) <> ~s(","n":1}])
      numbers = "[{" <> Enum.map_join(1..max(div(size, 10), 1), ",", &~s("k#{&1}":#{&1})) <> "}]"

      for text <- [json, numbers] do
        quick({:metadata, size}, fn -> create(2) end, fn db ->
          Native.upsert(db.ref, ["a"], [[1, 2]], text, 0)
          Native.update_metadata(db.ref, ["a"], text, 0, 0)
          Native.search(db.ref, [1, 2], search(10))
          Native.get(db.ref, ["a"], 3, 0)
        end)
      end
    end
  end

  test "writing one by one, while tables of ids grow and chunks are compacted" do
    packed = pack(List.duplicate(1.0, 64))

    quick(:one_by_one, fn -> create(64) end, fn db ->
      for n <- 1..6000, do: {:ok, _} = step(Native.upsert(db.ref, ["#{n}"], [packed], "", 0))
      for n <- 1..6000, rem(n, 5) > 0, do: {:ok, _} = step(Native.delete(db.ref, ["#{n}"], 0))

      for n <- 1..6000, rem(n, 5) == 0 do
        {:ok, _} = step(Native.update_metadata(db.ref, ["#{n}"], ~s([{"n":1}]), 0, 0))
      end
    end)
  end

  test "one record more in a large table", %{window: window} do
    # 98304 ids fill a table of 131072: the next one has it built anew.
    prepare = fn ->
      {db, _} = large(98_300, 16)
      db
    end

    quick(
      :rebuild,
      prepare,
      fn db ->
        for n <- 1..8, do: {:ok, _} = Native.upsert(db.ref, ["new#{n}"], [window.(n)], "", 0)
      end,
      2
    )
  end

  test "many ids", %{small: small, large: large} do
    for size <- @sizes, length <- [3, 500] do
      ids = for n <- 1..size, do: String.pad_leading("#{n}", length, "0")
      known = for n <- 1..size, do: "#{n}"

      for db <- [small, large] do
        quick({:ids, size, length}, fn -> db end, fn db ->
          {:ok, _} = Native.get(db.ref, ids, 3, 0)
          {:ok, _} = Native.get(db.ref, known, 3, 0)
          {:ok, _} = Native.delete(db.ref, ids, 0)

          {:error, :not_found, _, _} =
            Native.update_metadata(
              db.ref,
              ["none" | ids],
              "[#{String.duplicate("{},", size)}{}]",
              0,
              0
            )
        end)
      end
    end
  end

  test "searching: many queries, also of an empty database and of wrong dimensions", context do
    empty = create(16)

    for db <- [empty, context.small, context.large],
        size <- @sizes,
        db != context.large or size <= 1024,
        dimensions <- [16, 400] do
      list = for n <- 1..dimensions, do: n * 1.0

      for query <- [list, pack(list)], size * dimensions < 3_000_000 do
        queries = List.duplicate(query, size)

        quick({:queries, size, dimensions}, fn -> db end, fn db ->
          Native.search_batch(db.ref, queries, search(10))
        end)
      end

      quick({:one_query, size}, fn -> db end, fn db ->
        Native.search(db.ref, List.duplicate(1.0, size), search(10))
      end)
    end
  end

  test "searching: any top_k, with all columns", %{small: small, large: large, window: window} do
    query = window.(3)

    for db <- [small, large], k <- @sizes do
      quick({:top_k, k}, fn -> db end, fn db ->
        {:ok, _} = Native.search(db.ref, query, search(k, "", 3))
        {:ok, _} = Native.page(db.ref, min(k, 10_000), "", "", 3, 0)
      end)
    end
  end

  test "long filters and long JSON", %{small: small, large: large, window: window} do
    query = window.(3)

    for db <- [create(16), small, large],
        size <- @sizes,
        db != large or size < 300,
        form <- [:many, :numbers] do
      filter =
        case form do
          :many -> ~s({"$or":[) <> Enum.map_join(1..size, ",", &~s({"n":#{&1}})) <> "]}"
          :numbers -> ~s({"n":{"$in":[) <> Enum.map_join(1..size, ",", &"#{-&1}") <> "]}}"
        end

      quick({:filter, form, size}, fn -> db end, fn db ->
        Native.count(db.ref, filter, 0)
        Native.search(db.ref, query, search(3, filter))
        Native.page(db.ref, 3, "", filter, 0, 0)
        Native.search(db.ref, query, put_elem(search(3), 5, filter))
      end)
    end
  end

  test "a small namespace beside a large one tells nothing about the large one", %{
    large: large,
    window: window
  } do
    quick(:namespaces, fn -> large end, fn db ->
      view = VectorDB.namespace!(db, "small")
      VectorDB.add!(view, "a", window.(1))
      for n <- 1..30, do: VectorDB.search!(view, window.(n))
      step(VectorDB.search!(db, window.(1)))
      VectorDB.clear!(view)
      step(VectorDB.search!(db, window.(1)))
      step(VectorDB.search!(db, window.(1), filter: %{n: 1}))
      batch = for n <- 1..64, do: window.(n)
      for _ <- 1..5, do: step(VectorDB.search_batch!(db, batch))
      step(VectorDB.search!(db, window.(1)))
      VectorDB.close!(view)
    end)
  end

  test "a database that waits: what is handed over, and what comes back", %{window: window} do
    options = [dimensions: 16, metric: :l2, fault_injection: %{latency_ms: 0, spike_rate: 0.001}]

    prepare = fn ->
      db = VectorDB.create!("waits", options)
      VectorDB.add_batch!(db, for(n <- 1..9000, do: {"#{n}", window.(n), %{n: n}}))
      db
    end

    answer = fn {:pending, request} -> VectorDB.Request.await(request) end

    quick(:waits, prepare, fn db ->
      for size <- @sizes do
        ids = for n <- 1..size, do: "#{n}"
        list = for n <- 1..16, do: n * 1.0
        metadata = "[" <> Enum.map_join(1..size, ",", fn _ -> ~s({"n":1}) end) <> "]"

        {:ok, _} =
          db.ref |> Native.upsert(ids, List.duplicate(list, size), metadata, 0) |> answer.()

        {:ok, _} = db.ref |> Native.get(ids, 3, 0) |> answer.()
        {:ok, _} = db.ref |> Native.search(window.(3), search(size, "", 3)) |> answer.()
        queries = List.duplicate(pack(list), min(size, 256))
        {:ok, _} = db.ref |> Native.search_batch(queries, search(10)) |> answer.()
        {:ok, _} = db.ref |> Native.page(min(size, 10_000), "", "", 3, 0) |> answer.()
        {:ok, _} = db.ref |> Native.delete(ids, 0) |> answer.()
        step(nil)
      end
    end)
  end

  test "a batch of which many fail" do
    faults = %{partial_rate: 1}
    options = [dimensions: 2, fault_injection: faults, resilience: %{retry: false}]
    ids = for n <- 1..50_000, do: "#{n}"
    vectors = {50_000, 2, :binary.copy(pack([1, 2]), 50_000)}

    quick(:partial, fn -> VectorDB.create!("partial", options) end, fn db ->
      {:pending, request} = Native.upsert(db.ref, ids, vectors, "", 0)
      {:partial, {_, _, _, failures}} = VectorDB.Request.await(request)
      assert length(failures) > 10_000
    end)
  end

  test "many namespaces" do
    prepare = fn ->
      db = create(2)
      for n <- 1..3000, do: db |> VectorDB.namespace!("n#{n}") |> VectorDB.add!("a", [1, n])
      db
    end

    quick(
      :many_namespaces,
      prepare,
      fn db ->
        {:ok, _} = Native.namespaces(db.ref)
        VectorDB.describe!(db)
        VectorDB.metrics(db)
        VectorDB.health(db)
        :ok = Native.close(db.ref)
      end,
      2
    )
  end

  test "vectors as lists" do
    for size <- @sizes do
      binary = String.duplicate(<<1.0::float-32-native>>, size * 4)
      quick({:floats, size}, fn -> nil end, fn _ -> Native.floats(binary) end)
    end
  end

  test "small calls stay where they are called", %{small: small, window: window} do
    for {what, call} <- [
          search: fn -> Native.search(small.ref, window.(1), search(10)) end,
          filter: fn -> Native.search(small.ref, window.(1), search(10, ~s({"n":{"$gt":3}}))) end,
          get: fn -> Native.get(small.ref, ["id-1"], 3, 0) end,
          write: fn -> Native.upsert(small.ref, ["id-1"], [window.(1)], ~s([{"n":1}]), 0) end,
          count: fn -> Native.count(small.ref, "", 0) end
        ] do
      Native.longest_call()
      {:ok, _} = call.()
      # A call that moved away at once is shorter than any that does something.
      assert Native.longest_call() > 1_000, "#{what}"
    end
  end

  defp create(dimensions), do: VectorDB.create!("occupation", dimensions: dimensions, metric: :l2)

  defp search(k, filter \\ "", flags \\ 1), do: {k, 0, flags, 0, filter, "", 0.0, 0.0}

  # Runs calls on what was prepared, several times: the shortest that each took must be below the limit.
  defp quick(what, prepare, calls, runs \\ @runs) do
    shortest =
      Enum.reduce_while(1..runs, nil, fn _, shortest ->
        state = prepare.()
        Native.longest_call()
        Process.put(:steps, [])
        calls.(state)
        step(nil)
        steps = Process.get(:steps)
        shortest = if shortest, do: Enum.zip_with(shortest, steps, &min/2), else: steps
        if Enum.max(shortest) < @limit, do: {:halt, shortest}, else: {:cont, shortest}
      end)

    longest = div(Enum.max(shortest), 1000)
    assert Enum.max(shortest) < @limit, "#{inspect(what)} held a scheduler for #{longest} µs"
  end

  # Ends a step of many calls, so that it is compared with the same one of another run.
  defp step(answer) do
    Process.put(:steps, [Native.longest_call() | Process.get(:steps)])
    answer
  end
end
