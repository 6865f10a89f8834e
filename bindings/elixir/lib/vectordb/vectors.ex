defmodule VectorDB.Vectors do
  @moduledoc false
  # Vectors as users have them into what the NIF takes, and back.
  #
  # In: a list of numbers, a binary of float32 in machine order, or an Nx tensor. Nx is called without a
  # compile-time dependency: whoever holds a tensor has it loaded.

  @compile {:no_warn_undefined, Nx}

  @doc "One vector. What is no vector goes through: the NIF names it."
  def one(%{__struct__: Nx.Tensor} = tensor), do: tensor_bytes(tensor)
  def one(vector), do: vector

  @doc """
  Many vectors: a list of vectors, a tensor of shape `{count, dimensions}`, or a packed binary with
  `count` rows.
  """
  def many(%{__struct__: Nx.Tensor} = tensor, _count) do
    case Nx.shape(tensor) do
      {rows, dimensions} -> {rows, dimensions, tensor_bytes(tensor)}
      _ -> [tensor_bytes(tensor)]
    end
  end

  def many(binary, count) when is_binary(binary) and is_integer(count) and count > 0 do
    {count, div(byte_size(binary), 4 * count), binary}
  end

  def many([%{__struct__: Nx.Tensor} | _] = tensors, _count), do: Enum.map(tensors, &one/1)
  def many(vectors, _count), do: vectors

  @doc "A vector of a result in the form that was asked for."
  def result(nil, _form), do: nil
  def result(binary, :binary), do: binary
  def result(binary, _list), do: VectorDB.Native.floats(binary)

  defp tensor_bytes(tensor), do: tensor |> Nx.as_type({:f, 32}) |> Nx.to_binary()
end
