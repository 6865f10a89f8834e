# A collection of Chroma, of a server or in Chroma's cloud.
#
#   CHROMA_URL=http://localhost:8000 mix run examples/chroma.exs
#
# The address may also be an option, url:, or its parts, host:, port:, tls:; tenant:, database: and api_key: are for the cloud.

db = VectorDB.create!("elixir_example", backend: :chroma, dimensions: 3, metric: :cosine)

VectorDB.add_batch!(db, [
  {"cat", [1.0, 0.1, 0.0], %{kind: "animal", legs: 4}},
  {"bird", [0.8, 0.3, 0.1], %{kind: "animal", legs: 2}},
  {"car", [0.0, 0.2, 1.0], %{kind: "thing"}}
])

for match <- VectorDB.search!(db, [1, 0, 0], filter: %{legs: %{"$gt" => 2}}) do
  IO.puts("#{match.id}: score #{Float.round(match.score, 3)}, #{inspect(match.metadata)}")
end

# What a backend cannot do is an error that names it; capabilities tell before.
{:ok, capabilities} = VectorDB.capabilities(db)
IO.puts("filters: #{Enum.join(capabilities["filter_operators"], " ")}")

case VectorDB.count(db, filter: %{legs: %{"$exists" => true}}) do
  {:ok, count} -> IO.puts("#{count} have legs")
  {:error, error} -> IO.puts("#{error.code}: #{error.message}")
end

VectorDB.drop!(db)
VectorDB.close!(db)
