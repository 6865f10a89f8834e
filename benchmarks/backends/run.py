"""Each network backend through the library, beside its usual Python client and beside its bare protocol, in one run.

  python benchmarks/backends/run.py [--rows 20000] [--rounds N] [--searches 1000] [--output FILE] [BACKEND ...]

Bulk: the same rows into an empty collection with the same index state on each side, in turns, each round in another order, after
rows that nobody counts; a ratio is the median of the ratios of the rounds. The library writes from Python and from C; the bare
writer, in C too, sends bytes that were encoded before the clock started. CPU is that of the client process, user and system, all
threads. Search: one query at a time, the same collection; latency in turns within one process written in C, CPU in turns within
this one, as the median of five.
"""

import argparse
import importlib
import json
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import servers  # noqa: E402
from data import K, Rows  # noqa: E402
from ours import options, ours, searchable  # noqa: E402

BACKENDS = ("pgvector", "redis", "chroma", "milvus")
SETTINGS = {"pgvector": {"settings": {"fsync": "on"}}}


def timed(work):
  """(seconds, CPU seconds of this process)"""
  before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
  work()
  seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
  return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def program(*arguments):
  done = subprocess.run([str(each) for each in arguments], capture_output=True, text=True, timeout=600)
  if done.returncode != 0:
    sys.exit(f"{arguments[0]} failed: {done.stderr}")
  return json.loads(done.stdout)


def bulk(backend, module, peer, rows, arguments, folder):
  sides = {"ours": [], "from C": [], "client": [], "bare": []}
  prepared = peer.bare_upsert("bench_bare", rows, folder)

  def write_ours():
    if getattr(module, "ours_opens_the_client_s", False):
      peer.create("bench_ours")
    with ours(peer, "bench_ours", module.index) as db:
      sides["ours"].append(timed(lambda: db.upsert(rows.ids, rows.vectors, rows.metadata)))
      assert db.count() == len(rows)
      db.drop()

  files = [folder / each for each in ("ids", "metadata.json", "rows.f32")]
  files[0].write_text("".join(f"{id}\n" for id in rows.ids))
  files[1].write_text(f"[{','.join(rows.metadata_json)}]")
  rows.vectors.tofile(files[2])

  def write_from_c():
    if getattr(module, "ours_opens_the_client_s", False):
      peer.create("bench_c")
    with ours(peer, "bench_c", module.index) as db:
      told = program(arguments.programs / prepared[0], "load", "bench_c", options(peer, "bench_c"), *files)
      sides["from C"].append((told["seconds"], told["cpu"]))
      assert db.count() == len(rows)
      db.drop()

  def write_client():
    peer.create("bench_client")
    sides["client"].append(timed(lambda: peer.upsert("bench_client", rows)))
    peer.drop("bench_client")

  def write_insert():
    peer.create("bench_insert")
    sides["insert"].append(timed(lambda: peer.insert("bench_insert", rows)))
    peer.drop("bench_insert")

  def write_bare():
    executable, address, files = prepared
    if backend == "chroma":  # its address holds the collection's number
      executable, address, files = peer.bare_upsert("bench_bare", rows, folder)
    else:
      peer.create("bench_bare")
    told = program(arguments.programs / executable, "upsert", address, *files)
    sides["bare"].append((told["seconds"], told["cpu"]))
    peer.drop("bench_bare")

  # A server that was just started takes longer for the first rows it gets, and nobody always goes first.
  write_client()
  sides["client"].clear()
  turns = [write_ours, write_from_c, write_client, write_bare]
  if hasattr(peer, "insert"):
    sides["insert"] = []
    turns.append(write_insert)
  # Nor does one side always follow the same other one, whose traces it would find.
  order = random.Random(7)
  for _ in range(arguments.rounds or module.rounds):
    for turn in order.sample(turns, len(turns)):
      turn()
  count = len(rows)

  def ratio(side, which="ours"):
    return statistics.median(theirs[0] / own[0] for own, theirs in zip(sides[which], sides[side]))

  found = {
    "rows_per_second": {side: count / statistics.median(each[0] for each in took) for side, took in sides.items()},
    "speed_over_client": ratio("client"),
    "speed_over_bare": ratio("bare"),
    "speed_from_c_over_bare": ratio("bare", "from C"),
    "cpu_us_a_row": {side: statistics.median(each[1] for each in took) / count * 1e6 for side, took in sides.items()},
  }
  if "insert" in sides:
    found["speed_over_insert"] = ratio("insert")
  return found


