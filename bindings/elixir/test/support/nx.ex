unless Code.ensure_loaded?(Nx) do
  defmodule Nx.Tensor do
    @moduledoc false
    # Stands in for Nx, on which the binding does not depend: what it uses of it, and no more.
    defstruct [:rows, :type]
  end

  defmodule Nx do
    @moduledoc false

    def tensor(rows, type \\ {:f, 64}), do: %Nx.Tensor{rows: rows, type: type}

    def shape(%{rows: [first | _] = rows}) when is_list(first), do: {length(rows), length(first)}
    def shape(%{rows: rows}), do: {length(rows)}

    def as_type(tensor, type), do: %{tensor | type: type}

    def to_binary(%{rows: rows, type: {:f, 32}}),
      do: for(x <- List.flatten(rows), into: <<>>, do: <<x::float-32-native>>)
  end
end
