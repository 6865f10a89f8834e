"""The main job on several backends: the same records, the same questions, with and without a filter, and whether the
answers are those of the memory backend.

  python backends.py ../../../data '{"redis": {"backend": "redis", "host": "127.0.0.1", "port": 6379}}'

The last argument holds the options of vectordb.create for each backend beside memory.
"""

import json
import pathlib
import statistics
import sys
import time

import numpy as np
import vectordb

DIMENSIONS = 384
ANSWERS = 10
SHOWN = 3
ROUNDS = 5
TOLERANCE = 1e-4  # of scores: servers answer in float32


def main(folder, places):
  packages = read_lines(folder / "packages.jsonl")
  vectors = read_rows(folder / "packages.f32")
  questions = list(zip(read_lines(folder / "questions.jsonl"), read_rows(folder / "questions.f32")))
  ids = [package.pop("id") for package in packages]
  print(
    f"libvectordb {vectordb.version()}: {len(ids)} packages of {DIMENSIONS} dimensions, {len(questions)} questions\n"
  )
  print(f"{'backend':<10}{'open':>10}{'write':>11}{'rows/s':>9}{'search':>11}{'filtered':>11}{'count':>8}   answers")
  print("-" * 100)
  right, wrong = None, 0
  for name, options in places.items():
    answers, timings = run(name, options, ids, vectors, packages, questions)
    right = right or answers
    verdict, good = compare(right, answers)
    wrong += not good
    print(f"{name:<10}{timings}   {'the reference' if answers is right else verdict}", flush=True)
  print()
  for (question, _), plain, filtered in zip(questions, right[::2], right[1::2]):
    show(question["text"], plain)
    show("  where " + json.dumps(question["filter"]), filtered)
  if wrong:
    sys.exit(f"{wrong} backends answered differently")
  print(f"\n{len(places)} backends gave the same {sum(map(len, right))} answers")


def run(name, options, ids, vectors, packages, questions):
  """Answers of one backend, those of each question without and with its filter, and what it took."""
  start = time.perf_counter()
  with vectordb.create("vectordb_demo", dimensions=DIMENSIONS, metric="cosine", **options) as db:
    opened = time.perf_counter()
    report = db.upsert(ids, vectors, packages)
    db.flush()
    written = time.perf_counter()
    assert report.applied == len(ids)
    answers, plain, filtered = [], [], []
    for question, vector in questions:
      for filter, times in ((None, plain), (question["filter"], filtered)):
        answers.append(nearest(db, vector, filter))
        for _ in range(ROUNDS):
          times.append(timed(lambda: db.search(vector, top_k=ANSWERS, filter=filter)))
    count = db.count()
    db.drop()
  rate = len(ids) / (written - opened)
  timings = f"{(opened - start) * 1e3:>7.1f} ms{(written - opened) * 1e3:>8.1f} ms{rate:>9,.0f}"
  timings += "".join(f"{statistics.median(times) * 1e3:>8.2f} ms" for times in (plain, filtered))
  return answers, f"{timings}{count:>8}"


def nearest(db, vector, filter):
  """Exact neighbours: an index may miss one, and then backends could not be compared. Chroma has nothing but its index."""
  try:
    return db.search(vector, top_k=ANSWERS, filter=filter, exact=True)
  except vectordb.UnsupportedError:
    return db.search(vector, top_k=ANSWERS, filter=filter)


def timed(call):
  start = time.perf_counter()
  call()
  return time.perf_counter() - start


def compare(right, answers):
  """What is to be said about the answers of a backend beside the right ones, and whether they are the same."""
  same = total = 0
  worst = 0.0
  for expected, found in zip(right, answers):
    total += len(expected)
    known = {hit.id: hit for hit in expected}
    same += sum(hit.id in known and hit.metadata == known[hit.id].metadata for hit in found)
    # Rank by rank: neighbours that are equally near, as far as float32 can say, may change places.
    worst = max([worst, *(abs(one.score - other.score) for one, other in zip(expected, found))])
  good = same == total and worst <= TOLERANCE
  return f"{'the same' if good else 'DIFFERENT'}: {same} of {total} records, scores within {worst:.0e}", good


def show(title, hits):
  """Prints a question and its first answers."""
  print(title[:100])
  for rank, hit in enumerate(hits[:SHOWN], start=1):
    section, text = hit.metadata["section"], hit.metadata["text"]
    print(f"{rank:>4}  {hit.id[:24]:<24}  {hit.score:.4f}  {section[:11]:<11}  {text[:47]}")


def read_lines(path):
  with open(path, encoding="utf-8") as lines:
    return [json.loads(line) for line in lines]


def read_rows(path):
  return np.fromfile(path, dtype="<f4").reshape(-1, DIMENSIONS)


if len(sys.argv) < 2:
  sys.exit("usage: backends.py DATA_FOLDER [JSON_OF_OPTIONS]")
main(pathlib.Path(sys.argv[1]), {"memory": {"backend": "memory"}, **json.loads("".join(sys.argv[2:3]) or "{}")})
