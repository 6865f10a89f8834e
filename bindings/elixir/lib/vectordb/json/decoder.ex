defmodule VectorDB.JSON.Decoder do
  @moduledoc false
  # Strict JSON (RFC 8259) into terms. Strings without escapes are slices of the text. Throws
  # {:json, message} with the byte where reading stopped. Duplicate keys: the last one wins.

  @max_depth 64

  def decode(text) do
    {value, rest} = value(text, text, 0)

    case space(rest) do
      <<>> -> value
      rest -> unexpected(rest, text)
    end
  end

  defguardp is_space(byte) when byte in [?\s, ?\n, ?\r, ?\t]
  defguardp is_digit(byte) when byte in ?0..?9

  defp space(<<byte, rest::binary>>) when is_space(byte), do: space(rest)
  defp space(rest), do: rest

  defp value(<<byte, rest::binary>>, text, depth) when is_space(byte), do: value(rest, text, depth)

  defp value(<<?", rest::binary>>, text, _depth), do: string(rest, text)

  defp value(<<opening, rest::binary>>, text, depth) when opening in [?{, ?[] do
    if depth >= @max_depth, do: throw({:json, "nested deeper than #{@max_depth}"})

    case {opening, space(rest)} do
      {?{, <<?}, rest::binary>>} -> {%{}, rest}
      {?{, rest} -> object(rest, text, depth + 1, [])
      {?[, <<?], rest::binary>>} -> {[], rest}
      {?[, rest} -> array(rest, text, depth + 1, [])
    end
  end

  defp value(<<"true", rest::binary>>, _text, _depth), do: {true, rest}
  defp value(<<"false", rest::binary>>, _text, _depth), do: {false, rest}
  defp value(<<"null", rest::binary>>, _text, _depth), do: {nil, rest}

  defp value(<<byte, _::binary>> = rest, text, _depth) when byte == ?- or is_digit(byte),
    do: number(rest, text)

  defp value(rest, text, _depth), do: unexpected(rest, text)

  defp array(rest, text, depth, values) do
    {value, rest} = value(rest, text, depth)

    case space(rest) do
      <<?,, rest::binary>> -> array(rest, text, depth, [value | values])
      <<?], rest::binary>> -> {Enum.reverse(values, [value]), rest}
      rest -> unexpected(rest, text)
    end
  end

  defp object(rest, text, depth, members) do
    with <<?", rest::binary>> <- space(rest),
         {key, rest} = string(rest, text),
         <<?:, rest::binary>> <- space(rest) do
      {value, rest} = value(rest, text, depth)

      case space(rest) do
        <<?,, rest::binary>> -> object(rest, text, depth, [{key, value} | members])
        <<?}, rest::binary>> -> {Map.new(Enum.reverse(members, [{key, value}])), rest}
        rest -> unexpected(rest, text)
      end
    else
      rest -> unexpected(rest, text)
    end
  end

  # ---- strings ----

  defp string(rest, text) do
    case plain(rest, 0) do
      {length, <<?", after_string::binary>>} -> {binary_part(rest, 0, length), after_string}
      {length, stop} -> escapes(stop, text, [binary_part(rest, 0, length)])
    end
  end

  # Length of the run up to a quote, an escape, the end, or what may not stand in a string.
  defp plain(<<byte, rest::binary>>, length)
       when byte >= 0x20 and byte < 0x80 and byte not in [?", ?\\],
       do: plain(rest, length + 1)

  defp plain(<<char::utf8, rest::binary>>, length) when char >= 0x80 and char < 0x800,
    do: plain(rest, length + 2)

  defp plain(<<char::utf8, rest::binary>>, length) when char >= 0x800 and char < 0x10000,
    do: plain(rest, length + 3)

  defp plain(<<char::utf8, rest::binary>>, length) when char >= 0x10000,
    do: plain(rest, length + 4)

  defp plain(stop, length), do: {length, stop}

  # A string with escapes, collected piece by piece.
  defp escapes(<<?", rest::binary>>, _text, pieces),
    do: {pieces |> Enum.reverse() |> IO.iodata_to_binary(), rest}

  defp escapes(<<?\\, ?u, rest::binary>>, text, pieces) do
    {char, rest} = unicode(rest, text)
    run(rest, text, [<<char::utf8>> | pieces])
  end

  defp escapes(<<?\\, byte, rest::binary>> = stop, text, pieces) do
    case byte do
      byte when byte in [?", ?\\, ?/] -> run(rest, text, [byte | pieces])
      ?n -> run(rest, text, [?\n | pieces])
      ?t -> run(rest, text, [?\t | pieces])
      ?r -> run(rest, text, [?\r | pieces])
      ?b -> run(rest, text, [?\b | pieces])
      ?f -> run(rest, text, [?\f | pieces])
      _ -> unexpected(stop, text)
    end
  end

  defp escapes(rest, text, _pieces), do: unexpected(rest, text)

  defp run(rest, text, pieces) do
    {length, stop} = plain(rest, 0)
    escapes(stop, text, [binary_part(rest, 0, length) | pieces])
  end

  # \uXXXX, or a pair of surrogates; half a pair is no text.
  defp unicode(rest, text) do
    case hex4(rest, text) do
      {high, <<?\\, ?u, low_part::binary>>} when high in 0xD800..0xDBFF ->
        case hex4(low_part, text) do
          {low, rest} when low in 0xDC00..0xDFFF ->
            {0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00), rest}

          _ ->
            throw({:json, "half a surrogate pair at byte #{offset(rest, text)}"})
        end

      {half, _rest} when half in 0xD800..0xDFFF ->
        throw({:json, "half a surrogate pair at byte #{offset(rest, text)}"})

      found ->
        found
    end
  end

  defp hex4(<<digits::binary-size(4), rest::binary>> = stop, text) do
    case Base.decode16(digits, case: :mixed) do
      {:ok, <<code::16>>} -> {code, rest}
      :error -> unexpected(stop, text)
    end
  end

  defp hex4(rest, text), do: unexpected(rest, text)

  # ---- numbers ----

  defp number(start, text) do
    rest = after_integer(start, text)
    {fraction?, rest} = after_fraction(rest, text)
    {exponent?, rest} = after_exponent(rest, text)
    digits = binary_part(start, 0, byte_size(start) - byte_size(rest))
    {convert(digits, fraction?, exponent?, start, text), rest}
  end

  defp after_integer(<<?-, rest::binary>>, text), do: after_integer_digits(rest, text)
  defp after_integer(rest, text), do: after_integer_digits(rest, text)

  defp after_integer_digits(<<?0, byte, _::binary>> = rest, text) when is_digit(byte),
    do: unexpected(binary_part(rest, 1, byte_size(rest) - 1), text)

  defp after_integer_digits(rest, text), do: digits(rest, text)

  defp after_fraction(<<?., rest::binary>>, text), do: {true, digits(rest, text)}
  defp after_fraction(rest, _text), do: {false, rest}

  defp after_exponent(<<e, sign, rest::binary>>, text) when e in [?e, ?E] and sign in [?+, ?-],
    do: {true, digits(rest, text)}

  defp after_exponent(<<e, rest::binary>>, text) when e in [?e, ?E], do: {true, digits(rest, text)}
  defp after_exponent(rest, _text), do: {false, rest}

  # At least one digit.
  defp digits(<<byte, rest::binary>>, _text) when is_digit(byte), do: more_digits(rest)
  defp digits(rest, text), do: unexpected(rest, text)

  defp more_digits(<<byte, rest::binary>>) when is_digit(byte), do: more_digits(rest)
  defp more_digits(rest), do: rest

  defp convert(digits, false, false, _start, _text), do: String.to_integer(digits)
  defp convert(digits, true, _exponent?, start, text), do: float(digits, start, text)

  # Erlang wants a fraction before an exponent.
  defp convert(digits, false, true, start, text) do
    [mantissa, exponent] = :binary.split(digits, ["e", "E"])
    float(mantissa <> ".0e" <> exponent, start, text)
  end

  defp float(digits, start, text) do
    :erlang.binary_to_float(digits)
  rescue
    ArgumentError -> throw({:json, "number out of range at byte #{offset(start, text)}"})
  end

  # ---- errors ----

  defp unexpected(<<>>, text), do: throw({:json, "unexpected end at byte #{byte_size(text)}"})

  defp unexpected(<<char::utf8, _::binary>> = rest, text) when char >= 0x20,
    do: throw({:json, "unexpected '#{<<char::utf8>>}' at byte #{offset(rest, text)}"})

  defp unexpected(<<byte, _::binary>> = rest, text) do
    hex = Base.encode16(<<byte>>)
    throw({:json, "unexpected byte 0x#{hex} at byte #{offset(rest, text)}"})
  end

  defp offset(rest, text), do: byte_size(text) - byte_size(rest)
end
