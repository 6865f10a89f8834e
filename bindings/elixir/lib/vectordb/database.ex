defmodule VectorDB.Database do
  @moduledoc """
  An open database, or a view of one of its namespaces.

  Any process may use it, also many at a time. It lives until it is closed, or until no process holds
  it any more. It cannot be sent to another node.
  """

  @enforce_keys [:ref, :name]
  defstruct [:ref, :name, namespace: nil, backend: nil]

  @type t :: %__MODULE__{
          ref: VectorDB.Native.handle(),
          name: String.t(),
          namespace: String.t() | nil,
          backend: String.t() | nil
        }

  defimpl Inspect do
    # Options may hold secrets and are not kept; the reference says nothing to a reader.
    def inspect(%{name: name, backend: backend, namespace: nil}, _options),
      do: "#VectorDB.Database<#{Kernel.inspect(name)} #{backend}>"

    def inspect(%{name: name, backend: backend, namespace: namespace}, _options),
      do: "#VectorDB.Database<#{Kernel.inspect(name)} #{backend} #{Kernel.inspect(namespace)}>"
  end
end
