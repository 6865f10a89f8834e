"""What Python adds to a search: the binding beside the same search from C, over so few rows that crossing counts.

The C side is benchmarks/crossing.c's loop (search, read the columns, free) compiled by the system's compiler and run in
this very process on the same database and the same vector, in turns with Python, so that both see the same machine. The
raw ctypes calls stand between them: what is left above them is the binding's own work.

  VECTORDB_LIBRARY=.build/release/libvectordb.so PYTHONPATH=bindings/python/src python benchmarks/python_crossing.py
"""

from __future__ import annotations

import ctypes
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import vectordb
from vectordb import _prototypes as c
from vectordb._library import library

DIMENSIONS = 384
K = 10
ROUNDS = 15
CALLS = 3000
HEADERS = Path(__file__).resolve().parent.parent / "include"

# The functions come as pointers: the loop needs no library to link with, and runs against the one Python loaded.
C_LOOP = """
#include <vectordb.h>
#include <time.h>
typedef vdb_status (*search_fn)(const vdb_database *, const float *, uint64_t, const vdb_search_options *,
                                vdb_results **);
typedef vdb_status (*columns_fn)(const vdb_results *, vdb_columns *);
typedef vdb_status (*free_fn)(vdb_results *);
double loop(search_fn search, columns_fn read, free_fn release, vdb_database *db, const float *query,
            uint64_t dimensions, uint32_t flags, int calls) {
  vdb_search_options options = VDB_SEARCH_OPTIONS_INIT;
  options.flags = flags;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int call = 0; call < calls; call++) {
    vdb_results *results;
    vdb_columns columns = VDB_COLUMNS_INIT;
    if (search(db, query, dimensions, &options, &results) || read(results, &columns) || release(results)) return -1;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  return ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / calls / 1e3;
}
"""


def main() -> None:
  random = np.random.default_rng(5)
  with tempfile.TemporaryDirectory() as folder, vectordb.create("crossing", dimensions=DIMENSIONS, threads=1) as db:
    rows = random.standard_normal((K, DIMENSIONS), dtype=np.float32)
    db.upsert([f"id{n:04}" for n in range(K)], rows, [{"lang": "en", "year": 2000 + n} for n in range(K)])
    query, batch = rows[3], rows[3:4]
    c_loop = compiled(Path(folder))
    metadata = c.VDB_INCLUDE_METADATA
    contenders = {
      "C, ids and scores": lambda: c_loop(db, query, 0),
      "C, with metadata": lambda: c_loop(db, query, metadata),
      "ctypes calls, ids and scores": lambda: timed(raw(db, query)),
      "search_arrays, (d,)": lambda: timed(lambda: db.search_arrays(query, K)),
      "search_arrays, (1, d)": lambda: timed(lambda: db.search_arrays(batch, K)),
      "search, without metadata": lambda: timed(lambda: db.search(query, K, include_metadata=False)),
      "search": lambda: timed(lambda: db.search(query, K)),
      "search, metadata read": lambda: timed(lambda: [hit.metadata for hit in db.search(query, K)]),
      "search, with a filter": lambda: timed(lambda: db.search(query, K, filter={"lang": "en"})),
      "get": lambda: timed(lambda: db.get("id0003")),
      "add": lambda: timed(lambda: db.add("id0003", query, {"lang": "en"})),
      "count": lambda: timed(db.count),
    }
    for contender in contenders.values():
      contender()
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
      for name, contender in contenders.items():
        rounds[name].append(contender())
  medians = {name: statistics.median(values) for name, values in rounds.items()}
  show(medians)


def timed(call) -> float:
  """Microseconds of one call."""
  start = time.perf_counter()
  for _ in range(CALLS):
    call()
  return (time.perf_counter() - start) / CALLS * 1e6


def raw(db, query):
  """The three calls of a search as ctypes makes them at their cheapest, nothing read."""
  handle, address = db._handle, query.ctypes.data
  results, columns = ctypes.c_void_p(), c.vdb_columns(*c.vdb_columns.INIT)
  out, view = ctypes.byref(results), ctypes.byref(columns)
  search, read, free = library.vdb_database_search, library.vdb_results_columns, library.vdb_results_free

  def call():
    search(handle, address, DIMENSIONS, None, out)
    read(results, view)
    free(results)

  return call


def compiled(folder: Path):
  """The loop in C: (database, query, flags) -> microseconds of one search."""
  (folder / "loop.c").write_text(C_LOOP)
  subprocess.run(
    ["cc", "-O2", "-shared", "-fPIC", f"-I{HEADERS}", "-o", folder / "loop.so", folder / "loop.c"], check=True
  )
  loop = ctypes.CDLL(str(folder / "loop.so")).loop
  loop.restype = ctypes.c_double
  loop.argtypes = [ctypes.c_void_p] * 5 + [ctypes.c_uint64, ctypes.c_uint32, ctypes.c_int]
  functions = [
    ctypes.cast(function, ctypes.c_void_p)
    for function in (library.vdb_database_search, library.vdb_results_columns, library.vdb_results_free)
  ]
  return lambda db, query, flags: loop(*functions, db._handle, query.ctypes.data, DIMENSIONS, flags, CALLS)


def show(medians: dict[str, float]) -> None:
  plain, full = medians["C, ids and scores"], medians["C, with metadata"]
  beside = {
    "ctypes calls, ids and scores": plain,
    "search_arrays, (d,)": plain,
    "search_arrays, (1, d)": plain,
    "search, without metadata": plain,
    "search": full,
    "search, metadata read": full,
  }
  versions = f"Python {sys.version.split()[0]}, numpy {np.__version__}"
  print(f"k = {K}, {DIMENSIONS} dimensions, {K} rows, {versions}; microseconds")
  for name, value in medians.items():
    added = f"  +{value - beside[name]:5.2f} over C" if name in beside else ""
    print(f"  {name:<30}{value:8.2f}{added}")
  arrays, search = medians["search_arrays, (1, d)"] - plain, medians["search"] - full
  print(f"search_arrays adds {arrays:.1f} us (bound 10), search adds {search:.1f} us (bound 15)")
  print(json.dumps({"added_us": {"search_arrays": round(arrays, 2), "search": round(search, 2)}}))


main()
