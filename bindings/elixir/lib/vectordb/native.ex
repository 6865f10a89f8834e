defmodule VectorDB.Native do
  @moduledoc """
  The raw functions of the NIF, one per function of the C API. Nothing here is for applications:
  `VectorDB` is.

  Arguments must already have the right Erlang types (see `c_src/nif.h`), else a function raises
  `ArgumentError`. Answers are `:ok`, `{:ok, value}`, `{:partial, report}` or
  `{:error, code, message, details_json | nil}`. `open/3` always answers `{:pending, request}`, and so does
  every call of a database that may wait for something: its answer is what `answer/1` tells once the request
  has ended, see `VectorDB.Request`. Timeouts are milliseconds as in the C API: 0 is the
  database's default, -1 none. Flags are those of `vectordb.h`.
  """

  @on_load :load

  @type handle :: reference()
  @type request :: reference()
  @type failure :: {:error, atom(), binary(), binary() | nil} | {:pending, request()}
  @type vector :: [number()] | binary()
  @type vectors :: [vector()] | {non_neg_integer(), non_neg_integer(), binary()}
  @type report ::
          {applied :: non_neg_integer(), not_attempted :: non_neg_integer(),
           deleted :: non_neg_integer() | nil, failures :: [{non_neg_integer(), atom(), binary()}]}
  @type row :: {binary(), metadata :: binary() | nil, vector :: binary() | nil}
  @typedoc "JSON of how an answer was made."
  @type info :: binary()
  @type match :: {binary(), float(), float(), binary() | nil, binary() | nil}

  @doc false
  def load do
    path = :vectordb |> :code.priv_dir() |> Path.join("vectordb_nif")
    :erlang.load_nif(String.to_charlist(path), 0)
  end

  @doc """
  Asks to be told of the end of a request: `:ended` when it has ended already, else one message `{tag, :ended}`
  will come to the caller. May be asked once.
  """
  @spec wait(request(), term()) :: :ended | :waiting
  def wait(_request, _tag), do: not_loaded()

  @doc "The answer of a request that has ended. May be asked once."
  @spec answer(request()) :: term()
  def answer(_request), do: not_loaded()

  @doc "Opens a database; options are a JSON object."
  @spec open(binary(), binary(), integer()) :: {:pending, request()} | failure()
  def open(_name, _options_json, _timeout), do: not_loaded()

  @doc "A view of one namespace."
  @spec namespace(handle(), binary()) :: {:ok, handle()} | failure()
  def namespace(_handle, _name), do: not_loaded()

  @doc "Closes a database or view."
  @spec close(handle()) :: :ok | failure()
  def close(_handle), do: not_loaded()

  @doc "Writes records; the metadata is a JSON array, or empty for none."
  @spec upsert(handle(), [binary()], vectors(), binary(), integer()) ::
          {:ok | :partial, report()} | failure()
  def upsert(_handle, _ids, _vectors, _metadata_json, _timeout), do: not_loaded()

  @doc "Merges or replaces metadata; a JSON array with one object an id."
  @spec update_metadata(handle(), [binary()], binary(), non_neg_integer(), integer()) ::
          {:ok | :partial, report()} | failure()
  def update_metadata(_handle, _ids, _metadata_json, _flags, _timeout), do: not_loaded()

  @doc "Deletes by id."
  @spec delete(handle(), [binary()], integer()) :: {:ok | :partial, report()} | failure()
  def delete(_handle, _ids, _timeout), do: not_loaded()

  @doc "Deletes what matches a filter."
  @spec delete_where(handle(), binary(), integer()) :: {:ok | :partial, report()} | failure()
  def delete_where(_handle, _filter_json, _timeout), do: not_loaded()

  @doc "Deletes every record of the namespace."
  @spec clear(handle(), integer()) :: :ok | failure()
  def clear(_handle, _timeout), do: not_loaded()

  @doc "Deletes the collection."
  @spec drop(handle(), integer()) :: :ok | failure()
  def drop(_handle, _timeout), do: not_loaded()

  @doc "Waits until what was written is durable and visible."
  @spec flush(handle(), integer()) :: :ok | failure()
  def flush(_handle, _timeout), do: not_loaded()

  @doc "Builds an index; a JSON object, or empty for the default."
  @spec create_index(handle(), binary(), integer()) :: :ok | failure()
  def create_index(_handle, _index_json, _timeout), do: not_loaded()

  @doc "Nearest records; options as in `c_src/nif.h`, `search_options_get`."
  @spec search(handle(), vector(), tuple()) :: {:ok, {[match()], info()}} | failure()
  def search(_handle, _vector, _options), do: not_loaded()

  @doc "Nearest records of many queries."
  @spec search_batch(handle(), vectors(), tuple()) :: {:ok, {[[match()]], info()}} | failure()
  def search_batch(_handle, _vectors, _options), do: not_loaded()

  @doc "Nearest records of a stored one."
  @spec search_by_id(handle(), binary(), tuple()) :: {:ok, {[match()], info()}} | failure()
  def search_by_id(_handle, _id, _options), do: not_loaded()

  @doc "Records by id, `nil` for each that is missing."
  @spec get(handle(), [binary()], non_neg_integer(), integer()) ::
          {:ok, {[row() | nil], info()}} | failure()
  def get(_handle, _ids, _flags, _timeout), do: not_loaded()

  @doc "One page of records and the token of the next, empty after the last."
  @spec page(handle(), non_neg_integer(), binary(), binary(), non_neg_integer(), integer()) ::
          {:ok, {[row()], binary()}} | failure()
  def page(_handle, _limit, _token, _filter_json, _flags, _timeout), do: not_loaded()

  @doc "Number of records, and whether it is exact; an empty filter counts all."
  @spec count(handle(), binary(), integer()) :: {:ok, {non_neg_integer(), boolean()}} | failure()
  def count(_handle, _filter_json, _timeout), do: not_loaded()

  @doc "A binary of float32 in machine order as a list; `nil` for what is not finite."
  @spec floats(binary()) :: [float() | nil]
  def floats(_vector), do: not_loaded()

  @doc "Names of the collections, JSON."
  @spec collections(handle()) :: {:ok, binary()} | failure()
  def collections(_handle), do: not_loaded()

  @doc "Names of the namespaces, JSON."
  @spec namespaces(handle()) :: {:ok, binary()} | failure()
  def namespaces(_handle), do: not_loaded()

  @doc "Health, JSON."
  @spec health(handle(), non_neg_integer()) :: {:ok, binary()} | failure()
  def health(_handle, _flags), do: not_loaded()

  @doc "Whether the database is fit for use."
  @spec healthy(handle()) :: {:ok, boolean()} | failure()
  def healthy(_handle), do: not_loaded()

  @doc "Metrics, JSON."
  @spec metrics(handle()) :: {:ok, binary()} | failure()
  def metrics(_handle), do: not_loaded()

  @doc "Starts the counts of metrics and cache statistics anew."
  @spec reset_metrics(handle()) :: :ok | failure()
  def reset_metrics(_handle), do: not_loaded()

  @doc "Cache statistics, JSON."
  @spec cache_stats(handle()) :: {:ok, binary()} | failure()
  def cache_stats(_handle), do: not_loaded()

  @doc "Forgets cached answers."
  @spec clear_cache(handle()) :: :ok | failure()
  def clear_cache(_handle), do: not_loaded()

  @doc "State of the circuit breaker: 0 closed, 1 half-open, 2 open."
  @spec breaker_state(handle()) :: {:ok, 0..2} | failure()
  def breaker_state(_handle), do: not_loaded()

  @doc "Overrules the circuit breaker: 0 automatic, 1 open, 2 close."
  @spec control_breaker(handle(), integer()) :: :ok | failure()
  def control_breaker(_handle, _action), do: not_loaded()

  @doc "Capabilities, JSON."
  @spec capabilities(handle()) :: {:ok, binary()} | failure()
  def capabilities(_handle), do: not_loaded()

  @doc "How the database was opened, JSON."
  @spec describe(handle()) :: {:ok, binary()} | failure()
  def describe(_handle), do: not_loaded()

  @doc "Replaces secrets; a JSON object."
  @spec set_credentials(handle(), binary()) :: :ok | failure()
  def set_credentials(_handle, _credentials_json), do: not_loaded()

  @doc "The backends, JSON."
  @spec backends() :: {:ok, binary()} | failure()
  def backends, do: not_loaded()

  @doc "The processor as the kernels see it, JSON."
  @spec cpu_features() :: {:ok, binary()} | failure()
  def cpu_features, do: not_loaded()

  @doc "The metrics of all open databases, text of Prometheus."
  @spec prometheus() :: {:ok, binary()} | failure()
  def prometheus, do: not_loaded()

  @doc "Version of the library."
  @spec version() :: binary()
  def version, do: not_loaded()

  @doc """
  Handles alive in this process of the operating system, as a tuple: databases, results, reports, tokens,
  requests.
  """
  @spec live_handles() :: tuple() | failure()
  def live_handles, do: not_loaded()

  @doc """
  The longest that a call held an ordinary scheduler since this was asked last, in nanoseconds. More than
  a million would be a defect: what takes that long belongs on a dirty one.
  """
  @spec longest_call() :: non_neg_integer()
  def longest_call, do: not_loaded()

  @doc "Sends log events of a level and above to a process."
  @spec log_set(pid(), 0..3) :: :ok | failure()
  def log_set(_pid, _level), do: not_loaded()

  @doc "Ends the log."
  @spec log_clear() :: :ok | failure()
  def log_clear, do: not_loaded()

  defp not_loaded, do: :erlang.nif_error(:not_loaded)
end
