defmodule VectorDB.TensorTest do
  use ExUnit.Case, async: true

  setup do
    db = VectorDB.create!("tensors", dimensions: 2)
    on_exit(fn -> VectorDB.close(db) end)
    %{db: db}
  end

  test "a tensor is a vector wherever one is taken", %{db: db} do
    VectorDB.add!(db, "a", Nx.tensor([1.0, 0.5]))
    VectorDB.add_batch!(db, [{"b", Nx.tensor([0.0, 1.0])}, {"c", Nx.tensor([1, 1])}])
    assert [%{vector: [1.0, 0.5]}, _, %{vector: [1.0, 1.0]}] = VectorDB.get_many!(db, ~w(a b c))
    assert [%{id: "b"}] = VectorDB.search!(db, Nx.tensor([0, 1]), top_k: 1)
  end

  test "a matrix is a batch", %{db: db} do
    matrix = Nx.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert VectorDB.add_batch(db, %{ids: ["x", "y"], vectors: matrix}) == {:ok, 2}
    assert [[%{id: "x"}], [%{id: "y"}]] = VectorDB.search_batch!(db, matrix, top_k: 1)
    assert {:error, %{code: code}} = VectorDB.add_batch(db, %{ids: ["x"], vectors: matrix})
    assert code in [:invalid_argument, :dimension_mismatch]
    assert {:error, _} = VectorDB.search(db, Nx.tensor([1.0, 2.0, 3.0]))
  end
end
