defmodule VectorDB.ServerTest do
  use ExUnit.Case, async: false

  import VectorDB.Fixtures

  test "a named database in a supervision tree" do
    start_supervised!({VectorDB, name: MyApp.VDB, dimensions: 2, metric: :dot})
    assert VectorDB.add(MyApp.VDB, "a", [1, 2], %{n: 1}) == {:ok, "a"}
    assert [%{id: "a", score: 5.0}] = VectorDB.search!(MyApp.VDB, [1, 2])
    assert VectorDB.clear(MyApp.VDB) == {:ok, MyApp.VDB}
    assert VectorDB.count!(MyApp.VDB) == 0
    assert VectorDB.healthy?(MyApp.VDB)
    assert %{"name" => "MyApp.VDB"} = VectorDB.describe!(MyApp.VDB)

    stop_supervised!({VectorDB, MyApp.VDB})
    assert code(VectorDB.count(MyApp.VDB)) == :not_found
    refute VectorDB.healthy?(MyApp.VDB)
  end

  test "several, and the name the backend sees" do
    start_supervised!({VectorDB, name: :one, dimensions: 2})
    start_supervised!({VectorDB, name: :two, dimensions: 3, database: "second"})
    VectorDB.add!(:one, "a", [1, 2])
    assert {VectorDB.count!(:one), VectorDB.count!(:two)} == {1, 0}
    assert %{"name" => "second"} = VectorDB.describe!(:two)
    view = VectorDB.namespace!(:one, "v")
    assert VectorDB.count!(view) == 0
  end

  test "calls do not go through the process" do
    pid = start_supervised!({VectorDB, name: :direct, dimensions: 2})
    :sys.suspend(pid)
    assert VectorDB.add(:direct, "a", [1, 2]) == {:ok, "a"}
    :sys.resume(pid)
  end

  test "a killed owner is replaced" do
    pid = start_supervised!({VectorDB, name: :phoenix, dimensions: 2})
    VectorDB.add!(:phoenix, "a", [1, 2])
    Process.exit(pid, :kill)
    # A memory database lives as long as its owner: the new one is empty.
    assert eventually(fn -> VectorDB.count(:phoenix) == {:ok, 0} end)
    assert VectorDB.add(:phoenix, "b", [1, 2]) == {:ok, "b"}
  end

  test "two of one name, no name, and wrong options do not start" do
    pid = start_supervised!({VectorDB, name: :taken, dimensions: 2})
    Process.flag(:trap_exit, true)

    assert {:error, {:already_started, ^pid}} =
             VectorDB.Server.start_link(name: :taken, dimensions: 2)

    assert {:error, %VectorDB.Error{code: :invalid_option}} =
             VectorDB.Server.start_link(dimensions: 2)

    assert {:error, %VectorDB.Error{code: :invalid_option}} =
             VectorDB.Server.start_link(name: :typo, dimension: 2)

    assert VectorDB.count(:taken) == {:ok, 0}
  end
end
