defmodule VectorDB.ConcurrencyTest do
  use ExUnit.Case, async: false

  import VectorDB.Fixtures

  @records 20

  test "a thousand processes search while one writes: each sees a batch wholly or not at all" do
    db = VectorDB.create!("readers", dimensions: 8)
    write_version(db, 0)
    writer = spawn_link(fn -> write_until_stopped(db, 1) end)

    seen =
      1..1000
      |> Enum.map(fn n -> Task.async(fn -> search_versions(db, n) end) end)
      |> Task.await_many(60_000)
      |> Enum.concat()
      |> Enum.uniq()

    send(writer, {:stop, self()})
    assert_receive {:written, versions}, 10_000
    assert versions > 1
    assert length(seen) > 1, "the writer did not write while the readers read"
    VectorDB.close!(db)
  end

  defp write_version(db, version) do
    items = for n <- 1..@records, do: {"#{n}", vector(8), %{"version" => version}}
    VectorDB.add_batch!(db, items)
  end

  defp write_until_stopped(db, version) do
    write_version(db, version)

    receive do
      {:stop, from} -> send(from, {:written, version})
    after
      0 -> write_until_stopped(db, version + 1)
    end
  end

  defp search_versions(db, seed) do
    :rand.seed(:exsss, {seed, 1, 1})

    for _ <- 1..10 do
      matches = VectorDB.search!(db, vector(8), top_k: @records)
      assert length(matches) == @records
      assert [version] = matches |> Enum.map(& &1.metadata["version"]) |> Enum.uniq()
      version
    end
  end

  test "many writers, each its own ids: nothing is lost" do
    db = VectorDB.create!("writers", dimensions: 4)

    1..100
    |> Enum.map(fn writer ->
      Task.async(fn ->
        for n <- 1..20, do: VectorDB.add!(db, "#{writer}-#{n}", [writer, n, 1, 0])
        VectorDB.add_batch!(db, for(n <- 21..320, do: {"#{writer}-#{n}", [writer, n, 1, 0]}))
        VectorDB.delete!(db, for(n <- 1..10, do: "#{writer}-#{n}"))
      end)
    end)
    |> Task.await_many(60_000)

    assert VectorDB.count!(db) == 100 * 310
    VectorDB.close!(db)
  end

  test "closing while others are inside: they finish or hear of it" do
    {db, window} = large(20_000, 64)
    parent = self()

    readers =
      for n <- 1..20 do
        Task.async(fn ->
          send(parent, :inside)
          Enum.map(1..50, fn i -> code(VectorDB.search(db, window.(n + i))) end)
        end)
      end

    for _ <- 1..20, do: assert_receive(:inside, 5000)
    VectorDB.close!(db)

    for answers <- Task.await_many(readers, 60_000), answer <- answers do
      assert match?({:ok, [_ | _]}, answer) or answer == :closed
    end

    assert code(VectorDB.count(db)) == :closed
  end
end
