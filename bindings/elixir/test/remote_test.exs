defmodule VectorDB.RemoteTest do
  # The network backends against their real servers. Counts handles of the whole VM, so nothing else may run.
  use ExUnit.Case, async: false

  import VectorDB.Fixtures
  alias VectorDB.{Native, Servers}

  @backends ~w(pgvector redis chroma milvus)a

  @moduletag :remote
  @moduletag timeout: 180_000

  setup_all do
    %{servers: Servers.start(@backends)}
  end

  for backend <- @backends do
    @tag backend: backend
    test "#{backend}: the whole life of a collection", %{servers: servers, backend: backend} do
      options = servers[backend]
      name = "elixir_#{System.unique_integer([:positive])}"
      db = VectorDB.create!(name, [dimensions: 3, metric: :cosine] ++ Map.to_list(options))

      records =
        for n <- 1..300,
            do:
              {"id #{n}/é", [1, n / 100, 0], %{n: n, even: rem(n, 2) == 0, tags: ["t#{rem(n, 3)}"]}}

      assert VectorDB.add_batch(db, records) == {:ok, 300}
      assert {:ok, ^db} = VectorDB.flush(db)

      assert [%{id: "id 7/é", metadata: metadata, vector: vector} = match | _] =
               VectorDB.search!(db, [1, 0.07, 0], top_k: 3, include_vectors: true)

      assert metadata == %{"n" => 7, "even" => false, "tags" => ["t1"]}
      assert_in_delta match.score, 1, 1.0e-4
      assert_in_delta Enum.at(vector, 1) / hd(vector), 0.07, 1.0e-4

      hits =
        VectorDB.search!(db, [1, 0.07, 0], top_k: 300, filter: %{even: true, n: %{"$lte" => 20}})

      assert hits |> Enum.map(& &1.metadata["n"]) |> Enum.sort() == Enum.to_list(2..20//2)

      [[_, _], [%{id: "id 300/é"}, _]] =
        VectorDB.search_batch!(db, [[1, 0, 0], [1, 3, 0]], top_k: 2)

      assert [%{metadata: %{"n" => 1}}, nil] = VectorDB.get_many!(db, ["id 1/é", "none"])
      assert VectorDB.add!(db, "id 1/é", [0, 0, 1], %{n: -1}) == "id 1/é"
      assert VectorDB.get!(db, "id 1/é").metadata == %{"n" => -1}
      assert VectorDB.update_metadata!(db, "id 2/é", %{even: nil, more: "x"}) == "id 2/é"
      assert VectorDB.get!(db, "id 2/é").metadata == %{"n" => 2, "tags" => ["t2"], "more" => "x"}
      assert VectorDB.update_metadata(db, "none", %{n: 1}) |> code() == :not_found
      assert db |> VectorDB.stream!(page_size: 70) |> Enum.uniq_by(& &1.id) |> length() == 300
      view = VectorDB.namespace!(db, "tenant")
      VectorDB.add!(view, "alone", [1, 1, 1])
      assert {VectorDB.count!(view), VectorDB.count!(db)} == {1, 300}
      VectorDB.delete!(db, ["id 1/é", "none"])
      VectorDB.delete!(db, filter: %{tags: "t0"})
      assert VectorDB.count!(db) == 199
      assert VectorDB.search(db, [1, 2]) |> code() == :dimension_mismatch
      assert VectorDB.health(db, probe: true)["status"] == "ok" and VectorDB.healthy?(db)
      assert VectorDB.metrics(db)["failed_requests"] >= 2

      again = VectorDB.create!(name, Map.to_list(options))
      assert VectorDB.count!(again) == 199
      wrong = VectorDB.create(name, [dimensions: 4] ++ Map.to_list(options))
      assert {:error, %{code: :conflict, backend: told}} = wrong
      assert told == Atom.to_string(backend)
      VectorDB.close!(again)
      assert {:ok, ^db} = VectorDB.drop(db)
      assert VectorDB.count(db) |> code() == :not_found
      VectorDB.close!(db)
      assert elem(Native.live_handles(), 4) == 0
    end

    @tag backend: backend
    test "#{backend}: in a supervision tree, by many processes", %{
      servers: servers,
      backend: backend
    } do
      options = [name: :"tree_#{backend}", database: "elixir_tree", dimensions: 2, metric: :l2]
      start_supervised!({VectorDB, options ++ Map.to_list(servers[backend])})
      db = options[:name]

      1..50
      |> Enum.map(fn n ->
        Task.async(fn ->
          VectorDB.add!(db, "#{n}", [n, 0], %{n: n})
          assert VectorDB.get!(db, "#{n}").metadata == %{"n" => n}
        end)
      end)
      |> Task.await_many(60_000)

      VectorDB.flush!(db)
      assert VectorDB.count!(db) == 50
      VectorDB.drop!(db)
    end

    @tag backend: backend
    test "#{backend}: the example", %{servers: servers, backend: backend} do
      {name, value} = Servers.variable(backend, servers[backend])

      Servers.with_variable(name, value, fn ->
        output = ExUnit.CaptureIO.capture_io(fn -> Code.eval_file("examples/#{backend}.exs") end)
        assert output =~ "cat" and output =~ "score"
      end)
    end
  end
end
