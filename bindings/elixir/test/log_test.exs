defmodule VectorDB.LogTest do
  use ExUnit.Case, async: false

  import ExUnit.CaptureLog
  import VectorDB.Fixtures
  alias VectorDB.Log

  setup do
    on_exit(&Log.disable/0)
  end

  test "events are messages to one process, until it is turned off" do
    assert Log.enable(self(), :debug) == :ok
    db = VectorDB.create!("logged", dimensions: 2)
    assert_receive {Log, level, json}, 2000
    assert level in [:debug, :info, :warning, :error]
    assert %{"event" => "database.opened", "time_ms" => time} = Log.decode(json)
    assert is_number(time)

    assert Log.disable() == :ok
    VectorDB.close!(db)
    flush()
    VectorDB.create!("unheard", dimensions: 2) |> VectorDB.close!()
    refute_receive {Log, _, _}, 100
  end

  test "a dead receiver harms nobody" do
    {pid, monitor} = spawn_monitor(fn -> Log.enable(self(), :debug) end)
    assert_receive {:DOWN, ^monitor, _, ^pid, _}
    VectorDB.create!("nobody", dimensions: 2) |> VectorDB.close!()
    assert Log.enable(self(), :debug) == :ok
  end

  test "wrong receivers and levels are refused" do
    assert code(Log.enable(:name, :info)) == :invalid_argument
    assert code(Log.enable(self(), :loud)) == :invalid_argument
  end

  test "to Logger" do
    log =
      capture_log(fn ->
        {:ok, pid} = Log.to_logger(:debug)
        VectorDB.create!("in the log", dimensions: 2) |> VectorDB.close!()
        Process.sleep(200)
        GenServer.stop(pid)
      end)

    assert log =~ "database.opened"
  end

  defp flush do
    receive do
      {Log, _, _} -> flush()
    after
      50 -> :ok
    end
  end
end
