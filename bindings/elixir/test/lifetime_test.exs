defmodule VectorDB.LifetimeTest do
  # Counts handles of the whole VM, so nothing else may run.
  use ExUnit.Case, async: false

  import VectorDB.Fixtures
  alias VectorDB.Native

  setup do
    # Contexts of earlier tests passed through ExUnit's own processes, which may not have collected yet.
    Enum.each(Process.list(), &:erlang.garbage_collect/1)

    assert eventually(fn -> Native.live_handles() == {0, 0, 0, 0, 0} end),
           "still open: #{inspect(Native.live_handles())}"

    :ok
  end

  test "a database that nobody holds is closed by the garbage collector" do
    task =
      Task.async(fn ->
        db = VectorDB.create!("forgotten", dimensions: 2)
        VectorDB.add!(db, "a", [1, 0])
        view = VectorDB.namespace!(db, "v")
        VectorDB.search!(view, [1, 0])
        Native.live_handles()
      end)

    assert {2, 0, 0, 0, 0} = Task.await(task)
    assert eventually(fn -> Native.live_handles() == {0, 0, 0, 0, 0} end)
  end

  test "a large one too, and aside from the schedulers" do
    Task.await(Task.async(fn -> large(50_000, 128) |> elem(0) |> VectorDB.count!() end), 60_000)
    assert eventually(fn -> Native.live_handles() == {0, 0, 0, 0, 0} end)
  end

  test "closing gives the handle back at once, and once" do
    db = VectorDB.create!("closed", dimensions: 2)
    assert {1, 0, 0, 0, 0} = Native.live_handles()
    VectorDB.close!(db)
    assert {0, 0, 0, 0, 0} = Native.live_handles()
    other = VectorDB.create!("other", dimensions: 2)
    # The second close of the first must not hit what was opened since.
    assert code(VectorDB.close(db)) == :closed
    :erlang.garbage_collect()
    assert VectorDB.count!(other) == 0
    VectorDB.close!(other)
  end

  test "failing and dirty calls leave no results, reports or tokens" do
    {db, records} = filled(3000, 16)
    VectorDB.search_batch!(db, Enum.map(records, &elem(&1, 1)), top_k: 3)
    VectorDB.search(db, [1, 2])
    VectorDB.search(db, vector(16), filter: %{n: %{"$x" => 1}})
    VectorDB.add_batch(db, [{"a", [1]}])
    VectorDB.add_batch(db, [{"", vector(16)}])
    VectorDB.delete(db, filter: %{})
    VectorDB.delete(db, filter: %{n: 1})
    VectorDB.get_many!(db, Enum.map(records, &elem(&1, 0)))
    assert db |> VectorDB.stream!() |> Enum.count() == 2999
    assert {1, 0, 0, 0, 0} = Native.live_handles()
    VectorDB.close!(db)
  end

  test "databases survive the reload of the code" do
    db = VectorDB.create!("reloaded", dimensions: 2)
    VectorDB.add!(db, "a", [1, 0], %{n: 1})

    for round <- 1..5 do
      :code.purge(Native)
      assert {:module, Native} = :code.load_file(Native)
      assert [%{id: "a"} | _] = VectorDB.search!(db, [1, 0])
      VectorDB.add!(db, "r#{round}", [1, round])
      new = VectorDB.create!("new", dimensions: 1)
      assert VectorDB.count!(new) == 0
      VectorDB.close!(new)
    end

    :code.purge(Native)
    assert VectorDB.count!(db) == 6
    VectorDB.close!(db)
  end

  test "handles of code that was wholly gone are refused, and closed when nobody holds them" do
    orphan =
      Task.async(fn ->
        db = VectorDB.create!("orphan", dimensions: 2)
        assert :code.delete(Native)
        :code.purge(Native)
        assert {:module, Native} = :code.load_file(Native)
        assert {1, 0, 0, 0, 0} = Native.live_handles()
        code(VectorDB.count(db))
      end)

    assert Task.await(orphan) == :invalid_handle
    assert eventually(fn -> Native.live_handles() == {0, 0, 0, 0, 0} end)

    # The unloading of the old code must not end the log of the new.
    assert VectorDB.Log.enable(self(), :debug) == :ok
    VectorDB.create!("after", dimensions: 2) |> VectorDB.close!()
    assert_receive {VectorDB.Log, _level, _json}, 2000
    assert VectorDB.Log.disable() == :ok
  end

  test "the log survives a reload, and ends with the code" do
    assert VectorDB.Log.enable(self(), :debug) == :ok
    :code.purge(Native)
    :code.load_file(Native)
    :code.purge(Native)
    db = VectorDB.create!("logged", dimensions: 2)
    VectorDB.close!(db)
    assert_receive {VectorDB.Log, _level, _json}, 2000
    VectorDB.Log.disable()
  end

  @tag timeout: 300_000
  test "memory does not grow" do
    cycle = fn ->
      db = VectorDB.create!("cycle", dimensions: 8)
      VectorDB.add_batch!(db, for(n <- 1..10, do: {"#{n}", [n, 1, 2, 3, 4, 5, 6, 7], %{n: n}}))
      VectorDB.search!(db, [1, 2, 3, 4, 5, 6, 7, 8], filter: %{n: %{"$gt" => 3}})
      VectorDB.search_batch!(db, List.duplicate([1, 2, 3, 4, 5, 6, 7, 8], 20))
      VectorDB.search(db, [1])
      VectorDB.get_many!(db, ["1", "x"])
      VectorDB.delete(db, filter: %{n: 1})
      VectorDB.health(db)
      VectorDB.close!(db)
    end

    run = fn times ->
      Task.await(Task.async(fn -> for(_ <- 1..times, do: cycle.()) && :ok end), 120_000)
    end

    run.(1500)
    before = resident()
    run.(6000)
    assert resident() - before < 8_000_000
    assert {0, 0, 0, 0, 0} = Native.live_handles()
  end
end
