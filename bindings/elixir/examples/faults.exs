# Rehearses a backend in trouble on the memory backend: repeated attempts, an open circuit, a cache that bridges it, and
# the events of it. The faults come from a seed.
#
#   mix run examples/faults.exs

shaky = VectorDB.create!("shaky", dimensions: 2, fault_injection: %{seed: 7, error_rate: 0.3})
for n <- 1..20, do: VectorDB.search!(shaky, [1, n])
%{"success_rate" => 1, "attempts" => attempts} = VectorDB.metrics(shaky)
IO.puts("20 calls of a shaky backend went well, after #{attempts} attempts")

:ok = VectorDB.Log.enable(self(), :warning)

dead =
  VectorDB.create!("dead",
    dimensions: 2,
    fault_injection: %{outages: [%{after_ms: 200, for_ms: 60_000}]},
    resilience: %{circuit_breaker: %{consecutive_failures: 3, consecutive_duration: 0}},
    cache: %{ttl: 0.1, stale_on_error: true}
  )

VectorDB.add!(dead, "a", [1, 0])
VectorDB.search!(dead, [1, 0])
Process.sleep(400)

{:error, error} = VectorDB.count(dead)
IO.puts("a dead one: #{error.code} after #{error.details["attempts"]} attempts")
{:error, error} = VectorDB.count(dead)
IO.puts("from then on: #{error.code}, to be tried again in half a minute")
true = error.details["retry_after_ms"] > 20_000

{[%{id: "a"}], %{"stale" => true}} = VectorDB.search!(dead, [1, 0], info: true)
IO.puts("the cache still answers; health: #{VectorDB.health(dead)["reason"]}")

next = fn next, name ->
  receive do
    {VectorDB.Log, level, json} ->
      event = VectorDB.Log.decode(json)
      if event["event"] == name, do: {level, event}, else: next.(next, name)
  after
    2000 -> raise "no event #{name}"
  end
end

{:warning, event} = next.(next, "circuit_breaker.changed")
IO.puts("event: the circuit went from #{event["from"]} to #{event["to"]}")
VectorDB.Log.disable()
