defmodule VectorDB.Server do
  @moduledoc false
  # Owns a named database in a supervision tree: opens it, registers it, closes it when it stops. Calls
  # never go through this process.

  use GenServer

  alias VectorDB.{Database, Error, Registry}

  def start_link(options) do
    case Keyword.fetch(options, :name) do
      {:ok, name} when is_atom(name) and not is_nil(name) ->
        GenServer.start_link(__MODULE__, {name, Keyword.delete(options, :name)})

      _ ->
        {:error, Error.new(:invalid_option, "a supervised database needs name:, an atom")}
    end
  end

  @impl true
  def init({name, options}) do
    # So that terminate/2 runs when the supervisor stops us.
    Process.flag(:trap_exit, true)
    {label, options} = Keyword.pop(options, :database, label(name))

    # The tree must come up also when a database is away: connecting waits for the first call.
    with {:ok, database} <- VectorDB.create(label, Keyword.put_new(options, :connect, :lazy)) do
      register(name, database)
    else
      {:error, error} -> {:stop, error}
    end
  end

  @impl true
  def terminate(_reason, {name, %Database{} = database}) do
    Registry.unregister(name)
    VectorDB.close(database)
  end

  defp register(name, database) do
    # A predecessor that was killed could not unregister; its entry is ours to replace. A living one
    # is not: the supervisor that starts two of one name must hear of it.
    Registry.unregister_dead(name)

    case Registry.register(name, database, self()) do
      :ok ->
        {:ok, {name, database}}

      {:error, reason} ->
        VectorDB.close(database)
        {:stop, reason}
    end
  end

  defp label(name), do: name |> Atom.to_string() |> String.replace_prefix("Elixir.", "")
end
