defmodule VectorDB.RecordsTest do
  use ExUnit.Case, async: true

  import VectorDB.Fixtures
  alias VectorDB.{Match, Record}

  setup do
    database = VectorDB.create!("records", dimensions: 3)
    on_exit(fn -> VectorDB.close(database) end)
    %{db: database}
  end

  test "a record comes back as it was written", %{db: db} do
    metadata = %{"s" => "水", "i" => 5, "f" => 2.5, "t" => true, "l" => ["a", "b"], "e" => ""}
    assert VectorDB.add(db, "naïve id", [0.5, -1, 2.0e3], metadata) == {:ok, "naïve id"}

    assert VectorDB.get(db, "naïve id") ==
             {:ok, %Record{id: "naïve id", vector: [0.5, -1.0, 2000.0], metadata: metadata}}
  end

  test "every form of vector is the same vector", %{db: db} do
    bytes = pack([0.1, 2.0, -3.0])
    <<_odd, unaligned::binary-size(12)>> = <<1, bytes::binary>>
    VectorDB.add!(db, "list", [0.1, 2, -3])
    VectorDB.add!(db, "binary", bytes)
    VectorDB.add!(db, "unaligned", unaligned)

    records = VectorDB.get_many!(db, ["list", "binary", "unaligned"], include_vectors: :binary)
    assert Enum.map(records, & &1.vector) == [bytes, bytes, bytes]

    for query <- [[0.1, 2, -3], bytes, unaligned] do
      assert [%Match{distance: distance}, _, _] = VectorDB.search!(db, query)
      assert_in_delta distance, 0.0, 1.0e-6
    end
  end

  test "adding an id again replaces the record", %{db: db} do
    VectorDB.add!(db, "a", [1, 0, 0], %{n: 1, old: true})
    VectorDB.add!(db, "a", [0, 1, 0], %{n: 2})
    assert VectorDB.count!(db) == 1

    assert VectorDB.get!(db, "a") == %Record{
             id: "a",
             vector: [0.0, 1.0, 0.0],
             metadata: %{"n" => 2}
           }
  end

  test "batches: tuples, maps, packed", %{db: db} do
    assert VectorDB.add_batch(db, []) == {:ok, 0}

    items = [
      {"a", [1, 0, 0], %{n: 1}},
      {"b", pack([0, 1, 0])},
      %{id: "c", vector: [0, 0, 1], metadata: %{"n" => 3}},
      %{"id" => "d", "embedding" => [1, 1, 1]}
    ]

    assert VectorDB.add_batch(db, items) == {:ok, 4}
    packed = %{ids: ["e", "f"], vectors: pack([1, 2, 3, 4, 5, 6]), metadata: [nil, %{n: 6}]}
    assert VectorDB.add_batch(db, packed) == {:ok, 2}

    assert VectorDB.add_batch(db, %{ids: ["g"], vectors: [[7, 8, 9]], metadata: ~S([{"n":7}])}) ==
             {:ok, 1}

    assert [a, b, _c, _d, _e, f, g] = VectorDB.get_many!(db, ~w(a b c d e f g))
    assert a.metadata == %{"n" => 1}
    assert b == %Record{id: "b", vector: [0.0, 1.0, 0.0], metadata: %{}}
    assert {f.vector, f.metadata} == {[4.0, 5.0, 6.0], %{"n" => 6}}
    assert {g.vector, g.metadata} == {[7.0, 8.0, 9.0], %{"n" => 7}}
  end

  test "a repeated id in a batch: the last one wins", %{db: db} do
    VectorDB.add_batch!(db, [{"a", [1, 0, 0], %{n: 1}}, {"a", [0, 1, 0], %{n: 2}}])
    assert VectorDB.get!(db, "a").metadata == %{"n" => 2}
    assert VectorDB.count!(db) == 1
  end

  test "ids that differ in case or normalisation are different", %{db: db} do
    ids = ["a", "A", "caf\u00e9", "cafe\u0301"]
    for {id, n} <- Enum.with_index(ids), do: VectorDB.add!(db, id, [n, 1, 0], %{n: n})
    assert VectorDB.count!(db) == 4
    assert VectorDB.get_many!(db, ids) |> Enum.map(& &1.metadata["n"]) == [0, 1, 2, 3]
  end

  test "get_many keeps the order and says what is missing", %{db: db} do
    VectorDB.add_batch!(db, [{"a", [1, 0, 0]}, {"b", [0, 1, 0]}])
    assert [%{id: "b"}, nil, %{id: "a"}, %{id: "b"}] = VectorDB.get_many!(db, ["b", "x", "a", "b"])
    assert VectorDB.get_many!(db, []) == []
    assert VectorDB.get(db, "x") == {:ok, nil}
  end

  test "what is included", %{db: db} do
    VectorDB.add!(db, "a", [1, 0, 0], %{n: 1})

    assert %{metadata: nil, vector: nil} =
             VectorDB.get!(db, "a", include_metadata: false, include_vectors: false)

    assert [%{metadata: %{"n" => 1}, vector: nil}] = VectorDB.search!(db, [1, 0, 0])

    assert [%{metadata: nil, vector: [1.0, 0.0, 0.0]}] =
             VectorDB.search!(db, [1, 0, 0], include_metadata: false, include_embeddings: true)
  end

  test "update_metadata merges, removes, replaces", %{db: db} do
    VectorDB.add!(db, "a", [1, 0, 0], %{x: 1, y: 2})
    assert VectorDB.update_metadata(db, "a", %{y: 3, z: "new"}) == {:ok, "a"}
    assert VectorDB.get!(db, "a").metadata == %{"x" => 1, "y" => 3, "z" => "new"}
    VectorDB.update_metadata!(db, "a", %{x: nil})
    assert VectorDB.get!(db, "a").metadata == %{"y" => 3, "z" => "new"}
    VectorDB.update_metadata!(db, "a", %{only: true}, replace: true)
    assert VectorDB.get!(db, "a").metadata == %{"only" => true}
    assert VectorDB.get!(db, "a").vector == [1.0, 0.0, 0.0]
    assert code(VectorDB.update_metadata(db, "x", %{y: 1})) == :not_found
    assert VectorDB.get!(db, "x") == nil
  end

  test "delete by id, ids and filter", %{db: db} do
    VectorDB.add_batch!(db, for(n <- 1..10, do: {"#{n}", [n, 1, 0], %{n: n}}))
    assert VectorDB.delete(db, "1") == {:ok, 1}
    assert VectorDB.delete(db, ["2", "3", "unknown"]) == {:ok, 2}
    assert VectorDB.delete(db, "1") == {:ok, 0}
    assert VectorDB.delete(db, filter: %{n: %{"$gte" => 9}}) == {:ok, 2}
    assert VectorDB.delete(db, []) == {:ok, 0}
    assert VectorDB.count!(db) == 5
    assert code(VectorDB.delete(db, filter: %{})) == :invalid_filter
    assert VectorDB.count!(db) == 5
  end

  test "clear and drop", %{db: db} do
    VectorDB.add!(db, "a", [1, 0, 0])
    assert VectorDB.clear(db) == {:ok, db}
    assert VectorDB.count!(db) == 0
    assert VectorDB.flush(db) == {:ok, db}
    assert VectorDB.drop(db) == {:ok, db}
    assert code(VectorDB.count(db)) == :not_found
  end

  test "namespaces keep records apart", %{db: db} do
    one = VectorDB.namespace!(db, "one")
    two = VectorDB.namespace!(db, "two")
    VectorDB.add!(db, "a", [1, 0, 0], %{in: "default"})
    VectorDB.add!(one, "a", [1, 0, 0], %{in: "one"})
    VectorDB.add!(two, "b", [1, 0, 0], %{in: "two"})

    assert VectorDB.get!(one, "a").metadata == %{"in" => "one"}
    assert VectorDB.get!(two, "a") == nil
    assert [%{id: "b"}] = VectorDB.search!(two, [1, 0, 0])
    assert VectorDB.namespaces(db) == {:ok, ["", "one", "two"]}
    assert code(VectorDB.drop(one)) == :invalid_argument

    VectorDB.clear!(one)
    assert {VectorDB.count!(one), VectorDB.count!(two), VectorDB.count!(db)} == {0, 1, 1}
    assert inspect(two) == ~S(#VectorDB.Database<"records" memory "two">)
  end

  test "a view outlives the handle it came from" do
    db = VectorDB.create!("parent", dimensions: 1)
    view = VectorDB.namespace!(db, "v")
    VectorDB.close!(db)
    assert VectorDB.add(view, "a", [1]) == {:ok, "a"}
    assert VectorDB.count!(view) == 1
    VectorDB.close!(view)
  end

  test "stream goes through all pages, also filtered", %{db: db} do
    VectorDB.add_batch!(
      db,
      for(n <- 1..1234, do: {"#{n}", [n, 1, 0], %{n: n, even: rem(n, 2) == 0}})
    )

    ids = fn options -> db |> VectorDB.stream!(options) |> Enum.map(& &1.id) |> Enum.sort() end
    all = Enum.map(1..1234, &to_string/1) |> Enum.sort()
    assert ids.([]) == all
    assert ids.(page_size: 7) == all
    assert length(ids.(page_size: 10, filter: %{even: true})) == 617

    assert [%Record{vector: [_, _, _]}] =
             db |> VectorDB.stream!(include_vectors: true) |> Enum.take(1)

    assert code(VectorDB.stream(db, filter: %{n: %{"$huh" => 1}})) == :invalid_filter
    assert code(VectorDB.stream(db, page_size: 0)) == :invalid_argument
  end

  test "what the backend says of itself", %{db: db} do
    VectorDB.add!(db, "a", [1, 0, 0])
    assert VectorDB.health(db)["status"] == "ok"
    assert VectorDB.health(db, probe: true)["status"] == "ok"
    assert VectorDB.healthy?(db)
    assert %{"backend" => "memory", "total_requests" => requests} = VectorDB.metrics(db)
    assert requests >= 1
    assert %{"enabled" => false} = VectorDB.cache_stats(db)
    assert VectorDB.clear_cache(db) == {:ok, db}
    assert VectorDB.circuit_breaker(db) == :closed
    assert code(VectorDB.control_breaker(db, :explode)) == :invalid_argument
    assert %{"backend" => "memory"} = VectorDB.capabilities!(db)
    assert %{"backend" => "memory", "dimensions" => 3} = VectorDB.describe!(db)
    assert %{"count" => 1, "metrics" => %{}, "cache" => %{}} = VectorDB.stats!(db)
    assert {:ok, names} = VectorDB.collections(db)
    assert is_list(names)
    assert code(VectorDB.set_credentials(db, %{"api_key" => "x"})) == :unsupported
    assert code(VectorDB.save(db, "file")) == :unsupported
    assert code(VectorDB.load(db, "file")) == :unsupported
  end

  test "what the library says of itself" do
    assert VectorDB.version() == "0.1.0"
    assert %{"architecture" => _, "kernels" => _} = VectorDB.cpu_features!()
    supported = VectorDB.supported_backends!()
    assert Enum.all?([:memory, :qdrant, :pgvector], &(&1 in supported))
    assert :memory in VectorDB.available_backends!()
    assert VectorDB.available_backends!() -- supported == []
  end
end
