# A table of PostgreSQL with the extension pgvector.
#
#   DATABASE_URL=postgresql://user:password@localhost/database mix run examples/pgvector.exs
#
# The address may also be an option, connection_string:, or its parts, host:, port:, user:, password:, database:. A table that
# exists is opened as it is, and never changed; one that does not is created.

db =
  VectorDB.create!("elixir_example", backend: :pgvector, table_name: "elixir_example", dimensions: 3)

VectorDB.add_batch!(db, [
  {"cat", [1.0, 0.1, 0.0], %{kind: "animal", legs: 4}},
  {"bird", [0.8, 0.3, 0.1], %{kind: "animal", legs: 2}},
  {"car", [0.0, 0.2, 1.0], %{kind: "thing"}}
])

# Built while others go on reading and writing; without one every search is exact.
VectorDB.create_index!(db, %{index: "hnsw"})

for match <- VectorDB.search!(db, [1, 0, 0], top_k: 2, filter: %{kind: "animal"}) do
  IO.puts("#{match.id}: score #{Float.round(match.score, 3)}, #{inspect(match.metadata)}")
end

# The batch was one statement: all of it is there, or nothing.
IO.puts("#{VectorDB.count!(db)} rows, health #{VectorDB.health(db)["status"]}")

VectorDB.drop!(db)
VectorDB.close!(db)
