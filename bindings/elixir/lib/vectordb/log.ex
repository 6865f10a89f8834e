defmodule VectorDB.Log do
  @moduledoc """
  Events of the library as messages.

  After `enable/2` a process receives `{VectorDB.Log, level, json}` for each event, with `level` one of
  `:debug | :info | :warning | :error` and `json` the event; `decode/1` makes a map of it. There is one
  receiver in the virtual machine, the last that was named. `to_logger/1` starts a process that hands
  events to `Logger`, `to_telemetry/1` one that hands them to `:telemetry`.
  """

  use GenServer
  require Logger

  alias VectorDB.{Error, JSON, Native, Operation, Telemetry}

  @levels %{debug: 0, info: 1, warning: 2, error: 3}

  @type level :: :debug | :info | :warning | :error

  @doc "Sends events of `level` and above to a process of this node."
  @spec enable(pid(), level()) :: :ok | {:error, Error.t()}
  def enable(receiver \\ self(), level \\ :info)

  def enable(receiver, level) when is_pid(receiver) and is_map_key(@levels, level) do
    if node(receiver) == node() do
      receiver |> Native.log_set(@levels[level]) |> Operation.answer()
    else
      {:error, Error.new(:invalid_argument, "the log's receiver must be a process of this node")}
    end
  end

  def enable(receiver, level) do
    shown = inspect({receiver, level}, limit: 5, printable_limit: 40)
    {:error, Error.new(:invalid_argument, "no receiver and level of the log: #{shown}")}
  end

  @doc "Ends the log. After it returns no event is sent any more."
  @spec disable() :: :ok | {:error, Error.t()}
  def disable, do: Operation.answer(Native.log_clear())

  @doc "The event of a message: a map with string keys, `\"event\"` and `\"time_ms\"` among them."
  @spec decode(binary()) :: map()
  def decode(json) do
    case JSON.decode(json) do
      {:ok, event} when is_map(event) -> event
      _ -> %{"event" => json}
    end
  end

  @doc "Starts a process, linked to the caller, that hands events to `Logger`."
  @spec to_logger(level()) :: GenServer.on_start()
  def to_logger(level \\ :info), do: GenServer.start_link(__MODULE__, {:logger, level})

  @doc "Starts a process, linked to the caller, that emits events as in `VectorDB.Telemetry`."
  @spec to_telemetry(level()) :: GenServer.on_start()
  def to_telemetry(level \\ :info), do: GenServer.start_link(__MODULE__, {:telemetry, level})

  @impl true
  def init({sink, level}) do
    case enable(self(), level) do
      :ok -> {:ok, sink}
      {:error, error} -> {:stop, error}
    end
  end

  @impl true
  def handle_info({__MODULE__, level, json}, sink) do
    event = decode(json)

    case sink do
      :logger -> Logger.log(level, fn -> "vectordb: #{event["event"]} #{json}" end)
      :telemetry -> Telemetry.event(level, event)
    end

    {:noreply, sink}
  end

  def handle_info(_other, state), do: {:noreply, state}
end
