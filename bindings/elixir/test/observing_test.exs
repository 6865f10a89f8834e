defmodule VectorDB.ObservingTest do
  # Every path of health, metrics and events, driven by injected faults.
  use ExUnit.Case, async: false

  import VectorDB.Fixtures
  alias VectorDB.{Log, Native}

  @easily_opened %{consecutive_failures: 3, consecutive_duration: 0, open_duration: 60}

  setup do
    on_exit(&Log.disable/0)
  end

  test "options reach the library" do
    db =
      rehearsal(
        cache: %{max_entries: 7},
        resilience: %{hedge: %{delay: 0.5}},
        fault_injection: %{seed: 9, error_rate: 0.25}
      )

    told = VectorDB.describe!(db)

    assert told["pipeline"] ==
             ~w(metrics deadline cache hedge retry circuit_breaker fault_injection memory)

    assert %{"seed" => 9, "error_rate" => 0.25} = told["fault_injection"]
    assert told["cache"]["max_entries"] == 7 and told["resilience"]["hedge"]["delay"] == 0.5
  end

  test "a misspelt setting is refused" do
    for {options, nearest} <- [
          {[fault_injection: %{error_rat: 1}], "error_rate"},
          {[resilience: %{retri: %{}}], "retry"},
          {[cache: %{max_entry: 1}], "max_entries"}
        ] do
      assert {:error, error} = VectorDB.create("misspelt", [dimensions: 1] ++ options)
      assert error.code == :invalid_option and error.message =~ nearest
    end
  end

  test "failed attempts are repeated and told" do
    db = rehearsal(fault_injection: %{seed: 1, error_rate: 0.3})

    attempts =
      for n <- 1..200 do
        {[], info} = VectorDB.search!(db, [n, 0], info: true)
        info["attempts"]
      end

    sent = Enum.sum(attempts)
    assert sent in 231..379 and Enum.max(attempts) >= 3
    metrics = VectorDB.metrics(db)
    assert %{"success_rate" => 1, "total_requests" => 200, "attempts" => ^sent} = metrics
    assert metrics["endpoint"]["failed_attempts"] == %{"unavailable" => sent - 200}

    assert {:ok, ^db} = VectorDB.reset_metrics(db)
    assert %{"total_requests" => 0, "attempts" => 0} = VectorDB.metrics(db)
  end

  test "the same seed is the same run" do
    run = fn seed ->
      db = rehearsal(fault_injection: %{seed: seed, error_rate: 0.4})
      for n <- 1..40, do: elem(VectorDB.search!(db, [n, 0], info: true), 1)["attempts"]
    end

    assert run.(7) == run.(7)
    assert run.(7) != run.(8)
  end

  test "an error tells its attempts and whether anything was written" do
    db = rehearsal(fault_injection: %{error_rate: 1})
    {:error, read} = VectorDB.search(db, [1, 0])
    assert %{code: :unavailable, backend: "memory", details: %{"attempts" => 6}} = read
    {:error, write} = VectorDB.add(db, "a", [1, 0])
    assert %{code: :unavailable, details: %{"attempts" => 3, "applied" => "no"}} = write

    {:error, lost} = rehearsal(fault_injection: %{lost_reply_rate: 1}) |> VectorDB.add("a", [1, 0])
    assert lost.details["applied"] == "unknown"

    {:error, slow} = rehearsal(fault_injection: %{throttle_rate: 1}) |> VectorDB.search([1, 0])
    assert %{code: :throttled, details: %{"attempts" => 6}} = slow
  end

  test "some items of a batch fail" do
    db = rehearsal(fault_injection: %{partial_rate: 1}, resilience: %{retry: false})
    {:error, error} = VectorDB.add_batch(db, for(n <- 1..100, do: {"#{n}", [n, 0]}))
    assert %{code: :partial, details: %{"applied" => applied, "failed" => failed}} = error
    assert length(failed) in 20..80 and applied == 100 - length(failed)
    assert %{"code" => :unavailable} = hd(failed)
    assert VectorDB.metrics(db)["outcomes"] == %{"partial" => 1}
  end

  test "a dead backend opens the circuit, and it is told" do
    :ok = Log.enable(self(), :debug)

    db =
      rehearsal(
        fault_injection: %{unreachable_rate: 1},
        resilience: %{retry: false, circuit_breaker: @easily_opened}
      )

    assert VectorDB.healthy?(db) and VectorDB.circuit_breaker(db) == :closed
    for _ <- 1..3, do: assert(code(VectorDB.search(db, [1, 0])) == :unavailable)
    {:error, refused} = VectorDB.search(db, [1, 0])
    assert refused.code == :circuit_open and refused.details["retry_after_ms"] in 40_000..70_000
    assert VectorDB.circuit_breaker(db) == :open and not VectorDB.healthy?(db)
    assert %{"status" => "down", "reason" => "circuit_open"} = VectorDB.health(db)
    assert VectorDB.metrics(db)["outcomes"] == %{"unavailable" => 3, "circuit_open" => 1}
    assert {:ok, ^db} = VectorDB.control_breaker(db, :force_close)
    assert VectorDB.circuit_breaker(db) == :closed

    changes =
      for {:warning, %{"event" => "circuit_breaker.changed"} = event} <- events(),
          do: {event["class"], event["from"], event["to"]}

    # A backend that cannot be reached is so for every class of requests.
    for class <- ~w(read write control) do
      assert {class, "closed", "open"} in changes and {class, "open", "closed"} in changes
    end
  end

  test "health asks only when told to" do
    db = rehearsal(fault_injection: %{error_rate: 1}, resilience: %{retry: false})
    assert VectorDB.health(db)["status"] == "ok"
    assert VectorDB.health(db, probe: true)["probe"] == "unavailable"

    half =
      rehearsal(
        fault_injection: %{seed: 4, error_rate: 0.5},
        resilience: %{retry: false, circuit_breaker: false}
      )

    for _ <- 1..40, do: VectorDB.search(half, [1, 0])
    assert VectorDB.health(half)["status"] == "degraded" and VectorDB.healthy?(half)
  end

  test "attempts, slow calls and the cache are events" do
    :ok = Log.enable(self(), :debug)
    retries = %{base_delay: 0, max_attempts: 2}
    db = rehearsal(fault_injection: %{error_rate: 1}, resilience: %{retry: retries})
    VectorDB.search(db, [1, 0])
    attempt = [debug: "attempt.started", info: "fault.injected", warning: "attempt.failed"]

    assert for(
             {level, %{"db.operation.name" => "search"} = event} <- events(),
             do: {level, event["event"]}
           ) ==
             attempt ++
               [info: "attempt.retried"] ++
               attempt ++ [warning: "retry.refused", warning: "call.failed"]

    slow =
      rehearsal(
        fault_injection: %{latency_ms: 20},
        cache: true,
        resilience: %{slow_call_threshold: 0.01}
      )

    VectorDB.search!(slow, [1, 0])
    {[], info} = VectorDB.search!(slow, [1, 0], info: true)
    assert %{"cached" => true, "attempts" => 0, "stale" => false} = info
    assert %{"hits" => 1, "misses" => 1} = VectorDB.cache_stats(slow)
    names = for {_, event} <- events(), do: event["event"]
    assert "call.slow" in names and "cache.hit" in names
    VectorDB.clear_cache!(slow)
    assert VectorDB.cache_stats(slow)["size"] == 0
  end

  test "a stale answer is better than none" do
    :ok = Log.enable(self(), :warning)

    db =
      rehearsal(
        fault_injection: %{outages: [%{after_ms: 300, for_ms: 60_000}]},
        cache: %{ttl: 0.1, stale_on_error: true},
        resilience: %{retry: false}
      )

    VectorDB.add!(db, "a", [0, 0])
    VectorDB.search!(db, [1, 0])
    Process.sleep(500)
    assert {[%{id: "a"}], info} = VectorDB.search!(db, [1, 0], info: true)
    assert info["stale"] and info["age_ms"] >= 100
    assert Enum.any?(events(), &match?({:warning, %{"event" => "cache.stale"}}, &1))
  end

  test "prometheus tells of open databases" do
    db = VectorDB.create!("scraped", dimensions: 1)
    VectorDB.count!(db)

    assert VectorDB.prometheus!() =~
             ~s(vectordb_attempts_total{database="scraped",backend="memory"} 1)

    VectorDB.close!(db)
    refute VectorDB.prometheus!() =~ "scraped"
  end

  test "a call that waits holds no ordinary scheduler, and no other caller up" do
    db =
      rehearsal(
        fault_injection: %{latency_ms: 150},
        resilience: %{bulkhead: %{max_concurrent: 100}}
      )

    Native.longest_call()

    calls = [
      fn -> VectorDB.add(db, "a", [1, 0]) end,
      fn -> VectorDB.add(db, "b", [1, 0]) end,
      fn -> VectorDB.search(db, [1, 0]) end,
      fn -> VectorDB.search_batch(db, [[1, 0]]) end,
      fn -> VectorDB.search_by_id(db, "a") end,
      fn -> VectorDB.get(db, "a") end,
      fn -> VectorDB.count(db) end,
      fn -> VectorDB.update_metadata(db, "a", %{n: 1}) end,
      fn -> VectorDB.delete(db, "b") end,
      fn -> VectorDB.delete(db, filter: %{n: 9}) end,
      fn -> VectorDB.namespaces(db) end
    ]

    {microseconds, _} = :timer.tc(fn -> calls |> Enum.map(&Task.async/1) |> Task.await_many() end)

    assert Native.longest_call() < 50_000_000
    # One after the other they would take eleven times 150 ms.
    assert microseconds in 150_000..1_000_000

    for options <- [
          [resilience: %{rate_limit: %{per_second: 5, burst: 1}}],
          [resilience: %{hedge: true}],
          [resilience: %{attempt: %{read_timeout: 1}}]
        ] do
      Native.longest_call()
      db = rehearsal(options)
      VectorDB.search!(db, [1, 0])
      VectorDB.search!(db, [1, 0])
      assert Native.longest_call() < 20_000_000
    end
  end

  test "answers of the cache do not make the next scan look short" do
    {db, window} = large(120_000, 64, cache: true)
    VectorDB.search!(db, window.(0))

    longest =
      for round <- 1..5 do
        for _ <- 1..40, do: VectorDB.search!(db, window.(0))
        Native.longest_call()
        VectorDB.search!(db, window.(round))
        Native.longest_call()
      end

    assert VectorDB.cache_stats(db)["hits"] == 200
    assert Enum.min(longest) < 500_000, "#{inspect(longest)} ns on an ordinary scheduler"
  end

  test "a waiting call ends with its caller" do
    db = rehearsal(fault_injection: %{stall_rate: 1})

    for call <- [
          fn -> VectorDB.add(db, "a", [1, 0]) end,
          fn -> VectorDB.search(db, [1, 0]) end,
          fn -> VectorDB.clear(db) end,
          fn -> VectorDB.namespaces(db) end
        ] do
      caller = spawn(call)
      assert eventually(fn -> elem(Native.live_handles(), 4) == 1 end)
      Process.exit(caller, :kill)
      assert eventually(fn -> elem(Native.live_handles(), 4) == 0 end)
    end
  end

  test "the example runs" do
    output = ExUnit.CaptureIO.capture_io(fn -> Code.eval_file("examples/faults.exs") end)

    assert output =~ "20 calls of a shaky backend went well, after 25 attempts"
    assert output =~ "a dead one: unavailable after 3 attempts"
    assert output =~ "from then on: circuit_open"
    assert output =~ "the cache still answers; health: circuit_open"
    assert output =~ "the circuit went from closed to open"
  end

  # What has come when nothing comes any more.
  defp events, do: collect([])

  defp collect(found) do
    receive do
      {Log, level, json} -> collect([{level, Log.decode(json)} | found])
    after
      300 -> Enum.reverse(found)
    end
  end
end