def search(module, peer, rows, arguments, folder):
  with searchable(module, peer, "bench_search", rows) as db:
    queries = folder / "queries.f32"
    rows.queries.tofile(queries)
    executable, address, file = peer.bare_search("bench_search", rows, folder)
    searches = min(arguments.searches, module.searches)
    told = program(arguments.programs / executable, "search", address, file, queries, options(peer, "bench_search"), searches)
    if told["hits"][0] != told["hits"][1]:
      sys.exit(f"{module.name}: the two sides found {told['hits']} hits")
    wanted = [rows.queries[at % len(rows.queries)] for at in range(searches)]
    for query in wanted[:20]:
      db.search(query, top_k=K), peer.search("bench_search", query)
    cpu = {"ours": [], "client": []}
    for _ in range(5):
      # Answers are let go of at once: kept, the hits of the one side and the ids of the other would burden Python's collector
      # with more and more objects.
      cpu["ours"].append(timed(lambda: all(db.search(query, top_k=K) for query in wanted))[1])
      cpu["client"].append(timed(lambda: all(peer.search("bench_search", query) for query in wanted))[1])
    same = statistics.mean(
      len({each.id for each in db.search(query, top_k=K)} & {_plain(id) for id in peer.search("bench_search", query)}) / K
      for query in wanted[:20])
    db.drop()
  return {
    "p50_ms": {"ours": told["ours_p50_ms"], "bare": told["bare_p50_ms"]},
    "latency_over_bare": told["ours_p50_ms"] / told["bare_p50_ms"],
    "cpu_us": {**{side: statistics.median(took) / searches * 1e6 for side, took in cpu.items()},
               "from C": told["our_cpu_us"], "bare": told["bare_cpu_us"]},
    "cpu_over_client": statistics.median(ours / client for ours, client in zip(cpu["ours"], cpu["client"])),
    "same_answers": same,
  }


def _plain(id):
  """An id without what a backend puts before it."""
  return id.rsplit(":", 1)[-1]


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("backends", nargs="*", default=BACKENDS)
  parser.add_argument("--rows", type=int, default=20_000)
  parser.add_argument("--rounds", type=int, help="of the bulk; by default as many as the backend's speed allows")
  parser.add_argument("--searches", type=int, default=1000)
  parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of the programs in C")
  parser.add_argument("--output", type=pathlib.Path)
  arguments = parser.parse_args()
  rows, results = Rows(arguments.rows), {}
  for backend in arguments.backends:
    module = importlib.import_module(f"peers.{backend}")
    with servers.SERVERS[backend](**SETTINGS.get(backend, {})) as server, tempfile.TemporaryDirectory() as folder:
      peer, folder = module.Peer(server), pathlib.Path(folder)
      found = {"client": module.name, "rows": len(rows), "bulk": bulk(backend, module, peer, rows, arguments, folder)}
      cpu = found["bulk"]["cpu_us_a_row"]
      found["bulk"]["cpu_over_client"] = cpu["ours"] / cpu["client"]
      print(backend, json.dumps(found["bulk"]), flush=True)
      found["search"] = search(module, peer, rows, arguments, folder)
      print(backend, json.dumps(found["search"]), flush=True)
      results[backend] = found
  if arguments.output:
    arguments.output.write_text(json.dumps({"rows": len(rows), "backends": results}, indent=1))


if __name__ == "__main__":
  main()
