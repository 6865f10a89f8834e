defmodule VectorDB.TelemetryTest do
  # Gives the VM a :telemetry for a while, on which the binding does not depend.
  use ExUnit.Case, async: false

  import VectorDB.Fixtures

  setup do
    db = VectorDB.create!("spans", dimensions: 2)
    on_exit(fn -> VectorDB.close(db) end)
    %{db: db}
  end

  test "without :telemetry calls just work", %{db: db} do
    refute function_exported?(:telemetry, :span, 3)
    assert VectorDB.count(db) == {:ok, 0}
  end

  test "with it every call is a span in the caller's process", %{db: db} do
    with_telemetry(fn ->
      VectorDB.add(db, "a", [1, 0])
      assert_received {:span, [:vectordb, :call], started, stopped}
      assert started == %{operation: :add, database: "spans", backend: "memory", namespace: nil}
      told = %{result: :ok, attempts: nil, cached: false, stale: false}
      assert stopped == Map.merge(started, told)

      VectorDB.search(db, [1])
      assert_received {:span, _, %{operation: :search}, %{result: :dimension_mismatch}}

      assert_raise VectorDB.Error, fn -> VectorDB.search!(db, [1]) end
      assert_received {:span, _, %{operation: :search}, %{result: :dimension_mismatch}}
    end)
  end

  test "a span tells attempts and what the cache did" do
    db = rehearsal(fault_injection: %{seed: 1, error_rate: 0.3}, cache: true)

    with_telemetry(fn ->
      for n <- 1..60, do: VectorDB.search!(db, [n, 0])
      spans = for _ <- 1..60, do: assert_received({:span, _, _, %{attempts: _}}) |> elem(3)

      assert spans |> Enum.map(& &1.attempts) |> Enum.uniq() |> Enum.sort() |> Enum.take(2) == [
               1,
               2
             ]

      assert Enum.all?(spans, &(&1.result == :ok and not &1.cached))

      VectorDB.search!(db, [1, 0])
      assert_received {:span, _, _, %{attempts: 0, cached: true, stale: false, result: :ok}}
      VectorDB.get!(db, "a")
      assert_received {:span, _, %{operation: :get}, %{attempts: n}} when n >= 1
    end)

    broken = rehearsal(fault_injection: %{error_rate: 1})

    with_telemetry(fn ->
      VectorDB.search(broken, [1, 0])
      assert_received {:span, _, _, %{result: :unavailable, attempts: 6}}
      VectorDB.add(broken, "a", [1, 0])
      assert_received {:span, _, _, %{result: :unavailable, attempts: 3}}
    end)
  end

  test "events of the library are telemetry events" do
    db = rehearsal(fault_injection: %{error_rate: 1}, resilience: %{retry: false})

    with_telemetry(fn ->
      {:ok, pid} = VectorDB.Log.to_telemetry(:warning)
      VectorDB.search(db, [1, 0])

      assert_receive {:event, [:vectordb, :event], measured, %{event: "attempt.failed"} = event},
                     2000

      assert %{time_ms: time, duration_ms: duration} = measured
      assert time > 1.6e12 and duration >= 0

      assert %{level: :warning, database: "rehearsal", backend: "memory", operation: "search"} =
               event

      assert %{"error.type" => "unavailable", "attempt" => 1, "class" => "read"} = event.fields
      assert_receive {:event, _, _, %{event: "call.failed"}}, 2000
      GenServer.stop(pid)
      VectorDB.Log.disable()
    end)
  end

  defp with_telemetry(body) do
    # Events come in a process of their own.
    Process.register(self(), :telemetry_test)

    Module.create(
      :telemetry,
      quote do
        def span(event, metadata, body) do
          {answer, stopped} = body.()
          send(self(), {:span, event, metadata, stopped})
          answer
        end

        def execute(event, measurements, metadata),
          do: send(:telemetry_test, {:event, event, measurements, metadata})
      end,
      Macro.Env.location(__ENV__)
    )

    body.()
  after
    Process.unregister(:telemetry_test)
    :code.delete(:telemetry)
    :code.purge(:telemetry)
  end
end
