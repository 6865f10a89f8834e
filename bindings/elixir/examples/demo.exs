# The main job on real data: loads the sample of Debian packages, answers questions with and without
# a filter, and prints the answers, then health and metrics.
#
#   mix run examples/demo.exs ../../data [answers.tsv]

defmodule Demo do
  @dimensions 384
  # Asked for, and written to the file; printed.
  @answers 10
  @shown 3

  def main([folder | rest]) do
    IO.puts("Elixir, libvectordb #{VectorDB.version()}")
    db = VectorDB.create!("packages", backend: :memory, dimensions: @dimensions, metric: :cosine)
    load(db, folder)

    header = [
      cell("rank", 4),
      cell("id", 24),
      "score ",
      cell("section", 11),
      cell("text", 41),
      "time"
    ]

    IO.puts(Enum.join(header, "  "))
    IO.puts(Enum.map_join([4, 24, 6, 11, 47], "  ", &String.duplicate("-", &1)))

    answers =
      for {question, vector} <- Enum.zip(lines(folder, "questions"), rows(folder, "questions")) do
        all = ask(db, question, vector, nil)
        filtered = ask(db, question, vector, question["filter"])
        IO.puts("")
        [all, filtered]
      end

    print_wrapped("health", VectorDB.health(db))
    print_wrapped("metrics", VectorDB.metrics(db))
    VectorDB.close!(db)
    with [path | _] <- rest, do: File.write!(path, answers)
  end

  def main([]) do
    IO.puts(:stderr, "usage: mix run examples/demo.exs DATA_FOLDER [ANSWERS.tsv]")
    System.halt(1)
  end

  defp lines(folder, name) do
    for line <- File.stream!(Path.join(folder, name <> ".jsonl")) do
      {:ok, object} = VectorDB.JSON.decode(line)
      object
    end
  end

  defp rows(folder, name) do
    bytes = File.read!(Path.join(folder, name <> ".f32"))
    for <<row::binary-size(@dimensions * 4) <- bytes>>, do: row
  end

  defp load(db, folder) do
    packages = lines(folder, "packages")
    ids = Enum.map(packages, & &1["id"])
    metadata = Enum.map(packages, &Map.delete(&1, "id"))
    vectors = File.read!(Path.join(folder, "packages.f32"))

    {microseconds, count} =
      :timer.tc(fn -> VectorDB.add_batch!(db, %{ids: ids, vectors: vectors, metadata: metadata}) end)

    IO.puts("#{count} packages of #{@dimensions} dimensions written in #{ms(microseconds, 1)} ms\n")
  end

  # Prints the first answers, and returns all of them as lines of the file.
  defp ask(db, question, vector, filter) do
    options = [top_k: @answers] ++ if(filter, do: [filter: filter], else: [])
    {microseconds, hits} = :timer.tc(fn -> VectorDB.search!(db, vector, options) end)

    heading = if filter, do: "  where " <> json(filter), else: question["text"]
    IO.puts(cell(heading, 89) <> String.pad_leading(ms(microseconds, 2), 8) <> " ms")

    for {hit, rank} <- hits |> Enum.take(@shown) |> Enum.with_index(1) do
      columns = [
        String.pad_leading("#{rank}", 4),
        cell(hit.id, 24),
        :erlang.float_to_binary(hit.score, decimals: 4),
        cell(hit.metadata["section"], 11),
        String.slice(hit.metadata["text"], 0, 47)
      ]

      IO.puts(Enum.join(columns, "  "))
    end

    for {hit, rank} <- Enum.with_index(hits, 1) do
      score = :erlang.float_to_binary(hit.score, decimals: 9)
      mode = if filter, do: "filtered", else: "all"
      Enum.join([question["id"], mode, rank, hit.id, score], "\t") <> "\n"
    end
  end

  defp ms(microseconds, decimals),
    do: :erlang.float_to_binary(microseconds / 1000, decimals: decimals)

  defp cell(text, width), do: text |> String.slice(0, width) |> String.pad_trailing(width)

  defp json(term) do
    {:ok, text} = VectorDB.JSON.encode(term)
    text
  end

  # On lines of at most 100 columns, broken after commas.
  defp print_wrapped(title, document) do
    IO.puts(title)

    {last, done} =
      for piece <- String.split(json(document), ~r/(?<=,)/), reduce: {"  ", []} do
        {line, done} ->
          if String.length(line <> piece) > 100,
            do: {"  " <> piece, [line | done]},
            else: {line <> piece, done}
      end

    IO.puts(Enum.join(Enum.reverse([last | done]), "\n"))
  end
end

Demo.main(System.argv())
