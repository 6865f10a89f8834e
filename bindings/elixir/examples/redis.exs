# An index of Redis, of a server with the query engine: Redis 8, or Redis Stack.
#
#   REDIS_URL=redis://:password@localhost:6379 mix run examples/redis.exs
#
# The address may also be an option, url:, or its parts, host:, port:, username:, password:, tls:.

# In a supervision tree the connection waits for the first call, so an application starts also while Redis is away.
children = [
  {VectorDB, name: Example.VDB, database: "elixir_example", backend: :redis, dimensions: 3}
]

{:ok, supervisor} = Supervisor.start_link(children, strategy: :one_for_one)

VectorDB.add_batch!(Example.VDB, [
  {"cat", [1.0, 0.1, 0.0], %{kind: "animal", legs: 4}},
  {"bird", [0.8, 0.3, 0.1], %{kind: "animal", legs: 2}},
  {"car", [0.0, 0.2, 1.0], %{kind: "thing"}}
])

# Redis indexes behind the writer's back: flush waits until searches see what was written.
VectorDB.flush!(Example.VDB)

# A process that waits costs the virtual machine no thread: any number may.
[[1, 0, 0], [0, 0, 1]]
|> Enum.map(fn query -> Task.async(fn -> VectorDB.search!(Example.VDB, query, top_k: 2) end) end)
|> Task.await_many()
|> Enum.each(fn matches ->
  IO.puts(Enum.map_join(matches, ", ", &"#{&1.id}: score #{Float.round(&1.score, 3)}"))
end)

VectorDB.drop!(Example.VDB)
Supervisor.stop(supervisor)
