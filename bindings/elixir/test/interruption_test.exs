defmodule VectorDB.InterruptionTest do
  # Processes killed, code replaced and the VM halted while calls run on dirty schedulers. Counts handles of the
  # whole VM, so nothing else may run.
  use ExUnit.Case, async: false

  import VectorDB.Fixtures
  alias VectorDB.Native

  setup_all do
    {db, window} = large(30_000, 128)
    on_exit(fn -> VectorDB.close(db) end)
    %{db: db, window: window}
  end

  test "a writer killed in the middle of a batch wrote all of it or nothing, and blocks nobody" do
    db = VectorDB.create!("killed", dimensions: 8)
    rows = 150_000
    packed = pack(List.duplicate(1.0, 8 * rows))

    for round <- [0, 5, 10, 20, 40, 80] do
      ids = for n <- 1..rows, do: "#{round}-#{n}"
      before = VectorDB.count!(db)
      writer = spawn(fn -> VectorDB.add_batch!(db, %{ids: ids, vectors: packed}) end)
      # Others stand in line behind it, and die there.
      waiting = for n <- 1..3, do: spawn(fn -> VectorDB.add!(db, "w#{n}", List.duplicate(2, 8)) end)
      Process.sleep(round)
      Enum.each([writer | waiting], &Process.exit(&1, :kill))
      assert eventually(fn -> match?({_, 0, 0, 0, 0}, Native.live_handles()) end)
      written = VectorDB.count!(db) - before
      assert rem(written, rows) in 0..3, "#{written} of #{rows}"
      VectorDB.add!(db, "after", List.duplicate(3, 8))
      assert VectorDB.get!(db, "after").vector == List.duplicate(3.0, 8)
    end

    VectorDB.close!(db)
  end

  test "code is replaced and purged under a running call", %{db: db, window: window} do
    queries = for n <- 1..30_000, do: window.(n)

    for _ <- 1..3 do
      {caller, monitor} = spawn_monitor(fn -> VectorDB.search_batch!(db, queries, top_k: 1) end)
      assert eventually(fn -> elem(Native.live_handles(), 3) == 1 end), "the call never began"
      :code.purge(Native)
      assert {:module, Native} = :code.load_file(Native)
      assert [%{id: _} | _] = VectorDB.search!(db, window.(1))
      # Whoever still runs the old code dies of this; its call ends, and its memory goes.
      :code.purge(Native)
      assert_receive {:DOWN, ^monitor, :process, ^caller, reason}, 20_000
      assert reason in [:killed, :normal]
      assert eventually(fn -> match?({_, 0, 0, 0, 0}, Native.live_handles()) end, 1000)
      assert VectorDB.count!(db) == 30_000
    end
  end

  test "a database is closed under a running call, and its last holder is killed", %{window: window} do
    for how <- [:close, :kill] do
      before = elem(Native.live_handles(), 0)
      parent = self()

      holder =
        spawn(fn ->
          {db, _} = large(20_000, 128)
          queries = for n <- 1..30_000, do: window.(n)
          send(parent, {:open, db.ref |> then(&if(how == :close, do: &1, else: nil))})
          VectorDB.search_batch(db, queries, top_k: 1)
        end)

      assert_receive {:open, ref}, 20_000
      assert eventually(fn -> elem(Native.live_handles(), 3) == 1 end)
      if how == :close, do: assert(Native.close(ref) == :ok)
      Process.exit(holder, :kill)

      assert eventually(fn -> {before, 0, 0, 0, 0} == Native.live_handles() end, 1000),
             inspect(Native.live_handles())
    end
  end

  test "the VM ends at once while calls run" do
    code = """
    import VectorDB
    db = create!("end", dimensions: 256)
    away = create!("away", dimensions: 1, fault_injection: %{latency_ms: 5, latency_jitter: 1, stall_rate: 0.01})
    packed = :binary.copy(<<1.0::float-32-native>>, 256 * 20_000)
    add_batch!(db, %{ids: Enum.map(1..20_000, &to_string/1), vectors: packed})
    VectorDB.Log.enable(self(), :debug)
    # A process of its own: garbage of one as large as this is collected on the schedulers that the searches hold.
    spawn(fn ->
      wait = fn wait -> if elem(VectorDB.Native.live_handles(), 3) == 0, do: (Process.sleep(10); wait.(wait)) end
      wait.(wait)
      Process.sleep(300)
      HOW
    end)
    for _ <- 1..4, do: spawn(fn -> search_batch!(db, for(_ <- 1..40_000, do: binary_part(packed, 0, 1024))) end)
    spawn(fn -> for n <- Stream.iterate(1, & &1 + 1), do: add!(db, to_string(n), binary_part(packed, 0, 1024)) end)
    for _ <- 1..100, do: spawn(fn -> for n <- Stream.iterate(1, & &1 + 1), do: search!(away, [n]) end)
    Process.sleep(:infinity)
    """

    paths = Enum.flat_map(:code.get_path(), &["-pa", to_string(&1)])

    for {how, status} <- [{"System.halt(3)", 3}, {":erlang.halt(4, flush: false)", 4}] do
      script = String.replace(code, "HOW", how)
      start = ["-e", "{:ok, _} = Application.ensure_all_started(:vectordb)", "-e", script]

      {time, {output, result}} =
        :timer.tc(fn -> System.cmd("elixir", paths ++ start, stderr_to_stdout: true) end)

      assert {result, output} == {status, ""}
      assert time < 30_000_000
    end
  end
end
