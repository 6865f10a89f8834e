defmodule VectorDB.Application do
  @moduledoc false
  # The application's own supervisor, which owns the table of names: it outlives every database in it.

  use Application
  use Supervisor

  @impl Application
  def start(_type, _arguments) do
    VectorDB.Telemetry.load()
    Supervisor.start_link(__MODULE__, [], name: __MODULE__)
  end

  @impl Application
  def stop(_state) do
    VectorDB.Native.log_clear()
    :ok
  end

  @impl Supervisor
  def init(_arguments) do
    VectorDB.Registry.create_table()
    Supervisor.init([], strategy: :one_for_one)
  end
end
