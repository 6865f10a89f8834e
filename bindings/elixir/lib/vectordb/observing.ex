defmodule VectorDB.Observing do
  @moduledoc false
  # How a database and the library are doing; documented in `VectorDB`.

  alias VectorDB.{Error, Native, Operation, Options, Reading, Twin}

  def capabilities(database), do: Operation.decoded(database, :capabilities, &Native.capabilities/1)

  def describe(database), do: Operation.decoded(database, :describe, &Native.describe/1)

  def stats(database) do
    with {:ok, count} <- Reading.count(database, []),
         {:ok, description} <- describe(database),
         {:ok, metrics} <- Operation.decoded(database, :metrics, &Native.metrics/1),
         {:ok, cache} <- Operation.decoded(database, :cache_stats, &Native.cache_stats/1) do
      {:ok, %{"count" => count, "describe" => description, "metrics" => metrics, "cache" => cache}}
    end
  end

  def health(database, options) do
    with {:ok, options, _timeout} <- Options.plain(options, [:probe]),
         {:ok, flags} <- Options.probe(options),
         {:ok, health} <- Operation.decoded(database, :health, &Native.health(&1, flags)) do
      health
    else
      {:error, error} -> %{"status" => "down", "error" => Exception.message(error)}
    end
  end

  def healthy?(database) do
    case Operation.resolve(database) do
      {:ok, %{ref: ref}} -> Native.healthy(ref) == {:ok, true}
      {:error, _} -> false
    end
  end

  def metrics(database),
    do: database |> Operation.decoded(:metrics, &Native.metrics/1) |> Twin.unwrap()

  def reset_metrics(database),
    do: Operation.done(database, :reset_metrics, fn %{ref: ref} -> Native.reset_metrics(ref) end)

  def prometheus, do: Operation.answer(Native.prometheus())

  def cache_stats(database),
    do: database |> Operation.decoded(:cache_stats, &Native.cache_stats/1) |> Twin.unwrap()

  def clear_cache(database),
    do: Operation.done(database, :clear_cache, fn %{ref: ref} -> Native.clear_cache(ref) end)

  def circuit_breaker(database) do
    state =
      Operation.run(database, :circuit_breaker, fn %{ref: ref} -> Native.breaker_state(ref) end)

    elem({:closed, :half_open, :open}, Twin.unwrap(state))
  end

  def control_breaker(database, action) do
    Operation.done(database, :control_breaker, fn %{ref: ref} ->
      case Enum.find_index([:automatic, :force_open, :force_close], &(&1 == action)) do
        nil ->
          {:error, Error.new(:invalid_argument, "no breaker action: #{Operation.shown(action)}")}

        number ->
          Native.control_breaker(ref, number)
      end
    end)
  end

  def set_credentials(database, credentials) do
    Operation.done(database, :set_credentials, fn %{ref: ref} ->
      with {:ok, json} <- Options.credentials(credentials), do: Native.set_credentials(ref, json)
    end)
  end

  def supported_backends, do: backends(fn _ -> true end)

  def available_backends, do: backends(& &1["available"])

  defdelegate version, to: Native

  def cpu_features do
    with {:ok, json} <- Operation.answer(Native.cpu_features()), do: Operation.decode(json)
  end

  # The names are the library's own, so their number is bounded.
  defp backends(keep?) do
    with {:ok, json} <- Operation.answer(Native.backends()),
         {:ok, backends} <- Operation.decode(json) do
      {:ok, for(backend <- backends, keep?.(backend), do: String.to_atom(backend["name"]))}
    end
  end
end
