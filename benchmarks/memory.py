"""Memory of a million rows, as the system counts it: resident bytes of the process before and after.

  python benchmarks/memory.py [--rows 1000000] [--dimensions 384]

Rows have an id and no metadata, and are written in batches of 10,000.
"""

import argparse
import gc
import json
import os

import numpy as np
import vectordb

BATCH = 10_000


def resident_bytes():
  with open("/proc/self/statm", encoding="ascii") as statm:
    return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("--rows", type=int, default=1_000_000)
  parser.add_argument("--dimensions", type=int, default=384)
  arguments = parser.parse_args()
  vectors = np.random.default_rng(5).standard_normal((BATCH, arguments.dimensions), dtype=np.float32)
  db = vectordb.create("bench", dimensions=arguments.dimensions, metric="cosine")
  db.upsert(["warm"], vectors[:1])
  gc.collect()
  before = resident_bytes()
  for start in range(0, arguments.rows, BATCH):
    db.upsert([f"id-{row}" for row in range(start, start + BATCH)], vectors)
  gc.collect()
  used = resident_bytes() - before
  payload = arguments.rows * arguments.dimensions * 4
  print(json.dumps({"rows": arguments.rows, "dimensions": arguments.dimensions, "resident_bytes": used,
                    "vector_bytes": payload, "ratio": used / payload}))


main()
