defmodule VectorDB.JSON do
  @moduledoc """
  A small JSON codec, so that the binding depends on nothing.

  Objects become maps with string keys, and no atom is ever made from what is read. Maps with atom or
  string keys become objects. Both directions refuse values nested deeper than 64, as the library does,
  and name what is wrong instead of raising.

      iex> VectorDB.JSON.encode(%{year: 2024, tags: ["a", "b"]})
      {:ok, ~S({"tags":["a","b"],"year":2024})}

      iex> VectorDB.JSON.decode(~S({"ok": true, "name": "caf\\u00e9"}))
      {:ok, %{"name" => "café", "ok" => true}}

      iex> VectorDB.JSON.decode("[1, ]")
      {:error, "unexpected ']' at byte 4"}
  """

  @max_depth 64

  @doc "Deepest nesting that is read or written."
  def max_depth, do: @max_depth

  @doc """
  Encodes a term: maps, lists, strings, numbers, booleans, `nil`; other atoms as strings; dates and
  times as ISO 8601. Anything else, and text that is not UTF-8, is an error naming the value.
  """
  @spec encode(term()) :: {:ok, binary()} | {:error, String.t()}
  def encode(term) do
    {:ok, term |> VectorDB.JSON.Encoder.encode(0) |> IO.iodata_to_binary()}
  catch
    {:json, message} -> {:error, message}
  end

  @doc "Decodes a text that holds exactly one value."
  @spec decode(binary()) :: {:ok, term()} | {:error, String.t()}
  def decode(text) when is_binary(text) do
    {:ok, VectorDB.JSON.Decoder.decode(text)}
  catch
    {:json, message} -> {:error, message}
  end
end
