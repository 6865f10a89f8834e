"""Writes docs/benchmarks.md from what scripts/bench measured.

  python benchmarks/report.py RESULT_FOLDER > docs/benchmarks.md
"""

import json
import os
import pathlib
import platform
import subprocess
import sys

import vectordb

ROOT = pathlib.Path(__file__).resolve().parent.parent


def processor():
  for line in open("/proc/cpuinfo", encoding="utf-8"):
    if line.startswith("model name"):
      return line.split(":", 1)[1].strip()
  return platform.machine()


def memory_gib():
  return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def git(*arguments):
  return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def commit():
  changed = git("status", "--porcelain", "--untracked-files=no", "--", "Sources", "include", "Package.swift")
  return git("rev-parse", "--short=10", "HEAD") + (" with local changes" if changed else "")


def rate(value):
  return "–" if value is None else f"{value:,.0f}"


def exact_search(document):
  print(f"### {document['threads']} thread{'s' if document['threads'] > 1 else ''}\n")
  print("| metric | mode | libvectordb q/s | faiss flat q/s | ratio | numpy q/s | ratio |")
  print("|---|---|--:|--:|--:|--:|--:|")
  for result in document["results"]:
    for mode, label in (("single", "one at a time"), ("batch", f"{document['queries']:,} at once")):
      ours, flat, array = (result[mode][name] for name in ("libvectordb", "faiss flat", "numpy"))
      # numpy makes the whole matrix of products before it selects: at once, that times memory more than arithmetic.
      beside_numpy = f"{array['ratio']:.2f}" if mode == "single" else "–"
      print(f"| {result['metric']} | {label} | {rate(ours['qps'])} | {rate(flat['qps'])} | **{flat['ratio']:.2f}** | "
            f"{rate(array['qps'])} | {beside_numpy} |")
  print()


def microseconds(value):
  return f"{value / 1000:,.1f} ms" if value >= 10_000 else f"{value:,.0f} µs"


def filters(path):
  document = json.loads(path.read_text())
  print(f"""## Filters

`benchmarks/filters.py`: {document["rows"]:,} rows of {document["dimensions"]} dimensions, {document["threads"]} thread, called
from Python. The peer is numpy on prepared arrays: small integers in place of strings, a column of booleans for each tag. Its
search multiplies the rows under the mask. "first" is the first count ever, which makes the columns that later ones use.
""")
  print("| filter | matches | first | count | numpy | ratio | search, k = 10 | numpy | ratio |")
  print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
  for result in document["results"]:
    count, search = result["count"], result["search"]
    print(f"| {result['name']}: `{json.dumps(result['filter'])}` | {result['matches']:,} | "
          f"{microseconds(result['first_us'])} | {microseconds(count['ours_us'])} | "
          f"{microseconds(count['numpy_us'])} | **{count['ratio']:.2f}** | {microseconds(search['ours_us'])} | "
          f"{microseconds(search['numpy_us'])} | **{search['ratio']:.2f}** |")
  print()


def memory(path):
  figures = json.loads(path.read_text())
  print(f"""## Memory

`benchmarks/memory.py`: {figures["rows"]:,} rows of {figures["dimensions"]} dimensions with their ids take
{figures["resident_bytes"] / 1e6:,.0f} MB of resident memory, **{figures["ratio"]:.3f} times** their {figures["vector_bytes"] / 1e6:,.0f} MB of vectors.
""")


def verbatim(folder, name, title, words):
  path = folder / name
  if path.exists():
    print(f"## {title}\n\n{words}\n\n```\n{path.read_text(encoding='utf-8').rstrip()}\n```\n")


