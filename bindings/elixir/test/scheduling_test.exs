defmodule VectorDB.SchedulingTest do
  use ExUnit.Case, async: false

  import VectorDB.Fixtures
  alias VectorDB.Native

  setup_all do
    {db, window} = large(30_000, 256)
    on_exit(fn -> VectorDB.close(db) end)
    %{db: db, window: window}
  end

  test "long searches hold no ordinary scheduler", %{db: db, window: window} do
    # The VM itself reports every process that keeps a scheduler for so long.
    :erlang.system_monitor(self(), [{:long_schedule, 150}])
    queries = for n <- 1..4000, do: window.(n)

    times =
      1..(2 * System.schedulers_online())
      |> Enum.map(fn _ ->
        Task.async(fn -> timed(fn -> VectorDB.search_batch!(db, queries, top_k: 1) end) end)
      end)
      |> Task.await_many(120_000)

    :erlang.system_monitor(:undefined)
    assert Enum.max(times) > 150_000, "too short to show anything: #{inspect(times)} µs"
    refute_received {:monitor, _pid, :long_schedule, _what}
  end

  test "timers fire while dirty schedulers are busy", %{db: db, window: window} do
    queries = for n <- 1..4000, do: window.(n)

    late = fn ->
      for(_ <- 1..50, do: timed(fn -> Process.sleep(2) end) - 2000) |> Enum.sort() |> Enum.at(25)
    end

    # What else the machine does holds timers up too.
    before = late.()
    busy = for _ <- 1..4, do: Task.async(fn -> VectorDB.search_batch!(db, queries, top_k: 1) end)
    meanwhile = late.()
    Task.await_many(busy, 120_000)

    assert meanwhile < max(20_000, 4 * before),
           "median lateness: #{before} µs before, #{meanwhile} µs meanwhile"
  end

  test "a killed caller ends its search", %{db: db, window: window} do
    some = for n <- 1..100, do: window.(n)
    short = timed(fn -> VectorDB.search_batch!(db, some) end)
    # Fifty times as long, and at least two seconds.
    copies = max(50, div(2_000_000, max(short, 1)))
    queries = some |> List.duplicate(copies) |> Enum.concat()

    caller = spawn(fn -> VectorDB.search_batch!(db, queries, top_k: 1) end)
    assert eventually(fn -> elem(Native.live_handles(), 3) == 1 end), "the call never began"
    Process.sleep(50)
    Process.exit(caller, :kill)
    waited = timed(fn -> assert eventually(fn -> elem(Native.live_handles(), 3) == 0 end, 2000) end)
    assert waited < div(short * copies, 3), "#{waited} µs of #{short * copies} µs"
    assert VectorDB.count!(db) == 30_000
  end

  test "a hundred killed callers leave nothing behind", %{db: db, window: window} do
    queries = for n <- 1..3000, do: window.(n)
    callers = for _ <- 1..100, do: spawn(fn -> VectorDB.search_batch!(db, queries) end)
    Process.sleep(20)
    Enum.each(callers, &Process.exit(&1, :kill))
    assert eventually(fn -> match?({_, 0, 0, 0, 0}, Native.live_handles()) end, 3000)
    assert [_ | _] = VectorDB.search!(db, window.(1))
  end

  test "a timeout ends a search", %{db: db, window: window} do
    queries = for n <- 1..20_000, do: window.(n)
    assert code(VectorDB.search_batch(db, queries, timeout: 20)) == :timeout
  end

  test "small searches stay where they are called" do
    {db, records} = filled(100, 16)
    {_, query, _} = hd(records)
    for _ <- 1..50, do: VectorDB.search!(db, query)
    # A hand-over to a dirty scheduler makes a cancel token; an ordinary call makes none.
    :erlang.system_flag(:dirty_cpu_schedulers_online, 1)
    {large, window} = large(20_000, 256)
    long = for n <- 1..30_000, do: window.(n)
    blocker = spawn(fn -> VectorDB.search_batch!(large, long) end)
    assert eventually(fn -> elem(Native.live_handles(), 3) == 1 end)
    # The only dirty scheduler is busy; this answers all the same.
    assert timed(fn -> VectorDB.search!(db, query) end) < 500_000
    assert elem(Native.live_handles(), 3) == 1
    Process.exit(blocker, :kill)
    assert eventually(fn -> elem(Native.live_handles(), 3) == 0 end, 3000)
    :erlang.system_flag(:dirty_cpu_schedulers_online, :erlang.system_info(:dirty_cpu_schedulers))
    VectorDB.close!(large)
  end

  defp timed(body), do: body |> :timer.tc() |> elem(0)
end
