defmodule VectorDB.JSONTest do
  use ExUnit.Case, async: true

  alias VectorDB.JSON

  describe "decode" do
    test "values" do
      for {text, value} <- [
            {"null", nil},
            {" true ", true},
            {"\t\n\rfalse", false},
            {"0", 0},
            {"-0", 0},
            {"12", 12},
            {"-7", -7},
            {"123456789012345678901234567890", 123_456_789_012_345_678_901_234_567_890},
            {"1.5", 1.5},
            {"-0.25", -0.25},
            {"1e3", 1000.0},
            {"1E+3", 1000.0},
            {"25e-1", 2.5},
            {"1.5e2", 150.0},
            {"[]", []},
            {"[ ]", []},
            {"{}", %{}},
            {"{ }", %{}},
            {"[1,[2,{}],\"x\"]", [1, [2, %{}], "x"]},
            {~S({"a":{"b":[true]}}), %{"a" => %{"b" => [true]}}},
            {~S({"a":1,"a":2}), %{"a" => 2}},
            {~S(""), ""},
            {~S("äß水😀"), "äß水😀"}
          ] do
        assert {text, JSON.decode(text)} == {text, {:ok, value}}
      end
    end

    test "escapes" do
      assert JSON.decode(~S("a\"b\\c\/d\n\t\r\b\f")) == {:ok, "a\"b\\c/d\n\t\r\b\f"}
      assert JSON.decode(~S("\u00e9\u6c34\u0000x")) == {:ok, "é水\0x"}
      assert JSON.decode(~S("\ud83d\uDE00!")) == {:ok, "😀!"}
    end

    test "half surrogates are no text" do
      for text <- [
            ~S("\ud83d"),
            ~S("\ude00"),
            ~S("\ud83dx"),
            ~S("\ud83d\u0041"),
            ~S("\ud83d\ud83d")
          ] do
        assert {:error, message} = JSON.decode(text)
        assert message =~ "surrogate"
      end
    end

    test "what is not JSON is refused with its place" do
      for text <- [
            "",
            " ",
            "nul",
            "tru",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "+1",
            "--1",
            "0x10",
            "NaN",
            "Infinity",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[1 2]",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,}",
            "{a:1}",
            "{1:1}",
            "'a'",
            "\"",
            "\"a",
            "\"\\",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"a\nb\"",
            "\"a\0b\"",
            "1 2",
            "[] []",
            "\"\xff\"",
            "\"\xc3\"",
            "\"\xed\xa0\x80\"",
            "\xef\xbb\xbf1",
            "// 1"
          ] do
        assert {^text, {:error, message}} = {text, JSON.decode(text)}
        assert message =~ "byte"
      end
    end

    test "a float out of range is an error, not a crash" do
      assert {:error, message} = JSON.decode("[1e999]")
      assert message =~ "number out of range at byte 1"
    end

    test "nesting ends at 64" do
      nested = fn depth -> String.duplicate("[", depth) <> String.duplicate("]", depth) end
      assert {:ok, _} = JSON.decode(nested.(64))
      assert {:error, "nested deeper than 64"} = JSON.decode(nested.(65))
      assert {:error, "nested deeper than 64"} = JSON.decode(nested.(100_000))
      assert {:error, "nested deeper than 64"} = JSON.decode(String.duplicate("{\"a\":", 10_000))
    end

    test "makes no atoms" do
      before = :erlang.system_info(:atom_count)
      for n <- 1..200, do: {:ok, _} = JSON.decode(~s({"never_an_atom_#{n}": "nor_this_#{n}"}))
      assert :erlang.system_info(:atom_count) - before < 20
    end
  end

  describe "encode" do
    test "values" do
      for {value, text} <- [
            {nil, "null"},
            {true, "true"},
            {:word, ~S("word")},
            {1, "1"},
            {-1.5, "-1.5"},
            {1.0e300, "1.0e300"},
            {[], "[]"},
            {%{}, "{}"},
            {[1, [nil]], "[1,[null]]"},
            {%{a: 1}, ~S({"a":1})},
            {%{"ä" => "水"}, ~S({"ä":"水"})},
            {~D[2024-02-29], ~S("2024-02-29")},
            {~T[12:00:01], ~S("12:00:01")},
            {~N[2024-02-29 12:00:00], ~S("2024-02-29T12:00:00")},
            {~U[2024-02-29 12:00:00Z], ~S("2024-02-29T12:00:00Z")},
            {"q\"b\\n\n\r\t\b\f\0\x1f", ~S("q\"b\\n\n\r\t\b\f\u0000\u001f")},
            {"\x7f", "\"\x7f\""}
          ] do
        assert {value, JSON.encode(value)} == {value, {:ok, text}}
      end
    end

    test "what has no JSON is named" do
      for {value, hint} <- [
            {%{a: {1, 2}}, "key :a"},
            {%{1 => 2}, "key"},
            {[1 | 2], "improper"},
            {self(), "PID"},
            {%{"t" => "\xff"}, "UTF-8"},
            {%{u: 1..2}, "struct"},
            {fn -> 1 end, "Function"}
          ] do
        assert {^value, {:error, message}} = {value, JSON.encode(value)}
        assert message =~ hint
      end
    end

    test "nesting ends at 64" do
      nested = fn depth -> Enum.reduce(1..depth, 0, fn _, inner -> [inner] end) end
      assert {:ok, _} = JSON.encode(nested.(64))
      assert {:error, message} = JSON.encode(nested.(65))
      assert message =~ "nested deeper than 64"
      assert {:error, _} = JSON.encode(%{deep: nested.(10_000)})
    end
  end

  test "what is encoded decodes to the same, for random values" do
    :rand.seed(:exsss, {4, 5, 6})

    for _ <- 1..2000 do
      value = random(4)
      assert {:ok, text} = JSON.encode(value)
      assert JSON.decode(text) == {:ok, value}
    end
  end

  defp random(0), do: random_leaf(:rand.uniform(6))

  defp random(depth) do
    case :rand.uniform(8) do
      1 -> for _ <- 1..:rand.uniform(4), do: random(depth - 1)
      2 -> for _ <- 1..:rand.uniform(4), into: %{}, do: {random_text(), random(depth - 1)}
      n -> random_leaf(n - 2)
    end
  end

  defp random_leaf(1), do: :rand.uniform(1_000_000_000_000_000_000_000) - 500
  defp random_leaf(2), do: :rand.normal() * :math.pow(10, :rand.uniform(200) - 100)
  defp random_leaf(3), do: Enum.random([nil, true, false])
  defp random_leaf(4), do: [""] |> Enum.random()
  defp random_leaf(_), do: random_text()

  defp random_text do
    for _ <- 1..:rand.uniform(12), into: "" do
      char =
        Enum.random([
          Enum.random(0..0x7F),
          Enum.random(0x80..0xD7FF),
          Enum.random(0x10000..0x10FFFF)
        ])

      <<char::utf8>>
    end
  end
end
