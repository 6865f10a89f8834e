defmodule VectorDB.NativeTest do
  use ExUnit.Case, async: true

  @priv :vectordb |> :code.priv_dir() |> to_string()

  test "the NIF carries its library with it and is never unmapped" do
    assert File.regular?(Path.join(@priv, "libvectordb.so.0"))
    {dynamic, 0} = System.cmd("readelf", ["-d", Path.join(@priv, "vectordb_nif.so")])
    assert dynamic =~ ~r/NEEDED.*\[libvectordb\.so\.0\]/
    assert dynamic =~ ~r/RUNPATH.*\[\$ORIGIN\]/
    assert dynamic =~ ~r/FLAGS_1.*NODELETE/
  end

  test "the NIF shows nothing but its entry" do
    {symbols, 0} = System.cmd("nm", ["-D", "--defined-only", Path.join(@priv, "vectordb_nif.so")])

    names =
      for line <- String.split(symbols, "\n", trim: true), do: line |> String.split() |> List.last()

    assert names == ["nif_init"]
  end

  test "every function of the library is reached" do
    {symbols, 0} = System.cmd("nm", ["-D", "--undefined-only", Path.join(@priv, "vectordb_nif.so")])
    used = for [name] <- Regex.scan(~r/vdb_\w+/, symbols), into: MapSet.new(), do: name
    header = File.read!(Path.expand("../../../include/vectordb.h", __DIR__))

    declared =
      for [_, name] <- Regex.scan(~r/^[\w ]+[ *](vdb_\w+)\(/m, header), into: MapSet.new(), do: name

    # C needs no functions for its INIT macros, and no number where there is the text. Opening may always wait, and no signal
    # handler runs on a scheduler's thread.
    unneeded = ~w(vdb_vectors_init vdb_strings_init vdb_call_options_init vdb_search_options_init
      vdb_page_options_init vdb_version_number vdb_database_open vdb_interrupt_set)

    assert declared |> MapSet.difference(used) |> Enum.sort() == Enum.sort(unneeded)
  end
end
