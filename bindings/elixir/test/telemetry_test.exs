defmodule VectorDB.TelemetryTest do
  # Gives the VM a :telemetry for a while, on which the binding does not depend.
  use ExUnit.Case, async: false

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
      assert_received {:span, [:vectordb, :add], started, stopped}
      assert started == %{database: "spans", backend: "memory", namespace: nil}
      assert stopped == Map.put(started, :result, :ok)

      VectorDB.search(db, [1])
      assert_received {:span, [:vectordb, :search], _, %{result: :dimension_mismatch}}

      assert_raise VectorDB.Error, fn -> VectorDB.search!(db, [1]) end
      assert_received {:span, [:vectordb, :search], _, %{result: :dimension_mismatch}}
    end)
  end

  defp with_telemetry(body) do
    Module.create(
      :telemetry,
      quote do
        def span(event, metadata, body) do
          {answer, stopped} = body.()
          send(self(), {:span, event, metadata, stopped})
          answer
        end
      end,
      Macro.Env.location(__ENV__)
    )

    body.()
  after
    :code.delete(:telemetry)
    :code.purge(:telemetry)
  end
end