def main(folder):
  documents = [json.loads(path.read_text()) for path in sorted(folder.glob("exact-*.json"))]
  first = documents[0]
  features = vectordb.cpu_features()
  print(f"""# Benchmarks

Written by `make bench`; do not edit. A speed is a ratio against a named peer, measured in the same run.

| | |
|---|---|
| machine | {processor()}, {os.cpu_count()} cores, {memory_gib()} GiB, Linux {platform.release().split("-")[0]} |
| kernels | {features["kernels"]} ({features["architecture"]}) |
| commit | {commit()} |
| command | `make bench` |
| peers | faiss-cpu {first["faiss"]}, numpy {first["numpy"]}, Python {platform.python_version()} |

## Exact search

`benchmarks/exact_search.py`: {first["rows"]:,} rows of 384 dimensions ({first["data"]} of Debian packages), k = 10,
{first["queries"]:,} queries from the same set, all engines called from Python. Engines take turns in {first["rounds"]} rounds;
rates are medians, ratios are ours to theirs within a round. The answers are compared first: the run ends when they differ.
For many queries at once numpy has no ratio: it writes the whole matrix of products to memory before it selects.
""")
  for document in documents:
    exact_search(document)
  print("Rows inserted a second, in batches of 1,000 through Python:",
        ", ".join(f"{result['metric']} {rate(result['insert']['libvectordb'])}" for result in first["results"]) + ".\n")
  verbatim(folder, "kernels.txt", "Kernels", "`kernel-bench`: against the best of several ways to read, and the "
           "multiply-add peak, in the same run; every case takes turns with all others, the fastest round counts.")
  filters(folder / "filters.json")
  memory(folder / "memory.json")
  crossing(folder)
  pipeline(folder)
  verbatim(folder, "resilience.txt", "Parts of the resilience layer", "`resilience-bench`: each piece alone, in Swift.")
  verbatim(folder, "python-crossing.txt", "From Python", "`benchmarks/python_crossing.py`: what Python adds to the same "
           "search.")


def crossing(folder):
  figures = json.loads((folder / "crossing.json").read_text())
  print(f"""## From C

`benchmarks/crossing.c`, medians of nine rounds; a search includes reading its columns and freeing its results.

| call | time |
|---|--:|
| `vdb_version_number` | {figures["empty_ns"]:.2f} ns |
| `vdb_database_clear_cache` without a cache: a handle looked up | {figures["handle_ns"]:.2f} ns |
| `vdb_database_search`, k = 10, 10 rows of 384 | {figures["search_10_us"]:.2f} µs |
| `vdb_database_search`, k = 10, 1,000 rows of 384 | {figures["search_1000_us"]:.2f} µs |
| `vdb_database_count` of nothing | {figures["count_us"]:.2f} µs |
| `vdb_database_count_async` of nothing, there and back through a thread of the library | {figures["async_us"]:.2f} µs |
| the same, each of 100 under way at a time | {figures["async_100_us"]:.2f} µs |
""")


def pipeline(folder):
  figures = json.loads((folder / "pipeline.json").read_text())
  print(f"""## The resilience layer

`benchmarks/pipeline.c`, medians of nine rounds, through the C interface.

| call | time |
|---|--:|
| counting an empty database: way in, metrics, deadline, retry, breaker, way out | {figures["count_ns"]:.0f} ns |
| the same with cache, rate limit, bulkhead, slow calls and fault injection on | {figures["count_all_layers_ns"]:.0f} ns |
| a search of 384 dimensions, k = 10, answered from the cache, columns read, results freed | {figures["cache_hit_ns"]:.0f} ns |

| threads on one database | counts a second | cache hits a second |
|--:|--:|--:|""")
  for threads in (1, 8, 64):
    print(f"| {threads} | {figures[f'count_{threads}_threads_kcalls']:.0f} k "
          f"| {figures[f'cache_hit_{threads}_threads_kcalls']:.0f} k |")
  print(f"""
Resident memory before and after six million more calls: {figures["resident_before_mib"]:.1f} and
{figures["resident_after_mib"]:.1f} MiB.
""")


main(pathlib.Path(sys.argv[1]))
