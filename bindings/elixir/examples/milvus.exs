# A collection of Milvus: Milvus Lite, a cluster, or Zilliz Cloud.
#
#   MILVUS_URI=http://localhost:19530 mix run examples/milvus.exs
#
# MILVUS_TOKEN is "user:password", or an API key. Or as options: url:, or host: and port:; token:, or username: and password:.

db = VectorDB.create!("elixir_example", backend: :milvus, dimensions: 3, metric: :cosine)

# A namespace is a tenant: a view costs nothing, and a record is in one of them only.
for {tenant, animal} <- [{"zoo", "lion"}, {"farm", "cow"}] do
  view = VectorDB.namespace!(db, tenant)
  VectorDB.add!(view, animal, [1.0, 0.2, 0.0], %{kind: "animal"})
  VectorDB.add!(view, "cat", [0.9, 0.1, 0.1], %{kind: "animal", tenant: tenant})
end

for match <- db |> VectorDB.namespace!("zoo") |> VectorDB.search!([1, 0.2, 0], top_k: 2) do
  IO.puts("#{match.id}: score #{Float.round(match.score, 3)}, #{inspect(match.metadata)}")
end

VectorDB.drop!(db)
VectorDB.close!(db)
