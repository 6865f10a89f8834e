"""Exact search beside its peers, in one process, on the same data: this library, faiss-cpu's flat index, and numpy.

  python benchmarks/exact_search.py [--threads 1] [--rounds 7] [--output result.json]

Data: build/data (about 60,000 packages, made by `scripts/make-sample --full`) when it is there, else the committed sample.
A seeded permutation makes the first 1,000 rows (a tenth of the sample) queries and the rest the base. Engines take turns
within every round, so that a slow moment of the machine meets all; a figure is the median of the rounds, a ratio the median
of the ratios within each round.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIMENSIONS = 384
K = 10
SINGLE_QUERIES = 200  # a round, one at a time
TIE = 1e-5  # scores nearer than this may change places: float32 sums in another order


def parse_arguments():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("--threads", type=int, default=1)
  parser.add_argument("--rounds", type=int, default=7)
  parser.add_argument("--output", type=pathlib.Path)
  return parser.parse_args()


arguments = parse_arguments()
# Read by the libraries when they are loaded.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
  os.environ[variable] = str(arguments.threads)

import faiss  # noqa: E402
import numpy as np  # noqa: E402
import vectordb  # noqa: E402


def read_data():
  """(name, ids of the base, base, queries)"""
  full = ROOT / "build" / "data"
  folder, name = (full, "full index") if (full / "packages.f32").exists() else (ROOT / "data", "committed sample")
  vectors = np.fromfile(folder / "packages.f32", "<f4").reshape(-1, DIMENSIONS)
  order = np.random.default_rng(7).permutation(len(vectors))
  split = min(1000, len(vectors) // 10)
  base = np.ascontiguousarray(vectors[order[split:]])
  return name, [f"p{row}" for row in order[split:]], base, np.ascontiguousarray(vectors[order[:split]])


class Ours:
  name = "libvectordb"

  def __init__(self, metric, ids, base):
    self.rows = {id: row for row, id in enumerate(ids)}
    self.db = vectordb.create("bench", dimensions=DIMENSIONS, metric=metric, threads=arguments.threads)
    start = time.perf_counter()
    for at in range(0, len(ids), 1000):
      self.db.upsert(ids[at:at + 1000], base[at:at + 1000])
    self.insert_rate = len(ids) / (time.perf_counter() - start)

  def search(self, queries):
    return self.db.search_arrays(queries, top_k=K)

  def answer(self, result):
    """(rows of the base, scores) of what `search` returned; not timed."""
    ids, scores = result[0], result[1]
    return np.array([[self.rows[id] for id in line] for line in ids]), np.asarray(scores)


class Faiss:
  name = "faiss flat"

  def __init__(self, metric, ids, base):
    faiss.omp_set_num_threads(arguments.threads)
    self.metric = metric
    self.index = faiss.IndexFlatL2(DIMENSIONS) if metric == "l2" else faiss.IndexFlatIP(DIMENSIONS)
    start = time.perf_counter()
    self.index.add(base)
    self.insert_rate = len(ids) / (time.perf_counter() - start)

  def search(self, queries):
    return self.index.search(queries, K)

  def answer(self, result):
    values, rows = result
    return rows, 1 / (1 + np.sqrt(np.maximum(values, 0))) if self.metric == "l2" else values


class Numpy:
  name = "numpy"

  def __init__(self, metric, ids, base):
    self.base, self.metric = base, metric
    self.squares = np.einsum("ij,ij->i", base, base)
    self.insert_rate = None

  def search(self, queries):
    closeness = queries @ self.base.T
    if self.metric == "l2":
      closeness *= 2
      closeness -= self.squares
    rows = np.argpartition(closeness, -K, axis=1)[:, -K:]
    values = np.take_along_axis(closeness, rows, axis=1)
    order = np.argsort(-values, axis=1)
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(values, order, axis=1), queries

  def answer(self, result):
    rows, values, queries = result
    if self.metric == "l2":
      squared = np.einsum("ij,ij->i", queries, queries)[:, None] - values
      return rows, 1 / (1 + np.sqrt(np.maximum(squared, 0)))
    return rows, values


def single_rate(engine, queries):
  lines = [queries[row:row + 1] for row in range(min(SINGLE_QUERIES, len(queries)))]
  start = time.perf_counter()
  for line in lines:
    engine.search(line)
  return len(lines) / (time.perf_counter() - start)


def batch_rate(engine, queries):
  start = time.perf_counter()
  engine.search(queries)
  return len(queries) / (time.perf_counter() - start)


def check_same_answers(engines, queries):
  """Ends the program unless all engines give the same rows, where they differ with the same scores."""
  truth_rows, truth_scores = engines[0].answer(engines[0].search(queries))
  for engine in engines[1:]:
    rows, scores = engine.answer(engine.search(queries))
    # l2 of nearly equal vectors by way of the expanded square loses half the digits.
    tolerance = np.where(truth_scores > 0.95, 2e-3, TIE) if engine.metric == "l2" else TIE
    worst = np.abs(scores - truth_scores)
    if (worst > tolerance).any():
      sys.exit(f"{engine.name} and {engines[0].name} disagree: scores differ by {worst.max():.2g}")
    print(f"  same answers as {engine.name}: {(rows == truth_rows).mean():.4%} of the places hold the same id, "
          f"the rest are ties within {TIE:g}")


def measure(metric, ids, base, queries):
  engines = [kind(metric, ids, base) for kind in (Ours, Faiss, Numpy)]
  print(f"{metric}, {len(base)} rows, {len(queries)} queries, {arguments.threads} thread(s)")
  check_same_answers(engines, queries)
  result = {"metric": metric, "insert": {engine.name: engine.insert_rate for engine in engines}}
  for mode, rate in (("single", single_rate), ("batch", batch_rate)):
    rates = {engine.name: [] for engine in engines}
    for engine in engines:
      rate(engine, queries)  # warm
    for round in range(arguments.rounds):
      for engine in engines if round % 2 == 0 else reversed(engines):
        rates[engine.name].append(rate(engine, queries))
    ours = rates[Ours.name]
    result[mode] = {
      name: {"qps": statistics.median(values), "ratio": statistics.median(a / b for a, b in zip(ours, values))}
      for name, values in rates.items()}
    for name, figures in result[mode].items():
      print(f"  {mode:<7}{name:<12}{figures['qps']:10.0f} queries/s   ours is {figures['ratio']:.2f} x")
  return result


def main():
  name, ids, base, queries = read_data()
  results = [measure(metric, ids, base, queries) for metric in ("cosine", "l2")]
  if arguments.output:
    arguments.output.write_text(json.dumps({
      "data": name, "rows": len(base), "queries": len(queries), "threads": arguments.threads,
      "rounds": arguments.rounds, "results": results, "faiss": faiss.__version__, "numpy": np.__version__}))


main()
