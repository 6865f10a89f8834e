defmodule VectorDB.Registry do
  @moduledoc false
  # Names of databases. Looking one up reads an ETS table in the caller's process: no process stands
  # between a call and the library.

  alias VectorDB.{Database, Error}

  @table __MODULE__

  @doc "Makes the table; it lives as long as the calling process, the application's supervisor."
  def create_table do
    :ets.new(@table, [:named_table, :public, :set, read_concurrency: true])
  end

  @doc "Names a database that `owner` opened; refused while another living owner has the name."
  @spec register(atom(), Database.t(), pid()) :: :ok | {:error, {:already_started, pid()}}
  def register(name, %Database{} = database, owner) do
    if :ets.insert_new(@table, {name, database, owner}) do
      :ok
    else
      {:error, {:already_started, :ets.lookup_element(@table, name, 3)}}
    end
  end

  @doc "Forgets a name whose owner was killed and could not do it."
  @spec unregister_dead(atom()) :: :ok
  def unregister_dead(name) do
    with [{^name, _database, owner}] <- :ets.lookup(@table, name),
         false <- Process.alive?(owner) do
      unregister(name)
    end

    :ok
  end

  @spec unregister(atom()) :: :ok
  def unregister(name) do
    :ets.delete(@table, name)
    :ok
  end

  @doc "The database of a name."
  @spec fetch(atom()) :: {:ok, Database.t()} | {:error, Error.t()}
  def fetch(name) do
    case :ets.lookup(@table, name) do
      [{^name, database, _owner}] -> {:ok, database}
      [] -> {:error, Error.new(:not_found, "no database is registered as #{inspect(name)}")}
    end
  rescue
    ArgumentError -> {:error, Error.new(:not_found, "the application :vectordb is not started")}
  end
end
