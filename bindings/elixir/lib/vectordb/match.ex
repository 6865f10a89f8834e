defmodule VectorDB.Match do
  @moduledoc """
  One hit of a search.

    * `:id` - id of the record
    * `:score` - larger is closer: cosine similarity, `1 / (1 + distance)` for l2, the product for dot
    * `:distance` - smaller is closer: `1 - cosine`, the Euclidean distance, minus the product
    * `:metadata` - map with string keys, `nil` when it was not asked for
    * `:vector` - list of floats (or a binary of float32, `include_vectors: :binary`), `nil` when it
      was not asked for
  """

  @enforce_keys [:id]
  defstruct [:id, :score, :distance, :metadata, :vector]

  @type t :: %__MODULE__{
          id: String.t(),
          score: float(),
          distance: float(),
          metadata: %{optional(String.t()) => term()} | nil,
          vector: [float()] | binary() | nil
        }
end
