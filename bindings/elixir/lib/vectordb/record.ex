defmodule VectorDB.Record do
  @moduledoc """
  A stored record, as `VectorDB.get/3`, `VectorDB.get_many/3` and `VectorDB.stream/2` give it.

  Metadata is a map with string keys; the vector a list of floats, or a binary of float32 with
  `include_vectors: :binary`. What was not asked for is `nil`.
  """

  @enforce_keys [:id]
  defstruct [:id, :metadata, :vector]

  @type t :: %__MODULE__{
          id: String.t(),
          metadata: %{optional(String.t()) => term()} | nil,
          vector: [float()] | binary() | nil
        }
end
