defmodule VectorDB.JSON.Encoder do
  @moduledoc false
  # Terms into JSON as iodata. Throws {:json, message}; VectorDB.JSON catches it.

  @max_depth 64

  def encode(_term, depth) when depth > @max_depth do
    throw({:json, "nested deeper than #{@max_depth}"})
  end

  def encode(nil, _depth), do: "null"
  def encode(true, _depth), do: "true"
  def encode(false, _depth), do: "false"
  def encode(text, _depth) when is_binary(text), do: string(text)
  def encode(integer, _depth) when is_integer(integer), do: Integer.to_string(integer)
  def encode(float, _depth) when is_float(float), do: Float.to_string(float)
  def encode(atom, _depth) when is_atom(atom), do: atom |> Atom.to_string() |> string()
  def encode([], _depth), do: "[]"

  def encode(list, depth) when is_list(list) do
    if List.improper?(list) do
      throw({:json, "an improper list is no JSON: #{shown(list)}"})
    end

    [?[, list |> Enum.map(&encode(&1, depth + 1)) |> Enum.intersperse(?,), ?]]
  end

  def encode(%module{} = time, _depth) when module in [Date, Time, NaiveDateTime, DateTime],
    do: [?", module.to_iso8601(time), ?"]

  def encode(%_{} = struct, _depth) do
    throw({:json, "a struct is no JSON: #{shown(struct)}"})
  end

  def encode(map, depth) when is_map(map) do
    members = Enum.map(map, fn {key, value} -> [key(key), ?:, member(key, value, depth)] end)
    [?{, Enum.intersperse(members, ?,), ?}]
  end

  def encode(term, _depth), do: throw({:json, "no JSON: #{shown(term)}"})

  defp key(key) when is_binary(key), do: string(key)
  defp key(key) when is_atom(key), do: key |> Atom.to_string() |> string()

  defp key(key) do
    throw({:json, "an object's key must be a string or an atom: #{shown(key)}"})
  end

  # The outermost key is worth naming: it is the one a user wrote in the metadata.
  defp member(key, value, 0) do
    encode(value, 1)
  catch
    {:json, message} -> throw({:json, "key #{shown(key)}: #{message}"})
  end

  defp member(_key, value, depth), do: encode(value, depth + 1)

  defp string(text), do: [?", escape(text, text, 0, 0), ?"]

  # Copies runs that need no escape as slices of the text; `skip` is where the run starts.
  defp escape(<<byte, rest::binary>>, text, skip, length)
       when byte < 0x80 and byte >= 0x20 and byte not in [?", ?\\] do
    escape(rest, text, skip, length + 1)
  end

  defp escape(<<byte, rest::binary>>, text, skip, length) when byte < 0x80 do
    [
      binary_part(text, skip, length),
      escaped(byte) | escape(rest, text, skip + length + 1, 0)
    ]
  end

  defp escape(<<char::utf8, rest::binary>>, text, skip, length) do
    escape(rest, text, skip, length + utf8_size(char))
  end

  defp escape(<<>>, text, skip, length), do: [binary_part(text, skip, length)]

  defp escape(_rest, text, _skip, _length) do
    throw({:json, "text that is not UTF-8: #{shown(text)}"})
  end

  defp utf8_size(char) when char < 0x800, do: 2
  defp utf8_size(char) when char < 0x10000, do: 3
  defp utf8_size(_char), do: 4

  defp escaped(?"), do: ~S(\")
  defp escaped(?\\), do: ~S(\\)
  defp escaped(?\n), do: ~S(\n)
  defp escaped(?\r), do: ~S(\r)
  defp escaped(?\t), do: ~S(\t)
  defp escaped(?\b), do: ~S(\b)
  defp escaped(?\f), do: ~S(\f)
  defp escaped(byte), do: ["\\u00", Base.encode16(<<byte>>, case: :lower)]

  defp shown(term), do: inspect(term, limit: 5, printable_limit: 40)
end
