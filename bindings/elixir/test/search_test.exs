defmodule VectorDB.SearchTest do
  use ExUnit.Case, async: true

  import VectorDB.Fixtures

  for metric <- [:cosine, :l2, :dot] do
    test "#{metric}: as the definition says, single and batch" do
      {db, records} = filled(700, 19, metric: unquote(metric))
      queries = for _ <- 1..12, do: vector(19)
      batch = VectorDB.search_batch!(db, queries, top_k: 15)

      for {query, from_batch} <- Enum.zip(queries, batch) do
        single = VectorDB.search!(db, query, top_k: 15)
        assert single == from_batch
        assert_same(single, naive(records, query, 15, unquote(metric)))
      end
    end

    test "#{metric}: score and distance belong together" do
      {db, _} = filled(50, 8, metric: unquote(metric))

      for match <- VectorDB.search!(db, vector(8), top_k: 50) do
        score =
          case unquote(metric) do
            :cosine -> 1 - match.distance
            :l2 -> 1 / (1 + match.distance)
            :dot -> -match.distance
          end

        assert_in_delta match.score, score, 1.0e-5
      end
    end
  end

  test "filters, against the definition" do
    {db, records} = filled(600, 5)

    for {filter, keep?} <- [
          {%{"even" => true}, & &1["even"]},
          {[group: "g3"], &(&1["group"] == "g3")},
          {%{n: %{"$gte" => 100, "$lt" => 200}}, &(&1["n"] in 100..199)},
          {%{group: %{"$in" => ["g1", "g2"]}}, &(&1["group"] in ["g1", "g2"])},
          {%{"$or" => [%{n: 5}, %{n: 6}]}, &(&1["n"] in [5, 6])},
          {%{"$not" => %{even: true}}, &(not &1["even"])},
          {%{missing: %{"$exists" => false}, n: 7}, &(&1["n"] == 7)},
          {~S({"n": {"$in": []}}), fn _ -> false end},
          {%{}, fn _ -> true end}
        ] do
      kept = Enum.filter(records, fn {_, _, metadata} -> keep?.(metadata) end)
      query = vector(5)
      assert_same(VectorDB.search!(db, query, filter: filter), naive(kept, query, 10, :cosine))
      assert VectorDB.count!(db, filter: filter) == length(kept)
    end
  end

  test "top_k beyond what there is gives what there is" do
    {db, _} = filled(20, 4)

    for k <- [20, 21, 1000, 9_223_372_036_854_775_808, 18_446_744_073_709_551_615] do
      assert length(VectorDB.search!(db, vector(4), top_k: k)) == 20
    end
  end

  test "an empty database answers nothing" do
    db = VectorDB.create!("empty", dimensions: 2)
    assert VectorDB.search!(db, [1, 0]) == []
    assert VectorDB.search_batch!(db, [[1, 0], [0, 1]]) == [[], []]
    assert VectorDB.stream!(db) |> Enum.to_list() == []
  end

  test "bounds drop what is farther" do
    {db, _} = filled(300, 6)
    query = vector(6)
    all = VectorDB.search!(db, query, top_k: 300)
    middle = Enum.at(all, 100)
    near = VectorDB.search!(db, query, top_k: 300, max_distance: middle.distance)
    assert near == Enum.take_while(all, &(&1.distance <= middle.distance))
    high = VectorDB.search!(db, query, top_k: 300, min_score: middle.score)
    assert high == Enum.take_while(all, &(&1.score >= middle.score))
    assert VectorDB.search!(db, query, min_score: 2) == []
  end

  test "by id leaves the record itself out" do
    {db, records} = filled(200, 6)
    {id, query, _} = Enum.at(records, 17)
    others = List.keydelete(records, id, 0)
    assert_same(VectorDB.search_by_id!(db, id, top_k: 9), naive(others, query, 9, :cosine))
    assert code(VectorDB.search_by_id(db, "absent")) == :not_found
    assert code(VectorDB.search_by_id(db, 5)) == :invalid_id
  end

  test "ties are ordered by the bytes of the id" do
    db = VectorDB.create!("ties", dimensions: 2)
    VectorDB.add_batch!(db, for(id <- ~w(b a é Z z), do: {id, [1, 1]}))
    assert for(m <- VectorDB.search!(db, [1, 1]), do: m.id) == ~w(Z a b z é)
  end

  test "a packed batch of queries in any form" do
    {db, _} = filled(100, 4)
    queries = for _ <- 1..3, do: vector(4)
    expected = VectorDB.search_batch!(db, queries)
    assert VectorDB.search_batch!(db, Enum.map(queries, &pack/1)) == expected
    assert VectorDB.search_batch!(db, []) == []
  end

  test "options of a call are taken" do
    {db, _} = filled(10, 4)
    assert {:ok, [_]} = VectorDB.search(db, vector(4), top_k: 1, exact: true, ef: 10, timeout: 1000)
    assert {:ok, [_]} = VectorDB.search(db, vector(4), top_k: 1, timeout: :infinity)
  end

  # Equal up to what float32 rounding may do to the last place of two neighbours.
  defp assert_same(matches, expected) do
    assert length(matches) == length(expected)

    for {match, {id, distance}} <- Enum.zip(matches, expected) do
      assert_in_delta match.distance, distance, 1.0e-5 * max(1.0, abs(distance))
      if match.id != id, do: assert(List.keymember?(expected, match.id, 0))
    end
  end
end
