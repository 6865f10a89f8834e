"""The main job on real data: loads the sample of Debian packages, answers questions with and without a filter, and prints
the answers, then health and metrics.

  python demo.py ../../../data [answers.tsv]
"""

import json
import pathlib
import sys
import textwrap
import time

import numpy as np
import vectordb

DIMENSIONS = 384
ANSWERS = 10  # asked for, and written to the file
SHOWN = 3  # printed


def main(folder, answers_path=None):
  print(f"Python, libvectordb {vectordb.version()}")
  answers = []
  with vectordb.create("packages", backend="memory", dimensions=DIMENSIONS, metric="cosine") as db:
    load(db, folder)
    print(f"{'rank':>4}  {'id':<24}  {'score':<6}  {'section':<11}  {'text':<38} {'time':>8}")
    print("----  ------------------------  ------  -----------  " + 47 * "-")
    for question, vector in zip(read_lines(folder / "questions.jsonl"), read_rows(folder / "questions.f32")):
      answers += ask(db, question, vector, None)
      answers += ask(db, question, vector, question["filter"])
      print()
    print_wrapped("health", db.health())
    print_wrapped("metrics", db.metrics())
  if answers_path:
    pathlib.Path(answers_path).write_text("".join(answers), encoding="utf-8")


def read_lines(path):
  with open(path, encoding="utf-8") as lines:
    return [json.loads(line) for line in lines]


def read_rows(path):
  return np.fromfile(path, dtype="<f4").reshape(-1, DIMENSIONS)


def load(db, folder):
  packages = read_lines(folder / "packages.jsonl")
  vectors = read_rows(folder / "packages.f32")
  ids = [package.pop("id") for package in packages]
  start = time.perf_counter()
  report = db.upsert(ids, vectors, metadata=packages)
  elapsed = (time.perf_counter() - start) * 1e3
  print(f"{report.applied} packages of {DIMENSIONS} dimensions written in {elapsed:.1f} ms\n")


def ask(db, question, vector, filter):
  """Prints the first answers, and returns all of them as lines of the file."""
  start = time.perf_counter()
  hits = db.search(vector, top_k=ANSWERS, filter=filter)
  elapsed = (time.perf_counter() - start) * 1e3
  heading = question["text"] if filter is None else "  where " + json.dumps(filter)
  print(f"{heading[:89]:<89}{elapsed:8.2f} ms")
  for rank, hit in enumerate(hits[:SHOWN], start=1):
    section, text = hit.metadata["section"], hit.metadata["text"]
    print(f"{rank:>4}  {hit.id[:24]:<24}  {hit.score:.4f}  {section[:11]:<11}  {text[:47]}")
  mode = "all" if filter is None else "filtered"
  return [f"{question['id']}\t{mode}\t{rank}\t{hit.id}\t{hit.score:.9f}\n" for rank, hit in enumerate(hits, start=1)]


def print_wrapped(title, document):
  print(title)
  print(textwrap.fill(json.dumps(document), 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False))


if len(sys.argv) < 2:
  sys.exit("usage: demo.py DATA_FOLDER [ANSWERS.tsv]")
main(pathlib.Path(sys.argv[1]), *sys.argv[2:3])
