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
  other process waits for it. When the caller dies, the call is cancelled. `timeout:` (milliseconds, or
  `:infinity`) bounds a call.
  """

  import VectorDB.Twin, only: [deftwin: 1]

  alias VectorDB.{Batch, Database, Error, JSON, Match, Native}
  alias VectorDB.{Operation, Options, Pages, Record, Rows, Vectors}

  @typedoc "A database, or the name of one in a supervision tree."
  @type database :: Database.t() | atom()
  @typedoc "List of numbers, binary of float32, or an `Nx` tensor."
  @type vector :: [number()] | binary() | struct()
  @type metadata :: %{optional(String.t() | atom()) => term()} | nil
  @type filter :: map() | keyword() | String.t() | nil
  @type answer(value) :: {:ok, value} | {:error, Error.t()}

  # ---- opening ------------------------------------------------------------------------------------

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

  Options: `backend:` (`:memory`), `dimensions:`, `metric:` (`:cosine`, `:l2` or `:dot`), and those of
  docs/options.md. An unknown one is an error that names the nearest known one.

      iex> {:ok, db} = VectorDB.create("docs", dimensions: 2, metric: :l2)
      iex> inspect(db)
      ~S(#VectorDB.Database<"docs" memory>)
      iex> {:error, error} = VectorDB.create("docs", dimension: 2)
      iex> error.code
      :invalid_option
  """
  @spec create(String.t() | atom(), keyword() | map()) :: answer(Database.t())
  def create(name, options \\ []) do
    with {:ok, name} <- database_name(name),
         {:ok, json} <- Options.open(options),
         {:ok, ref} <- Operation.answer(Native.open(name, json, 0)) do
      backend = options |> Map.new() |> backend_name()
      {:ok, %Database{ref: ref, name: name, backend: backend}}
    end
  end

  deftwin create(name, options \\ [])

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
  def namespace(database, name) do
    Operation.run(database, :namespace, fn %{ref: ref} = database ->
      with {:ok, name} <- text(name, "namespace"),
           {:ok, view} <- Operation.answer(Native.namespace(ref, name)) do
        {:ok, %{database | ref: view, namespace: name}}
      end
    end)
  end

  deftwin namespace(database, name)

  @doc "Closes a database or view. Calls that run finish; later ones are `:closed`."
  @spec close(database()) :: answer(database())
  def close(database), do: done(database, :close, fn %{ref: ref} -> Native.close(ref) end)

  deftwin close(database)

  # ---- writing ------------------------------------------------------------------------------------

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
  def add(database, id, vector, metadata \\ nil, options \\ []) do
    Operation.run(database, :add, fn %{ref: ref} ->
      with {:ok, _, timeout} <- Options.plain(options),
           {:ok, json} <- Batch.metadata_array([metadata]),
           answer = Native.upsert(ref, [id], [Vectors.one(vector)], json, timeout),
           {:ok, _report} <- Operation.answer(answer) do
        {:ok, id}
      end
    end)
  end

  deftwin add(database, id, vector, metadata \\ nil, options \\ [])

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
  def add_batch(database, batch, options \\ []) do
    Operation.run(database, :add_batch, fn %{ref: ref} ->
      with {:ok, _, timeout} <- Options.plain(options),
           {:ok, {ids, vectors, json}} <- Batch.normalise(batch),
           answer = Native.upsert(ref, ids, vectors, json, timeout),
           {:ok, {applied, _, _, _}} <- Operation.answer(answer) do
        {:ok, applied}
      end
    end)
  end

  deftwin add_batch(database, batch, options \\ [])

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
  def update_metadata(database, id, metadata, options \\ []) do
    Operation.run(database, :update_metadata, fn %{ref: ref} ->
      with {:ok, options, timeout} <- Options.plain(options, [:replace]),
           {:ok, flags} <- Options.replace(options),
           {:ok, json} <- Batch.encode_metadata(metadata),
           answer = Native.update_metadata(ref, [id], "[" <> json <> "]", flags, timeout),
           {:ok, _report} <- Operation.answer(answer) do
        {:ok, id}
      end
    end)
  end

  deftwin update_metadata(database, id, metadata, options \\ [])

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
  def delete(database, what, options \\ []) do
    Operation.run(database, :delete, fn %{ref: ref} ->
      with {:ok, report} <- delete_what(ref, what, options) |> Operation.answer() do
        {:ok, elem(report, 2)}
      end
    end)
  end

  deftwin delete(database, what, options \\ [])

  @doc "Deletes every record of this namespace. Options: `timeout:`."
  @spec clear(database(), keyword()) :: answer(database())
  def clear(database, options \\ []), do: timed(database, :clear, options, &Native.clear/2)

  deftwin clear(database, options \\ [])

  @doc """
  Deletes the collection itself, with all namespaces; later calls are `:not_found`. Refused from a view.
  Options: `timeout:`.
  """
  @spec drop(database(), keyword()) :: answer(database())
  def drop(database, options \\ []), do: timed(database, :drop, options, &Native.drop/2)

  deftwin drop(database, options \\ [])

  @doc "Returns when what was written is durable and visible. Options: `timeout:`."
  @spec flush(database(), keyword()) :: answer(database())
  def flush(database, options \\ []), do: timed(database, :flush, options, &Native.flush/2)

  deftwin flush(database, options \\ [])

  @doc "Builds an index over what is stored; `index` is a map as at opening. Options: `timeout:`."
  @spec create_index(database(), map() | nil, keyword()) :: answer(database())
  def create_index(database, index \\ nil, options \\ []) do
    timed(database, :create_index, options, fn ref, timeout ->
      with {:ok, json} <- Options.object(:index, index), do: Native.create_index(ref, json, timeout)
    end)
  end

  deftwin create_index(database, index \\ nil, options \\ [])

  @doc "Saving to a file arrives with the file backend: `:unsupported`."
  @spec save(database(), Path.t()) :: answer(database())
  def save(database, _path), do: without_files(database, :save)

  deftwin save(database, path)

  @doc "Loading from a file arrives with the file backend: `:unsupported`."
  @spec load(database(), Path.t()) :: answer(database())
  def load(database, _path), do: without_files(database, :load)

  deftwin load(database, path)

  # ---- reading ------------------------------------------------------------------------------------

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

  Example:

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add_batch!(db, [{"a", [1, 0], %{n: 1}}, {"b", [0, 1], %{n: 2}}])
      iex> {:ok, [match]} = VectorDB.search(db, [1, 0], filter: %{n: %{"$gt" => 1}}, include_vectors: true)
      iex> {match.id, match.score, match.vector}
      {"b", 0.0, [0.0, 1.0]}
  """
  @spec search(database(), vector(), keyword()) :: answer([Match.t()])
  def search(database, vector, options \\ []) do
    Operation.run(database, :search, fn %{ref: ref} ->
      with {:ok, {native, form}} <- Options.search(options),
           {:ok, rows} <- Operation.answer(Native.search(ref, Vectors.one(vector), native)) do
        {:ok, Rows.matches(rows, form)}
      end
    end)
  end

  deftwin search(database, vector, options \\ [])

  @doc """
  As `search/3` for many vectors, a list of them or a tensor of shape `{q, d}`: one pass over the data.
  Answers a list of matches for each.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add_batch!(db, [{"a", [1, 0]}, {"b", [0, 1]}])
      iex> {:ok, answers} = VectorDB.search_batch(db, [[1, 0], [0, 1]], top_k: 1)
      iex> for [match] <- answers, do: match.id
      ["a", "b"]
  """
  @spec search_batch(database(), [vector()] | struct(), keyword()) :: answer([[Match.t()]])
  def search_batch(database, vectors, options \\ []) do
    Operation.run(database, :search_batch, fn %{ref: ref} ->
      with {:ok, {native, form}} <- Options.search(options),
           vectors = Vectors.many(vectors, nil),
           {:ok, answers} <- Operation.answer(Native.search_batch(ref, vectors, native)) do
        {:ok, Enum.map(answers, &Rows.matches(&1, form))}
      end
    end)
  end

  deftwin search_batch(database, vectors, options \\ [])

  @doc "As `search/3`, near a stored record, which is left out itself. A missing one is `:not_found`."
  @spec search_by_id(database(), String.t(), keyword()) :: answer([Match.t()])
  def search_by_id(database, id, options \\ []) do
    Operation.run(database, :search_by_id, fn %{ref: ref} ->
      with {:ok, {native, form}} <- Options.search(options),
           {:ok, rows} <- Operation.answer(Native.search_by_id(ref, id, native)) do
        {:ok, Rows.matches(rows, form)}
      end
    end)
  end

  deftwin search_by_id(database, id, options \\ [])

  @doc """
  A record by id as `VectorDB.Record`, or `nil` when there is none. Options: `include_metadata:` (true),
  `include_vectors:` (true, false, `:binary`), `timeout:`.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add!(db, "a", [1, 0], %{n: 1})
      iex> VectorDB.get!(db, "a")
      %VectorDB.Record{id: "a", metadata: %{"n" => 1}, vector: [1.0, 0.0]}
      iex> VectorDB.get(db, "b")
      {:ok, nil}
  """
  @spec get(database(), String.t(), keyword()) :: answer(Record.t() | nil)
  def get(database, id, options \\ []) do
    with {:ok, [record]} <- get_records(database, :get, [id], options), do: {:ok, record}
  end

  deftwin get(database, id, options \\ [])

  @doc "As `get/3` for a list of ids: a list in their order, `nil` for each that is missing."
  @spec get_many(database(), [String.t()], keyword()) :: answer([Record.t() | nil])
  def get_many(database, ids, options \\ []), do: get_records(database, :get_many, ids, options)

  deftwin get_many(database, ids, options \\ [])

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
  def stream(database, options \\ []) do
    with {:ok, database} <- Operation.resolve(database),
         {:ok, page} <- Options.page(options),
         # A closed database or a wrong filter shows now, not in the middle of a pipeline.
         {:ok, _} <- Operation.answer(Native.count(database.ref, elem(page, 1), 0)) do
      {:ok, Pages.stream(database, page)}
    end
  end

  deftwin stream(database, options \\ [])

  @doc """
  Number of records of this namespace, or with `filter:` of those that match. Also `timeout:`.

      iex> db = VectorDB.create!("docs", dimensions: 2)
      iex> VectorDB.add_batch!(db, [{"a", [1, 0], %{n: 1}}, {"b", [0, 1], %{n: 2}}])
      iex> {VectorDB.count!(db), VectorDB.count!(db, filter: [n: 2])}
      {2, 1}
  """
  @spec count(database(), keyword()) :: answer(non_neg_integer())
  def count(database, options \\ []) do
    Operation.run(database, :count, fn %{ref: ref} ->
      with {:ok, options, timeout} <- Options.plain(options, [:filter]),
           {:ok, filter} <- Options.filter(options[:filter]),
           {:ok, {count, _exact}} <- Operation.answer(Native.count(ref, filter, timeout)) do
        {:ok, count}
      end
    end)
  end

  deftwin count(database, options \\ [])

  @doc "Names of the namespaces that hold records; `\"\"` is the default one."
  @spec namespaces(database()) :: answer([String.t()])
  def namespaces(database), do: decoded(database, :namespaces, &Native.namespaces/1)

  deftwin namespaces(database)

  @doc "Names of the collections the backend holds."
  @spec collections(database()) :: answer([String.t()])
  def collections(database), do: decoded(database, :collections, &Native.collections/1)

  deftwin collections(database)

  # ---- observing ----------------------------------------------------------------------------------

  @doc "What the backend can do, a map with string keys."
  @spec capabilities(database()) :: answer(map())
  def capabilities(database), do: decoded(database, :capabilities, &Native.capabilities/1)

  deftwin capabilities(database)

  @doc "How the database was really opened, a map with string keys. Never a secret's value."
  @spec describe(database()) :: answer(map())
  def describe(database), do: decoded(database, :describe, &Native.describe/1)

  deftwin describe(database)

  @doc "Count, description, metrics and cache statistics in one map with string keys."
  @spec stats(database()) :: answer(map())
  def stats(database) do
    with {:ok, count} <- count(database),
         {:ok, description} <- describe(database),
         {:ok, metrics} <- decoded(database, :metrics, &Native.metrics/1),
         {:ok, cache} <- decoded(database, :cache_stats, &Native.cache_stats/1) do
      {:ok, %{"count" => count, "describe" => description, "metrics" => metrics, "cache" => cache}}
    end
  end

  deftwin stats(database)

  @doc """
  Health, a map with string keys; `"status"` is `"ok"`, `"degraded"`, `"down"` or `"unknown"`. A closed
  database is `"down"`, with `"error"`. `probe: true` asks the backend instead of recent traffic.

      iex> VectorDB.health(VectorDB.create!("docs", dimensions: 2))["status"]
      "ok"
  """
  @spec health(database(), keyword()) :: map()
  def health(database, options \\ []) do
    with {:ok, options, _timeout} <- Options.plain(options, [:probe]),
         {:ok, flags} <- Options.probe(options),
         {:ok, health} <- decoded(database, :health, &Native.health(&1, flags)) do
      health
    else
      {:error, error} -> %{"status" => "down", "error" => Exception.message(error)}
    end
  end

  @doc "Whether the database is fit for use; false also for a closed one. Never asks the network."
  @spec healthy?(database()) :: boolean()
  def healthy?(database) do
    case Operation.resolve(database) do
      {:ok, %{ref: ref}} -> Native.healthy(ref) == {:ok, true}
      {:error, _} -> false
    end
  end

  @doc "Metrics, a map with string keys: `\"total_requests\"`, `\"success_rate\"`, ... Raises when closed."
  @spec metrics(database()) :: map()
  def metrics(database),
    do: database |> decoded(:metrics, &Native.metrics/1) |> VectorDB.Twin.unwrap()

  @doc "Cache statistics, a map with string keys; `%{\"enabled\" => false}` without one. Raises when closed."
  @spec cache_stats(database()) :: map()
  def cache_stats(database),
    do: database |> decoded(:cache_stats, &Native.cache_stats/1) |> VectorDB.Twin.unwrap()

  @doc "Forgets every cached answer."
  @spec clear_cache(database()) :: answer(database())
  def clear_cache(database),
    do: done(database, :clear_cache, fn %{ref: ref} -> Native.clear_cache(ref) end)

  deftwin clear_cache(database)

  @doc "State of the circuit breaker. Raises when closed."
  @spec circuit_breaker(database()) :: :closed | :half_open | :open
  def circuit_breaker(database) do
    state =
      Operation.run(database, :circuit_breaker, fn %{ref: ref} -> Native.breaker_state(ref) end)

    elem({:closed, :half_open, :open}, VectorDB.Twin.unwrap(state))
  end

  @doc "Overrules the circuit breaker: `:force_open`, `:force_close`, or `:automatic` again."
  @spec control_breaker(database(), :automatic | :force_open | :force_close) :: answer(database())
  def control_breaker(database, action) do
    done(database, :control_breaker, fn %{ref: ref} ->
      case Enum.find_index([:automatic, :force_open, :force_close], &(&1 == action)) do
        nil -> {:error, Error.new(:invalid_argument, "no breaker action: #{shown(action)}")}
        number -> Native.control_breaker(ref, number)
      end
    end)
  end

  deftwin control_breaker(database, action)

  @doc "Replaces secrets without reopening: a map of `\"api_key\"`, `\"token\"`, ..."
  @spec set_credentials(database(), map()) :: answer(database())
  def set_credentials(database, credentials) do
    done(database, :set_credentials, fn %{ref: ref} ->
      with {:ok, json} <- Options.credentials(credentials), do: Native.set_credentials(ref, json)
    end)
  end

  deftwin set_credentials(database, credentials)

  @doc """
  Names of the backends the library knows.

      iex> :memory in VectorDB.supported_backends!()
      true
  """
  @spec supported_backends() :: answer([atom()])
  def supported_backends, do: backends(fn _ -> true end)

  deftwin supported_backends()

  @doc "Names of the backends that this build can open now."
  @spec available_backends() :: answer([atom()])
  def available_backends, do: backends(& &1["available"])

  deftwin available_backends()

  @doc "Version of the library, `\"0.1.0\"`."
  @spec version() :: String.t()
  def version, do: Native.version()

  @doc "The processor as the library's kernels see it."
  @spec cpu_features() :: answer(map())
  def cpu_features do
    with {:ok, json} <- Operation.answer(Native.cpu_features()), do: decode(json)
  end

  deftwin cpu_features()

  # ---- parts --------------------------------------------------------------------------------------

  defp database_name(name) when is_atom(name) and not is_nil(name),
    do: {:ok, Atom.to_string(name)}

  defp database_name(name), do: text(name, "name")

  defp backend_name(options), do: to_string(options[:backend] || options["backend"] || "memory")

  defp text(text, _what) when is_binary(text), do: {:ok, text}

  defp text(other, what),
    do: {:error, Error.new(:invalid_argument, "#{what} must be a string: #{shown(other)}")}

  defp delete_what(ref, [{:filter, filter} | more], options) do
    with {:ok, _, timeout} <- Options.plain(more ++ options),
         {:ok, filter} <- Options.filter(filter) do
      Native.delete_where(ref, filter, timeout)
    end
  end

  defp delete_what(ref, ids, options) do
    with {:ok, _, timeout} <- Options.plain(options) do
      Native.delete(ref, if(is_binary(ids), do: [ids], else: ids), timeout)
    end
  end

  defp get_records(database, operation, ids, options) do
    Operation.run(database, operation, fn %{ref: ref} ->
      with {:ok, {flags, timeout, form}} <- Options.get(options),
           {:ok, rows} <- Operation.answer(Native.get(ref, ids, flags, timeout)) do
        {:ok, Rows.records(rows, form)}
      end
    end)
  end

  # For what has no value: the database as it was given, so that calls can be piped.
  defp done(database, operation, body) do
    Operation.run(database, operation, fn handle ->
      with :ok <- body.(handle), do: {:ok, database}
    end)
  end

  defp timed(database, operation, options, body) do
    done(database, operation, fn %{ref: ref} ->
      with {:ok, _, timeout} <- Options.plain(options), do: body.(ref, timeout)
    end)
  end

  defp without_files(database, operation) do
    Operation.run(database, operation, fn %{backend: backend} ->
      message = "#{operation} needs the file backend, which this version does not hold"
      {:error, %{Error.new(:unsupported, message) | backend: backend}}
    end)
  end

  defp decoded(database, operation, body) do
    Operation.run(database, operation, fn %{ref: ref} ->
      with {:ok, json} <- Operation.answer(body.(ref)), do: decode(json)
    end)
  end

  defp decode(json) do
    with {:error, message} <- JSON.decode(json), do: {:error, Error.new(:internal, message)}
  end

  # The names are the library's own, so their number is bounded.
  defp backends(keep?) do
    with {:ok, json} <- Operation.answer(Native.backends()),
         {:ok, backends} <- decode(json) do
      {:ok, for(backend <- backends, keep?.(backend), do: String.to_atom(backend["name"]))}
    end
  end

  defp shown(term), do: inspect(term, limit: 5, printable_limit: 40)
end
