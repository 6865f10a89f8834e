defmodule VectorDB.BadInputTest do
  use ExUnit.Case, async: true

  import VectorDB.Fixtures
  alias VectorDB.Error

  setup do
    db = VectorDB.create!("bad", dimensions: 3)
    VectorDB.add_batch!(db, [{"a", [1, 0, 0], %{n: 1}}, {"b", [0, 1, 0], %{n: 2}}])
    before = snapshot(db)
    on_exit(fn -> VectorDB.close(db) end)
    %{db: db, unchanged: fn -> assert snapshot(db) == before end}
  end

  defp snapshot(db), do: VectorDB.get_many!(db, ["a", "b"]) ++ [VectorDB.count!(db)]

  # The code, and a message of one line that names the value.
  defp refused(answer, code, hint) do
    assert {:error, %Error{code: ^code, message: message}} = answer
    assert message =~ hint, "#{inspect(message)} does not name #{hint}"
    refute message =~ "\n"
  end

  test "handles", %{db: db} do
    for wrong <- [nil, "db", 5, make_ref(), self(), %{}, {:ok, db}, %{db | ref: nil}] do
      assert code(VectorDB.search(wrong, [1, 0, 0])) == :invalid_handle
      assert code(VectorDB.close(wrong)) == :invalid_handle
      refute VectorDB.healthy?(wrong)
    end

    assert code(VectorDB.count(:nobody)) == :not_found
    # A reference that is no handle of ours.
    assert code(VectorDB.count(%{db | ref: make_ref()})) == :invalid_handle
  end

  test "closed handles: every function says so" do
    db = VectorDB.create!("closed", dimensions: 3)
    view = VectorDB.namespace!(db, "v")
    assert VectorDB.close(db) == {:ok, db}
    assert code(VectorDB.close(db)) == :closed
    assert VectorDB.close(view) == {:ok, view}

    calls = [
      &VectorDB.add(&1, "a", [1, 0, 0]),
      &VectorDB.add_batch(&1, [{"a", [1, 0, 0]}]),
      &VectorDB.update_metadata(&1, "a", %{n: 1}),
      &VectorDB.delete(&1, "a"),
      &VectorDB.delete(&1, filter: %{n: 1}),
      &VectorDB.clear/1,
      &VectorDB.drop/1,
      &VectorDB.flush/1,
      &VectorDB.create_index/1,
      &VectorDB.search(&1, [1, 0, 0]),
      &VectorDB.search_batch(&1, [[1, 0, 0]]),
      &VectorDB.search_by_id(&1, "a"),
      &VectorDB.get(&1, "a"),
      &VectorDB.get_many(&1, ["a"]),
      &VectorDB.stream/1,
      &VectorDB.count/1,
      &VectorDB.namespaces/1,
      &VectorDB.collections/1,
      &VectorDB.namespace(&1, "w"),
      &VectorDB.capabilities/1,
      &VectorDB.describe/1,
      &VectorDB.stats/1,
      &VectorDB.clear_cache/1,
      &VectorDB.control_breaker(&1, :automatic),
      &VectorDB.set_credentials(&1, %{})
    ]

    for handle <- [db, view], call <- calls do
      assert {call, code(call.(handle))} == {call, :closed}
    end

    assert %{"status" => "down", "error" => "closed: " <> _} = VectorDB.health(db)
    refute VectorDB.healthy?(db)
    assert_raise Error, fn -> VectorDB.metrics(db) end
    assert_raise Error, fn -> VectorDB.cache_stats(db) end
    assert_raise Error, fn -> VectorDB.circuit_breaker(db) end
  end

  test "opening" do
    refused(VectorDB.create("x", dimension: 3), :invalid_option, "dimensions")
    refused(VectorDB.create("x", dimensions: 3, metrik: "l2"), :invalid_option, "metric")
    refused(VectorDB.create("x", dimensions: 3, metric: :manhattan), :invalid_option, "manhattan")
    refused(VectorDB.create("x", dimensions: 65_537), :invalid_option, "65537")
    refused(VectorDB.create("x", dimensions: 0), :invalid_option, "0")
    refused(VectorDB.create("x", dimensions: -1), :invalid_option, "-1")
    refused(VectorDB.create("x", dimensions: "three"), :invalid_option, "dimensions")
    refused(VectorDB.create("x", backend: :qdrant, dimensions: 3), :unsupported, "qdrant")

    assert code(VectorDB.create("x", backend: :nosuch, dimensions: 3)) in [
             :invalid_option,
             :unsupported
           ]

    refused(VectorDB.create(5, dimensions: 3), :invalid_argument, "5")
    assert {:error, %Error{}} = VectorDB.create("", dimensions: 3)
    assert {:error, %Error{}} = VectorDB.create(String.duplicate("x", 256), dimensions: 3)
    refused(VectorDB.create("x", 17), :invalid_option, "keyword")

    assert {:error, %Error{code: :invalid_option} = error} =
             VectorDB.create("x", api_key: {"s3cret"})

    refute Exception.message(error) =~ "s3cret"
  end

  test "vectors", %{db: db, unchanged: unchanged} do
    nan = <<0, 0, 0xC0, 0x7F>>
    infinity = <<0, 0, 0x80, 0x7F>>
    zero = <<0::32>>

    for {vector, code, hint} <- [
          {[1, 2], :dimension_mismatch, "2"},
          {[1, 2, 3, 4], :dimension_mismatch, "4"},
          {[], :dimension_mismatch, "0"},
          {"", :dimension_mismatch, "0"},
          {zero <> zero, :dimension_mismatch, "2"},
          {<<1, 2, 3>>, :invalid_vector, "3 bytes"},
          {[1, :a, 3], :invalid_vector, "element 1"},
          {[1, 2, nil], :invalid_vector, "element 2"},
          {[1, "2", 3], :invalid_vector, "element 1"},
          {[1.0e300, 0, 0], :invalid_vector, "element 0"},
          {[0, Integer.pow(10, 40), 0], :invalid_vector, "element 1"},
          {[1.0e20, 0, 0], :invalid_vector, ""},
          {[0, 0, 0], :invalid_vector, ""},
          {nan <> zero <> zero, :invalid_vector, ""},
          {zero <> infinity <> zero, :invalid_vector, ""},
          {nil, :invalid_vector, "nil"},
          {%{}, :invalid_vector, ""},
          {[1, 2 | 3], :invalid_vector, ""}
        ] do
      refused(VectorDB.add(db, "new", vector), code, hint)
      refused(VectorDB.add_batch(db, [{"c", [1, 1, 1]}, {"d", vector}]), code, "")
      refused(VectorDB.search_batch(db, [[1, 1, 1], vector]), code, "")
      if vector != [0, 0, 0], do: refused(VectorDB.search(db, vector), code, hint)
    end

    assert code(VectorDB.search(db, [0, 0, 0])) == :invalid_vector
    assert code(VectorDB.search_batch(db, :all)) == :invalid_argument
    unchanged.()
  end

  test "the bad item of a batch is named", %{db: db, unchanged: unchanged} do
    good = for n <- 0..4, do: {"new-#{n}", [n + 1, 1, 1], %{n: n}}
    bad = fn item -> List.replace_at(good, 3, item) end

    refused(VectorDB.add_batch(db, bad.({"x", [1, 2]})), :dimension_mismatch, "3")
    refused(VectorDB.add_batch(db, bad.({"x", [1, 2, :c]})), :invalid_vector, "vector 3")
    refused(VectorDB.add_batch(db, bad.({"", [1, 2, 3]})), :invalid_id, "3")
    refused(VectorDB.add_batch(db, bad.({:x, [1, 2, 3]})), :invalid_id, "id 3")
    refused(VectorDB.add_batch(db, bad.({"x", [1, 2, 3], %{a: {1}}})), :invalid_metadata, "item 3")
    refused(VectorDB.add_batch(db, bad.({"x", [1, 2, 3], %{"$a" => 1}})), :invalid_metadata, "3")
    refused(VectorDB.add_batch(db, bad.(:item)), :invalid_argument, "item 3")
    refused(VectorDB.add_batch(db, bad.(%{id: "x"})), :invalid_argument, "item 3")
    refused(VectorDB.add_batch(db, :batch), :invalid_argument, "batch")
    refused(VectorDB.add_batch(db, [{"x", [1, 2, 3]} | :tail]), :invalid_argument, "improper")
    refused(VectorDB.add_batch(db, %{ids: ["x"]}), :invalid_argument, "vectors")
    refused(VectorDB.add_batch(db, %{ids: ["x"], vectors: pack([1, 2])}), :dimension_mismatch, "2")

    refused(
      VectorDB.add_batch(db, %{ids: ["x", "y"], vectors: pack([1, 2, 3])}),
      :dimension_mismatch,
      "12"
    )

    assert {:error, _} = VectorDB.add_batch(db, %{ids: ["x", "y"], vectors: [[1, 2, 3]]})

    assert {:error, _} =
             VectorDB.add_batch(db, %{ids: ["x"], vectors: [[1, 2, 3]], metadata: [%{}, %{}]})

    refused(
      VectorDB.add_batch(db, %{ids: ["x"], vectors: [[1, 2, 3]], metadata: "[{]"}),
      :invalid_json,
      ""
    )

    unchanged.()
  end

  test "ids", %{db: db, unchanged: unchanged} do
    for {id, code} <- [
          {"", :invalid_id},
          {String.duplicate("x", 513), :invalid_id},
          {"a\0b", :invalid_id},
          {"\xff\xfe", :invalid_utf8},
          {:atom, :invalid_id},
          {'charlist', :invalid_id},
          {5, :invalid_id},
          {<<1::3>>, :invalid_id}
        ] do
      assert {id, code(VectorDB.add(db, id, [1, 2, 3]))} == {id, code}
      assert {:error, _} = VectorDB.get(db, id)
      assert {:error, _} = VectorDB.update_metadata(db, id, %{n: 1})
      assert {:error, _} = VectorDB.search_by_id(db, id)
      unless is_list(id), do: assert({:error, _} = VectorDB.delete(db, id))
    end

    assert code(VectorDB.get_many(db, "a")) == :invalid_argument
    assert code(VectorDB.get_many(db, ["a" | "b"])) == :invalid_argument
    assert VectorDB.add(db, String.duplicate("x", 512), [1, 2, 3]) |> elem(0) == :ok
    VectorDB.delete!(db, String.duplicate("x", 512))
    unchanged.()
  end

  test "metadata", %{db: db, unchanged: unchanged} do
    deep = Enum.reduce(1..10_000, 0, fn _, inner -> %{"a" => inner} end)

    for {metadata, hint} <- [
          {%{"" => 1}, ""},
          {%{String.duplicate("k", 256) => 1}, ""},
          {%{"$k" => 1}, "$k"},
          {%{"_vdb_k" => 1}, "_vdb"},
          {%{nested: %{a: 1}}, "nested"},
          {%{list: [1, 2]}, "list"},
          {%{list: [["a"]]}, "list"},
          {%{big: Integer.pow(2, 53) + 1}, "big"},
          {%{tuple: {1, 2}}, "tuple"},
          {%{pid: self()}, "pid"},
          {%{text: "\xff"}, "UTF-8"},
          {%{1 => 2}, "1"},
          {[1, 2], "[1, 2]"},
          {"text", "text"},
          {:atom, "atom"},
          {%{deep: deep}, "nested deeper"}
        ] do
      refused(VectorDB.add(db, "new", [1, 2, 3], metadata), :invalid_metadata, hint)
      refused(VectorDB.update_metadata(db, "a", metadata), :invalid_metadata, hint)
    end

    raw = String.duplicate(~S({"a":), 10_000) <> "1" <> String.duplicate("}", 10_000)
    packed = %{ids: ["x"], vectors: [[1, 2, 3]], metadata: "[" <> raw <> "]"}
    refused(VectorDB.add_batch(db, packed), :invalid_json, "64")
    unchanged.()
  end

  test "filters", %{db: db, unchanged: unchanged} do
    deep = Enum.reduce(1..10_000, %{n: 1}, fn _, inner -> %{"$not" => inner} end)
    raw = String.duplicate(~S({"$not":), 10_000) <> "{}" <> String.duplicate("}", 10_000)

    for {filter, codes, hint} <- [
          {%{n: %{"$gtx" => 1}}, [:invalid_filter], "$gtx"},
          {%{n: %{"$gt" => [1]}}, [:invalid_filter], "$gt"},
          {%{n: %{"$in" => 5}}, [:invalid_filter], "$in"},
          {%{n: %{"$exists" => "yes"}}, [:invalid_filter], "$exists"},
          {%{"$and" => %{}}, [:invalid_filter], "$and"},
          {%{"$or" => [1]}, [:invalid_filter], ""},
          {%{n: {1}}, [:invalid_filter], "n"},
          {5, [:invalid_filter], ""},
          {[1, 2], [:invalid_filter], ""},
          {"{", [:invalid_json], ""},
          {"nonsense", [:invalid_json], ""},
          {deep, [:invalid_filter], "nested deeper"},
          {raw, [:invalid_json, :invalid_filter], "64"}
        ] do
      for call <- [
            &VectorDB.search(db, [1, 0, 0], filter: &1),
            &VectorDB.search_batch(db, [[1, 0, 0]], filter: &1),
            &VectorDB.search_by_id(db, "a", filter: &1),
            &VectorDB.count(db, filter: &1),
            &VectorDB.delete(db, filter: &1),
            &VectorDB.stream(db, filter: &1)
          ] do
        answer = call.(filter)
        assert {:error, %Error{code: code, message: message}} = answer
        assert code in codes, "#{inspect(filter, limit: 4)}: #{code}: #{message}"
        assert message =~ hint
      end
    end

    assert code(VectorDB.delete(db, filter: nil)) == :invalid_filter
    assert code(VectorDB.delete(db, filter: "{}")) == :invalid_filter
    unchanged.()
  end

  test "options of calls", %{db: db, unchanged: unchanged} do
    query = [1, 0, 0]
    assert code(VectorDB.search(db, query, top_k: 0)) == :invalid_k

    for k <- [-1, 1.5, nil, "ten", Integer.pow(2, 64)] do
      refused(VectorDB.search(db, query, top_k: k), :invalid_k, inspect(k))
    end

    refused(VectorDB.search(db, query, topk: 3), :invalid_option, ":top_k")
    refused(VectorDB.search(db, query, include_metdata: true), :invalid_option, ":include_metadata")
    refused(VectorDB.search(db, query, :fast), :invalid_option, ":fast")
    refused(VectorDB.search(db, query, %{top_k: 3}), :invalid_option, "top_k")

    for timeout <- [0, -5, 1.5, :never, Integer.pow(2, 63)] do
      refused(VectorDB.search(db, query, timeout: timeout), :invalid_argument, "timeout")
      refused(VectorDB.clear(db, timeout: timeout), :invalid_argument, "timeout")
      refused(VectorDB.add(db, "x", query, nil, timeout: timeout), :invalid_argument, "timeout")
    end

    refused(VectorDB.search(db, query, ef: -1), :invalid_argument, "ef")
    refused(VectorDB.search(db, query, ef: Integer.pow(2, 40)), :invalid_argument, "ef")
    refused(VectorDB.search(db, query, exact: 1), :invalid_argument, "exact")
    refused(VectorDB.search(db, query, min_score: "0.5"), :invalid_argument, "min_score")

    refused(
      VectorDB.search(db, query, max_distance: Integer.pow(10, 400)),
      :invalid_argument,
      "max_distance"
    )

    refused(
      VectorDB.search(db, query, include_vectors: :list),
      :invalid_argument,
      "include_vectors"
    )

    refused(VectorDB.update_metadata(db, "a", %{}, replace: :yes), :invalid_argument, "replace")
    refused(VectorDB.namespace(db, 5), :invalid_argument, "5")
    assert {:error, _} = VectorDB.namespace(db, String.duplicate("n", 256))
    assert {:error, _} = VectorDB.namespace(db, "a\0b")
    unchanged.()
  end

  test "twins raise what the others answer", %{db: db} do
    error = assert_raise Error, fn -> VectorDB.search!(db, [1, 2]) end
    assert error.code == :dimension_mismatch
    assert Exception.message(error) =~ "dimension_mismatch: "
    assert error.backend in ["memory", nil]
  end

  test "misuse of the raw functions raises, and harms nothing", %{db: db, unchanged: unchanged} do
    alias VectorDB.Native

    for {name, arity} <- Native.__info__(:functions), name not in [:load, :log_clear], arity > 0 do
      for junk <- [nil, :a, 1, -1, 1.5, "", "x", [], [1 | 2], {}, {1, 2, 3}, make_ref(), self()] do
        arguments = List.duplicate(junk, arity)

        try do
          apply(Native, name, arguments)
        rescue
          ArgumentError -> :ok
        end

        # The same behind a good handle; 1 holds its circuit open.
        unless name in [:close, :drop, :clear, :open, :log_set] or
                 {name, junk} == {:control_breaker, 1} do
          try do
            apply(Native, name, [db.ref | tl(arguments)])
          rescue
            ArgumentError -> :ok
          end
        end
      end
    end

    Native.log_clear()
    unchanged.()
  end
end
