defmodule VectorDB.WaitingTest do
  # Calls that wait for a backend. Counts handles of the whole VM, and measures it, so nothing else may run.
  use ExUnit.Case, async: false

  import VectorDB.Fixtures
  alias VectorDB.{Native, Request}

  setup do
    Enum.each(Process.list(), &:erlang.garbage_collect/1)
    assert eventually(fn -> requests() == 0 end), inspect(Native.live_handles())
    :ok
  end

  test "a thousand processes wait for a stalled backend, and hold up nobody else" do
    stalled = rehearsal(fault_injection: %{stall_rate: 1})
    healthy = rehearsal(fault_injection: %{latency_ms: 1})
    {local, records} = filled(100, 16)
    file = Path.join(System.tmp_dir!(), "vectordb-waiting-#{System.unique_integer([:positive])}")
    on_exit(fn -> File.rm(file) end)
    VectorDB.add!(healthy, "a", [1, 0])

    others = %{
      file: fn -> File.write!(file, "text") && File.read!(file) end,
      crypto: fn -> :crypto.hash(:sha256, :binary.copy("x", 100_000)) end,
      healthy: fn -> [%{id: "a"}] = VectorDB.search!(healthy, [1, 0]) end,
      local: fn -> VectorDB.search!(local, records |> hd() |> elem(1)) end,
      timer: fn -> Process.sleep(1) end
    }

    alone = Map.new(others, fn {what, body} -> {what, median(body)} end)
    waiters = for n <- 1..1000, do: spawn(fn -> wait(stalled, n) end)
    assert eventually(fn -> requests() == 1000 end)

    for {what, body} <- others do
      # Twice as long, and some for the machine.
      assert median(body) < 2 * alone[what] + 5_000, "#{what} was held up"
    end

    # As many more as there are schedulers of any kind would be stuck by now.
    assert Task.async(fn -> VectorDB.search!(healthy, [1, 0]) end) |> Task.await(2000) != []
    assert requests() == 1000
    Enum.each(waiters, &Process.exit(&1, :kill))
    assert eventually(fn -> requests() == 0 end), "#{requests()} requests are left"
    assert VectorDB.add!(healthy, "b", [0, 1]) == "b"
  end

  test "a deadline ends a call that waits, also one that waits for its turn, and no message comes late" do
    db = rehearsal(fault_injection: %{stall_rate: 1})

    answers =
      for n <- 1..300 do
        Task.async(fn ->
          {time, answer} = :timer.tc(fn -> VectorDB.search(db, [1, n], timeout: 100 + n) end)
          Process.sleep(300)
          {code(answer), time < 2_000_000, Process.info(self(), :messages)}
        end)
      end

    assert answers |> Task.await_many(20_000) |> Enum.uniq() == [{:timeout, true, {:messages, []}}]
    assert requests() == 0
  end

  test "answers come as they come, each to its caller, among many messages" do
    db = rehearsal(fault_injection: %{latency_ms: 2, latency_jitter: 1})
    VectorDB.add_batch!(db, for(n <- 1..200, do: {"#{n}", [n, 0], %{n: n}}))

    1..200
    |> Enum.map(fn n ->
      Task.async(fn ->
        for message <- 1..50, do: send(self(), {message, :ended})
        assert [%{id: id}] = VectorDB.search!(db, [n, 0], top_k: 1)
        assert id == "#{n}" and VectorDB.get!(db, id).metadata == %{"n" => n}
        {:messages, kept} = Process.info(self(), :messages)
        assert kept == for(message <- 1..50, do: {message, :ended})
      end)
    end)
    |> Task.await_many(20_000)
  end

  test "callers killed at any moment leave nothing behind" do
    db = rehearsal(fault_injection: %{latency_ms: 3, latency_jitter: 1, stall_rate: 0.1})
    :rand.seed(:exsss, {1, 2, 3})

    for _round <- 1..20 do
      callers = for n <- 1..100, do: spawn(fn -> wait(db, n) end)

      for caller <- Enum.shuffle(callers) do
        if :rand.uniform(10) == 1, do: Process.sleep(1)
        Process.exit(caller, :kill)
      end
    end

    assert eventually(fn -> match?({_, 0, 0, 0, 0}, Native.live_handles()) end),
           inspect(Native.live_handles())

    assert VectorDB.metrics(db)["in_flight"] in [0, nil]
  end

  test "a caller that is only asked to exit goes as well, one that traps exits stays" do
    db = rehearsal(fault_injection: %{stall_rate: 1})
    caller = spawn(fn -> VectorDB.search(db, [1, 0]) end)
    parent = self()

    trapping =
      spawn(fn ->
        Process.flag(:trap_exit, true)
        send(parent, {:answer, code(VectorDB.search(db, [1, 0], timeout: 300))})
      end)

    assert eventually(fn -> requests() == 2 end)
    Enum.each([caller, trapping], &Process.exit(&1, :shutdown))
    assert eventually(fn -> requests() == 1 end)
    assert_receive {:answer, :timeout}, 5000
    assert eventually(fn -> requests() == 0 end)
  end

  test "a killed writer's batch that was not sent is not written" do
    db = rehearsal(fault_injection: %{stall_rate: 1})
    writer = spawn(fn -> VectorDB.add_batch!(db, for(n <- 1..100, do: {"#{n}", [n, 0]})) end)
    assert eventually(fn -> requests() == 1 end)
    Process.exit(writer, :kill)
    assert eventually(fn -> requests() == 0 end)
    assert VectorDB.metrics(db)["outcomes"]["cancelled"] == 1
  end

  test "closing ends no call under way" do
    db = rehearsal(fault_injection: %{latency_ms: 200})
    callers = for n <- 1..20, do: Task.async(fn -> code(VectorDB.search(db, [n, 0])) end)
    assert eventually(fn -> requests() == 20 end)
    VectorDB.close!(db)
    assert callers |> Task.await_many(20_000) |> Enum.uniq() == [{:ok, []}]
    assert code(VectorDB.search(db, [1, 0])) == :closed
  end

  test "code is replaced while calls are under way" do
    db = rehearsal(fault_injection: %{latency_ms: 300})
    opening = fn -> VectorDB.create("late", dimensions: 2) |> elem(0) end

    for _ <- 1..3 do
      callers =
        for n <- 1..50 do
          Task.async(fn ->
            VectorDB.add!(db, "#{n}", [n, 0])
            [%{id: id}] = VectorDB.search!(db, [n, 0], top_k: 1)
            {id == "#{n}", opening.(), Process.info(self(), :message_queue_len)}
          end)
        end

      for _ <- 1..4 do
        Process.sleep(50)
        :code.purge(Native)
        assert {:module, Native} = :code.load_file(Native)
      end

      assert callers |> Task.await_many(30_000) |> Enum.uniq() == [
               {true, :ok, {:message_queue_len, 0}}
             ]

      :code.purge(Native)
    end
  end

  test "a request is waited for and answered once" do
    db = rehearsal(fault_injection: %{latency_ms: 50})
    {:pending, request} = Native.count(db.ref, "", 0)
    assert_raise ArgumentError, fn -> Native.answer(request) end
    tag = make_ref()
    assert Native.wait(request, tag) == :waiting
    assert_raise ArgumentError, fn -> Native.wait(request, tag) end
    assert_receive {^tag, :ended}, 2000
    assert Native.wait(request, tag) == :ended
    assert Native.answer(request) == {:ok, {0, true}}
    assert_raise ArgumentError, fn -> Native.answer(request) end
    assert_raise ArgumentError, fn -> Native.wait(db.ref, tag) end
    refute_received _

    # Nobody asks for it: it ends, and goes with its term.
    {:pending, _} = Native.count(db.ref, "", 0)
    :erlang.garbage_collect()
    assert eventually(fn -> requests() == 0 end)
    {:pending, request} = Native.open("opened", ~s({"dimensions":2}), 0)
    assert {:ok, ref} = Request.await(request)
    assert Native.close(ref) == :ok
  end

  test "every kind of call is answered as on a database that does not wait" do
    vectors = for n <- 1..200, do: {"#{n}", [n, 1], %{n: n, tag: "t#{rem(n, 3)}"}}

    [waits, local] =
      for options <- [[fault_injection: %{latency_ms: 1}], []] do
        db = VectorDB.create!("same", [dimensions: 2, metric: :l2] ++ options)
        view = VectorDB.namespace!(db, "v")

        [
          VectorDB.add_batch(db, vectors),
          VectorDB.add(view, "x", [1, 1]),
          VectorDB.add(db, "bad", [1]) |> code(),
          VectorDB.add_batch(db, [{"", [1, 2]}]) |> code(),
          VectorDB.search(db, [3, 1], top_k: 3, include_vectors: true),
          VectorDB.search(db, [3, 1], filter: %{n: %{"$gt" => 100}}, top_k: 200),
          VectorDB.search(db, [1]) |> code(),
          VectorDB.search(db, [3, 1], filter: %{n: %{"$no" => 1}}) |> code(),
          VectorDB.search_batch(db, [[3, 1], [7, 1]], top_k: 2),
          VectorDB.search_by_id(db, "5", top_k: 2),
          VectorDB.search_by_id(db, "none") |> code(),
          VectorDB.get(db, "7"),
          VectorDB.get_many(db, ["7", "none"], include_vectors: :binary),
          VectorDB.update_metadata(db, "7", %{n: nil}),
          VectorDB.update_metadata(db, "none", %{n: 1}) |> code(),
          VectorDB.count(db, filter: %{tag: "t1"}),
          VectorDB.stream!(db, page_size: 30) |> Enum.map(& &1.id) |> Enum.sort(),
          VectorDB.stream(db, filter: %{n: %{"$no" => 1}}) |> code(),
          VectorDB.delete(db, ["1", "2", "none"]),
          VectorDB.delete(db, filter: %{tag: "t2"}),
          VectorDB.namespaces(db),
          VectorDB.collections(db),
          VectorDB.flush(db) |> elem(0),
          VectorDB.create_index(db, %{index: "hnsw"}) |> code(),
          VectorDB.clear(view) |> elem(0),
          VectorDB.count(view),
          VectorDB.health(db, probe: true)["status"],
          VectorDB.stats!(db)["count"],
          VectorDB.drop(db) |> elem(0),
          VectorDB.count(db) |> code()
        ]
      end

    for {waiting, now} <- Enum.zip(waits, local), do: assert(waiting == now)
  end

  test "an error tells what was done" do
    db = rehearsal(fault_injection: %{lost_reply_rate: 1})
    assert {:error, error} = VectorDB.add(db, "a", [1, 0])
    assert %{code: :unavailable, backend: "memory", attempts: 3, applied: :unknown} = error

    assert {:error, %{attempts: nil, applied: nil, http_status: nil}} =
             VectorDB.create("no", dimension: 2)
  end

  test "memory does not grow" do
    db = rehearsal(fault_injection: %{latency_ms: 0, spike_rate: 0.01, spike_ms: 1})
    VectorDB.add_batch!(db, for(n <- 1..100, do: {"#{n}", [n, 0], %{n: n}}))

    run = fn times ->
      body = fn ->
        Enum.each(1..times, fn n ->
          VectorDB.search!(db, [n, 0], filter: %{n: %{"$gt" => 3}}, include_vectors: true)
          VectorDB.search(db, [n])
          VectorDB.update_metadata!(db, "7", %{n: n})
          VectorDB.get_many!(db, ["1", "none"])
        end)
      end

      1..4 |> Enum.map(fn _ -> Task.async(body) end) |> Task.await_many(60_000)
      Enum.each(Process.list(), &:erlang.garbage_collect/1)
    end

    run.(1500)
    before = resident()
    run.(6000)
    assert resident() - before < 8_000_000
    assert requests() == 0
  end

  defp wait(db, n) do
    case rem(n, 4) do
      0 -> VectorDB.add(db, "#{n}", [n, 0])
      1 -> VectorDB.search(db, [n, 0])
      2 -> VectorDB.get(db, "#{n}")
      3 -> VectorDB.count(db)
    end
  end

  defp requests, do: elem(Native.live_handles(), 4)

  defp median(body) do
    times = for _ <- 1..51, do: body |> :timer.tc() |> elem(0)
    times |> Enum.sort() |> Enum.at(25)
  end
end
