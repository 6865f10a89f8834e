"""Filters beside numpy, in one process, on the same records: how many match, and the nearest among those that do.

  python benchmarks/filters.py [--rows 200000] [--dimensions 384] [--threads 1] [--rounds 9] [--output result.json]

numpy works on what a program would prepare for it: small integers for the genre, an array a key, a column of booleans for
each tag. Its mask is one expression over whole arrays; its search multiplies the rows under the mask. Engines take turns
within every round; a figure is the median of the rounds, a ratio the median of the ratios within each round. "first" is the
first time a filter is asked, when the library makes the columns it needs. The answers are compared first.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

K = 10
GENRES, TAGS = 8, 60


def parse_arguments():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("--rows", type=int, default=200_000)
  parser.add_argument("--dimensions", type=int, default=384)
  parser.add_argument("--threads", type=int, default=1)
  parser.add_argument("--rounds", type=int, default=9)
  parser.add_argument("--output", type=pathlib.Path)
  return parser.parse_args()


arguments = parse_arguments()
# Read by the libraries when they are loaded.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
  os.environ[variable] = str(arguments.threads)

import numpy as np  # noqa: E402
import vectordb  # noqa: E402


class Records:
  """Vectors, the arrays numpy filters by, and the same as metadata."""

  def __init__(self, count, dimensions):
    random = np.random.default_rng(11)
    self.vectors = random.standard_normal((count, dimensions), dtype=np.float32)
    self.vectors /= np.linalg.norm(self.vectors, axis=1, keepdims=True)
    self.genre = random.integers(0, GENRES, count).astype(np.int8)
    self.year = random.integers(1950, 2020, count).astype(np.int16)
    self.price = np.round(random.random(count) * 1000, 6)
    self.title = np.array([f"title {row}" for row in range(count)])
    self.tags = np.zeros((TAGS, count), bool)
    chosen = random.integers(0, TAGS, (count, 3))
    for place in range(3):
      self.tags[chosen[:, place], np.arange(count)] = True
    self.metadata = [
      {"genre": f"g{self.genre[row]}", "year": int(self.year[row]), "price": float(self.price[row]),
       "title": str(self.title[row]), "tags": [f"t{tag}" for tag in chosen[row]]} for row in range(count)]


# What the table calls it, the filter, and numpy's mask.
CASES = (
  ("equal, 8 strings", {"genre": "g3"}, lambda r: r.genre == 3),
  ("equal, 70 numbers", {"year": 1977}, lambda r: r.year == 1977),
  ("equal, every string another", {"title": "title 777"}, lambda r: r.title == "title 777"),
  ("range, 70 numbers", {"year": {"$gte": 1990, "$lt": 2000}}, lambda r: (r.year >= 1990) & (r.year < 2000)),
  ("range, every number another, 1 %", {"price": {"$lt": 10}}, lambda r: r.price < 10),
  ("range, every number another, 99 %", {"price": {"$gte": 10}}, lambda r: r.price >= 10),
  ("one of three", {"genre": {"$in": ["g1", "g2", "g5"]}}, lambda r: np.isin(r.genre, (1, 2, 5))),
  ("list contains", {"tags": "t7"}, lambda r: r.tags[7]),
  ("list contains one of three", {"tags": {"$in": ["t1", "t2", "t30"]}}, lambda r: r.tags[1] | r.tags[2] | r.tags[30]),
  ("three keys together", {"genre": "g1", "year": {"$gt": 1980}, "price": {"$gt": 500}},
   lambda r: (r.genre == 1) & (r.year > 1980) & (r.price > 500)),
  ("not", {"$not": {"genre": "g1"}}, lambda r: r.genre != 1),
)


def seconds(work):
  start = time.perf_counter()
  result = work()
  return time.perf_counter() - start, result


def ours_search(db, query, wanted):
  ids, scores = db.search_arrays(query, top_k=K, filter=wanted)[:2]
  return ids, scores


def numpy_search(records, query, mask):
  rows = np.flatnonzero(mask(records))
  scores = records.vectors[rows] @ query
  best = np.argpartition(scores, -K)[-K:] if len(rows) > K else np.arange(len(rows))
  best = best[np.argsort(-scores[best])]
  return rows[best], scores[best]


def measure(db, records, query, name, wanted, mask):
  first, matches = seconds(lambda: db.count(filter=wanted))
  if matches != int(mask(records).sum()):
    sys.exit(f"{name}: {matches} match here, {int(mask(records).sum())} in numpy")
  ids, scores = ours_search(db, query, wanted)
  expected = numpy_search(records, query, mask)[1]
  if len(ids) != min(K, matches) or np.abs(np.asarray(scores) - expected).max(initial=0) > 1e-5:
    sys.exit(f"{name}: the nearest differ")
  work = {
    ("count", "ours"): lambda: db.count(filter=wanted),
    ("count", "numpy"): lambda: np.count_nonzero(mask(records)),
    ("search", "ours"): lambda: ours_search(db, query, wanted),
    ("search", "numpy"): lambda: numpy_search(records, query, mask)}
  times = {key: [] for key in work}
  for round in range(arguments.rounds):
    for key in work if round % 2 == 0 else reversed(work):
      times[key].append(seconds(work[key])[0])
  result = {"name": name, "filter": wanted, "matches": matches, "first_us": first * 1e6}
  for mode in ("count", "search"):
    result[mode] = {
      "ours_us": statistics.median(times[mode, "ours"]) * 1e6,
      "numpy_us": statistics.median(times[mode, "numpy"]) * 1e6,
      "ratio": statistics.median(b / a for a, b in zip(times[mode, "ours"], times[mode, "numpy"]))}
  print(f"{name:<36}{matches:>8} match  first {first * 1e6:7.0f} us  " + "  ".join(
    f"{mode} {figures['ours_us']:7.0f} us, numpy {figures['numpy_us']:7.0f}: {figures['ratio']:5.2f} x"
    for mode, figures in ((mode, result[mode]) for mode in ("count", "search"))), flush=True)
  return result


def main():
  records = Records(arguments.rows, arguments.dimensions)
  db = vectordb.create("bench", dimensions=arguments.dimensions, metric="cosine", threads=arguments.threads)
  for at in range(0, arguments.rows, 1000):
    end = min(at + 1000, arguments.rows)
    db.upsert([f"r{row}" for row in range(at, end)], records.vectors[at:end], records.metadata[at:end])
  query = records.vectors[0] + records.vectors[1]
  query /= np.linalg.norm(query)
  results = [measure(db, records, query, *case) for case in CASES]
  if arguments.output:
    arguments.output.write_text(json.dumps({
      "rows": arguments.rows, "dimensions": arguments.dimensions, "threads": arguments.threads,
      "rounds": arguments.rounds, "numpy": np.__version__, "results": results}))


main()
