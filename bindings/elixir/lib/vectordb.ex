defmodule VectorDB do
  @moduledoc """
  One interface to vector databases, and a fast one in the process itself.

      iex> db = VectorDB.create!("docs", dimensions: 3)
      iex> VectorDB.add!(db, "cat", [1.0, 0.0, 0.1], %{kind: "animal", legs: 4})
      iex> VectorDB.add!(db, "car", [0.0, 1.0, 0.0], %{kind: "thing", legs: 0})
      iex> [match] = VectorDB.search!(db, [1, 0, 0], top_k: 1)
      iex> {match.id, match.metadata}
      {"cat", %{"kind" => "animal", "legs" => 4}}
      iex> VectorDB.close!(db)

  ## Answers

  Functions answer `{:ok, value}` or `{:error, %VectorDB.Error{}}`, and have a twin with `!` that
  returns the value or raises. Health and metrics (`health/2`, `healthy?/1`, `metrics/1`,
  `cache_stats/1`, `circuit_breaker/1`) answer plain values.

  ## Databases and names

  Where a function takes a database it takes what `create/2` gave, or the name of one in a supervision
  tree:

      children = [
        {VectorDB, name: MyApp.VDB, dimensions: 384, metric: :cosine}
      ]

      VectorDB.search(MyApp.VDB, vector, top_k: 5)

  Calls run in the process of the caller. Any number of processes may use a database at a time.

  ## Vectors, ids, metadata

  A vector is a list of numbers, a binary of float32 in machine order, or an `Nx` tensor. An id is a
  string of 1 to 512 bytes. Metadata is a map whose values are strings, numbers, booleans or lists of
  strings; it comes back with string keys, and no atom is ever made from it.

  ## Filters

  A filter is a map in the operators of docs/filters.md (`$eq $ne $gt $gte $lt $lte $in $nin $exists
  $and $or $not`):

      %{"kind" => "animal", "legs" => %{"$gte" => 2}}
      [kind: "animal"]

  ## Long calls

  What is estimated to take more than a fifth of a millisecond runs on a dirty scheduler, so that no
  other process waits for it. A call that waits for a backend holds no scheduler: its process waits for a
  message. When the caller dies, the call is cancelled. `timeout:` (milliseconds, or `:infinity`) bounds a
  call; it never leaves a message behind.
  """

  import VectorDB.Twin, only: [deftwin: 2]

  alias VectorDB.{Database, Error, Match, Observing, Opening, Reading, Record, Writing}

  @typedoc "A database, or the name of one in a supervision tree."
  @type database :: Database.t() | atom()
  @typedoc "List of numbers, binary of float32, or an `Nx` tensor."
  @type vector :: [number()] | binary() | struct()
  @type metadata :: %{optional(String.t() | atom()) => term()} | nil
  @type filter :: map() | keyword() | String.t() | nil
  @typedoc "What a read answers; with `info: true` also how the answer was made."
  @type told(value) :: value | {value, %{optional(String.t()) => term()}}
  @type answer(value) :: {:ok, value} | {:error, Error.t()}

  # ---- opening -------------------------------------------------------------------------------------

  @doc """
  A child specification: `{VectorDB, name: MyApp.VDB, backend: :memory, dimensions: 384}`.

  Options are those of `create/2` and `:name`, an atom. `:database` is the name that the backend sees;
  without it it is made of `:name`. A wrong option stops the start; a backend that is away does not,
  since it is connected to by the first call. A memory database lives as long as its process in the tree.
  """
  @spec child_spec(keyword()) :: Supervisor.child_spec()
  def child_spec(options) do
    %{
      id: {__MODULE__, options[:name]},
      start: {VectorDB.Server, :start_link, [options]},
      type: :worker
    }
  end

  @doc """
  Opens a database, creating it when it is absent.

  Options: `backend:` (`:memory`, or one of `available_backends/0`), `dimensions:`, `metric:` (`:cosine`,
  `:l2` or `:dot`), and those of docs/options.md. An unknown one is an error that names the nearest known one.

      iex> {:ok, db} = VectorDB.create("docs", dimensions: 2, metric: :l2)
      iex> inspect(db)
      ~S(#VectorDB.Database<"docs" memory>)
      iex> {:error, error} = VectorDB.create("docs", dimension: 2)
      iex> error.code
      :invalid_option
  """
  @spec create(String.t() | atom(), keyword() | map()) :: answer(Database.t())
  deftwin create(name, options \\ []), to: Opening

  @doc """
  A view of one namespace of the same database; `""` is the default one. Cheap; a record belongs to
  exactly one namespace.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> view = VectorDB.namespace!(db, "tenant-1")
      iex> VectorDB.add!(view, "a", [1, 0])
      iex> {VectorDB.count!(view), VectorDB.count!(db)}
      {1, 0}
  """
  @spec namespace(database(), String.t()) :: answer(Database.t())
  deftwin namespace(database, name), to: Opening

  @doc "Closes a database or view. Calls that run finish; later ones are `:closed`."
  @spec close(database()) :: answer(database())
  deftwin close(database), to: Opening

  # ---- writing -------------------------------------------------------------------------------------

  @doc """
  Writes one record, replacing the one of the same id. Answers the id. Options: `timeout:`.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add(db, "a", [0.5, 0.5], %{lang: "en"})
      {:ok, "a"}
      iex> {:error, error} = VectorDB.add(db, "b", [1, 2, 3])
      iex> error.code
      :dimension_mismatch
  """
  @spec add(database(), String.t(), vector(), metadata(), keyword()) :: answer(String.t())
  deftwin add(database, id, vector, metadata \\ nil, options \\ []), to: Writing

  @doc """
  Writes many records and answers their number. Much faster than one by one.

  The batch is a list of `{id, vector, metadata}`, `{id, vector}` or maps with `id`, `vector` and
  `metadata`, or, packed, a map: `:ids`, a list; `:vectors`, a list, a tensor of shape `{n, d}`, or one
  binary of `n` rows; `:metadata`, a list of maps, or the text of a JSON array. It is checked whole
  first: one bad record refuses it, is named, and nothing changes. Options: `timeout:`.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add_batch(db, [{"a", [1, 0], %{n: 1}}, %{id: "b", vector: [0, 1]}])
      {:ok, 2}
      iex> packed = for x <- [1.0, 0.0, 0.0, 1.0], into: <<>>, do: <<x::float-32-native>>
      iex> VectorDB.add_batch(db, %{ids: ["c", "d"], vectors: packed})
      {:ok, 2}
  """
  @spec add_batch(database(), list() | map(), keyword()) :: answer(non_neg_integer())
  deftwin add_batch(database, batch, options \\ []), to: Writing

  @doc """
  Merges metadata into a record's (`nil` removes a key), or replaces it with `replace: true`. Answers the
  id; a missing record is `:not_found` and is not created. Also `timeout:`.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add!(db, "a", [1, 0], %{x: 1, y: 2})
      iex> VectorDB.update_metadata!(db, "a", %{y: nil, z: true})
      iex> VectorDB.get!(db, "a").metadata
      %{"x" => 1, "z" => true}
  """
  @spec update_metadata(database(), String.t(), map(), keyword()) :: answer(String.t())
  deftwin update_metadata(database, id, metadata, options \\ []), to: Writing

  @doc """
  Deletes records: by id, by a list of ids, or with `filter:` those that match. Answers their number, or
  `nil` where the backend does not say. Unknown ids are no error. Also `timeout:`.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add_batch!(db, [{"a", [1, 0], %{n: 1}}, {"b", [0, 1], %{n: 2}}, {"c", [1, 1]}])
      iex> {VectorDB.delete!(db, "a"), VectorDB.delete!(db, filter: %{n: 2}), VectorDB.count!(db)}
      {1, 1, 1}
  """
  @spec delete(database(), String.t() | [String.t()] | [filter: filter()], keyword()) ::
          answer(non_neg_integer() | nil)
  deftwin delete(database, what, options \\ []), to: Writing

  @doc "Deletes every record of this namespace. Options: `timeout:`."
  @spec clear(database(), keyword()) :: answer(database())
  deftwin clear(database, options \\ []), to: Writing

  @doc """
  Deletes the collection itself, with all namespaces; later calls are `:not_found`. Refused from a view.
  Options: `timeout:`.
  """
  @spec drop(database(), keyword()) :: answer(database())
  deftwin drop(database, options \\ []), to: Writing

  @doc "Returns when what was written is durable and visible. Options: `timeout:`."
  @spec flush(database(), keyword()) :: answer(database())
  deftwin flush(database, options \\ []), to: Writing

  @doc "Builds an index over what is stored; `index` is a map as at opening. Options: `timeout:`."
  @spec create_index(database(), map() | nil, keyword()) :: answer(database())
  deftwin create_index(database, index \\ nil, options \\ []), to: Writing

  @doc "Saving to a file arrives with the file backend: `:unsupported`."
  @spec save(database(), Path.t()) :: answer(database())
  deftwin save(database, path), to: Writing

  @doc "Loading from a file arrives with the file backend: `:unsupported`."
  @spec load(database(), Path.t()) :: answer(database())
  deftwin load(database, path), to: Writing

  # ---- reading -------------------------------------------------------------------------------------

  @doc """
  The records nearest to a vector, nearest first, as `VectorDB.Match`.

    * `top_k:` - how many, 10
    * `filter:` - only among records that match
    * `include_metadata:` - true
    * `include_vectors:` (or `include_embeddings:`) - false; `:binary` gives float32 as stored
    * `exact:` - exact neighbours whatever index exists; `ef:` - candidates of an approximate one
    * `min_score:`, `max_distance:` - drop what is farther
    * `timeout:` - milliseconds, or `:infinity`
    * `extra:` - a map of options of one backend alone
    * `info:` - with true the value is `{matches, info}`, where info is a map with string keys that tells how
      the answer was made: `"cached"`, `"stale"`, `"age_ms"`, `"attempts"`, `"exact"`, `"index"`

  Example:

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add_batch!(db, [{"a", [1, 0], %{n: 1}}, {"b", [0, 1], %{n: 2}}])
      iex> {:ok, [match]} = VectorDB.search(db, [1, 0], filter: %{n: %{"$gt" => 1}}, include_vectors: true)
      iex> {match.id, match.score, match.vector}
      {"b", 0.0, [0.0, 1.0]}
      iex> {:ok, {[_, _], info}} = VectorDB.search(db, [1, 0], info: true)
      iex> {info["attempts"], info["cached"]}
      {1, false}
  """
  @spec search(database(), vector(), keyword()) :: answer(told([Match.t()]))
  deftwin search(database, vector, options \\ []), to: Reading

  @doc """
  As `search/3` for many vectors, a list of them or a tensor of shape `{q, d}`: one pass over the data.
  Answers a list of matches for each.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add_batch!(db, [{"a", [1, 0]}, {"b", [0, 1]}])
      iex> {:ok, answers} = VectorDB.search_batch(db, [[1, 0], [0, 1]], top_k: 1)
      iex> for [match] <- answers, do: match.id
      ["a", "b"]
  """
  @spec search_batch(database(), [vector()] | struct(), keyword()) :: answer(told([[Match.t()]]))
  deftwin search_batch(database, vectors, options \\ []), to: Reading

  @doc "As `search/3`, near a stored record, which is left out itself. A missing one is `:not_found`."
  @spec search_by_id(database(), String.t(), keyword()) :: answer(told([Match.t()]))
  deftwin search_by_id(database, id, options \\ []), to: Reading

  @doc """
  A record by id as `VectorDB.Record`, or `nil` when there is none. Options: `include_metadata:` (true),
  `include_vectors:` (true, false, `:binary`), `timeout:`, `info:` as in `search/3`.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add!(db, "a", [1, 0], %{n: 1})
      iex> VectorDB.get!(db, "a")
      %VectorDB.Record{id: "a", metadata: %{"n" => 1}, vector: [1.0, 0.0]}
      iex> VectorDB.get(db, "b")
      {:ok, nil}
  """
  @spec get(database(), String.t(), keyword()) :: answer(told(Record.t() | nil))
  deftwin get(database, id, options \\ []), to: Reading

  @doc "As `get/3` for a list of ids: a list in their order, `nil` for each that is missing."
  @spec get_many(database(), [String.t()], keyword()) :: answer(told([Record.t() | nil]))
  deftwin get_many(database, ids, options \\ []), to: Reading

  @doc """
  All records, or with `filter:` those that match, as a lazy enumerable in no promised order. Pages of
  `page_size:` (1000) records are fetched as they are needed; an error in a later page raises. Options
  else as `get/3`, but without vectors unless asked for.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add_batch!(db, for(n <- 1..25, do: {"id-\#{n}", [n, 1], %{n: n}}))
      iex> db |> VectorDB.stream!(page_size: 10) |> Enum.map(& &1.metadata["n"]) |> Enum.sum()
      325
  """
  @spec stream(database(), keyword()) :: answer(Enumerable.t())
  deftwin stream(database, options \\ []), to: Reading

  @doc """
  Number of records of this namespace, or with `filter:` of those that match. Also `timeout:`.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add_batch!(db, [{"a", [1, 0], %{n: 1}}, {"b", [0, 1], %{n: 2}}])
      iex> {VectorDB.count!(db), VectorDB.count!(db, filter: [n: 2])}
      {2, 1}
  """
  @spec count(database(), keyword()) :: answer(non_neg_integer())
  deftwin count(database, options \\ []), to: Reading

  @doc "Names of the namespaces that hold records; `\"\"` is the default one."
  @spec namespaces(database()) :: answer([String.t()])
  deftwin namespaces(database), to: Reading

  @doc "Names of the collections the backend holds."
  @spec collections(database()) :: answer([String.t()])
  deftwin collections(database), to: Reading

  # ---- observing -----------------------------------------------------------------------------------

  @doc "What the backend can do, a map with string keys."
  @spec capabilities(database()) :: answer(map())
  deftwin capabilities(database), to: Observing

  @doc "How the database was really opened, a map with string keys. Never a secret's value."
  @spec describe(database()) :: answer(map())
  deftwin describe(database), to: Observing

  @doc "Count, description, metrics and cache statistics in one map with string keys."
  @spec stats(database()) :: answer(map())
  deftwin stats(database), to: Observing

  @doc """
  Health, a map with string keys; `"status"` is `"ok"`, `"degraded"`, `"down"` or `"unknown"`. A closed
  database is `"down"`, with `"error"`. `probe: true` asks the backend instead of recent traffic.

      iex> VectorDB.health(VectorDB.create!("docs", dimensions: 2))["status"]
      "ok"
  """
  @spec health(database(), keyword()) :: map()
  defdelegate health(database, options \\ []), to: Observing

  @doc "Whether the database is fit for use; false also for a closed one. Never asks the network."
  @spec healthy?(database()) :: boolean()
  defdelegate healthy?(database), to: Observing

  @doc "Metrics, a map with string keys: `\"total_requests\"`, `\"success_rate\"`, ... Raises when closed."
  @spec metrics(database()) :: map()
  defdelegate metrics(database), to: Observing

  @doc """
  Starts the counts of metrics and of cache statistics anew.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.count!(db)
      iex> {:ok, ^db} = VectorDB.reset_metrics(db)
      iex> VectorDB.metrics(db)["total_requests"]
      0
  """
  @spec reset_metrics(database()) :: answer(database())
  deftwin reset_metrics(database), to: Observing

  @doc "Cache statistics, a map with string keys; `%{\"enabled\" => false}` without one. Raises when closed."
  @spec cache_stats(database()) :: map()
  defdelegate cache_stats(database), to: Observing

  @doc "Forgets every cached answer."
  @spec clear_cache(database()) :: answer(database())
  deftwin clear_cache(database), to: Observing

  @doc "State of the circuit breaker. Raises when closed."
  @spec circuit_breaker(database()) :: :closed | :half_open | :open
  defdelegate circuit_breaker(database), to: Observing

  @doc "Overrules the circuit breaker: `:force_open`, `:force_close`, or `:automatic` again."
  @spec control_breaker(database(), :automatic | :force_open | :force_close) :: answer(database())
  deftwin control_breaker(database, action), to: Observing

  @doc "Replaces secrets without reopening: a map of `\"api_key\"`, `\"token\"`, ..."
  @spec set_credentials(database(), map()) :: answer(database())
  deftwin set_credentials(database, credentials), to: Observing

  @doc """
  Names of the backends the library knows.

      iex> :memory in VectorDB.supported_backends!()
      true
  """
  @spec supported_backends() :: answer([atom()])
  deftwin supported_backends(), to: Observing

  @doc "Names of the backends that this build can open now."
  @spec available_backends() :: answer([atom()])
  deftwin available_backends(), to: Observing

  @doc "Version of the library, `\"0.1.0\"`."
  @spec version() :: String.t()
  defdelegate version(), to: Observing

  @doc """
  The metrics of all open databases of the virtual machine in the text format of Prometheus, for an
  application to serve.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.count!(db)
      iex> VectorDB.prometheus!() =~ ~s(vectordb_attempts_total{database="docs",backend="memory"})
      true
      iex> VectorDB.healthy?(db)
      true
  """
  @spec prometheus() :: answer(String.t())
  deftwin prometheus(), to: Observing

  @doc "The processor as the library's kernels see it."
  @spec cpu_features() :: answer(map())
  deftwin cpu_features(), to: Observing
end
