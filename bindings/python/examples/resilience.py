"""What a program feels of a backend in trouble: eight threads search the sample of Debian packages while three requests of
ten fail, one of twenty is 200 ms late, and in the middle nothing is reached for eight seconds. First without a cache, then
with one.

  python resilience.py ../../../data [resilience.svg]

Prints a line a second, then a summary, and draws it all. The faults are injected: no backend is harmed.
"""

import itertools
import json
import logging
import pathlib
import random
import sys
import threading
import time
from dataclasses import dataclass, field

import numpy as np
import resilience_plot
import vectordb

DIMENSIONS = 384
SECONDS = 24  # of each phase
OUTAGE = (7, 15)  # seconds from its start
THREADS = 8
RATE = 12  # calls a second of each thread
QUESTIONS = 300  # that are asked, the first most often
PATIENCE = 3  # seconds until a caller gives up

FAULTS = {
  "seed": 3,
  "error_rate": 0.3,
  "spike_rate": 0.05,
  "spike_ms": 200,
  "outages": [{"after_ms": OUTAGE[0] * 1000, "for_ms": (OUTAGE[1] - OUTAGE[0]) * 1000}],
}
# By default it looks back over 30 seconds and stays open for 30: here all is to happen within one phase.
BREAKER = {"window_duration": 5, "open_duration": 1, "max_open_duration": 2, "half_open_successes": 2}
CACHE = {"ttl": 4, "stale_on_error": True}

LINE = "{:>5}  {:>5}  {:>7}  {:>8}  {:>8}  {:>8}  {:<9}  {:>6}"


@dataclass
class Call:
  """One call."""

  end: float  # seconds from the start of its phase
  milliseconds: float
  outcome: str  # "new", "cached", "stale" or "failed"


@dataclass
class Phase:
  """What happened in one phase."""

  title: str
  calls: list = field(default_factory=list)
  breaker: list = field(default_factory=list)  # (seconds, state), from the events
  metrics: dict = field(default_factory=dict)

  def between(self, start, end):
    return [call for call in self.calls if start <= call.end < end]


def main(folder, picture=None):
  print(f"Python, libvectordb {vectordb.version()}")
  print(f"{THREADS} threads, {THREADS * RATE} calls a second; of the requests 30 % fail and 5 % are 200 ms late;")
  print(f"from second {OUTAGE[0]} to {OUTAGE[1]} of each phase the backend cannot be reached")
  with open(folder / "packages.jsonl", encoding="utf-8") as lines:
    ids = [json.loads(line)["id"] for line in lines]
  vectors = np.fromfile(folder / "packages.f32", dtype="<f4").reshape(-1, DIMENSIONS)
  phases = [run("Without a cache", ids, vectors, None), run("With a cache", ids, vectors, CACHE)]
  summarise(phases)
  if picture:
    pathlib.Path(picture).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(picture).write_text(resilience_plot.draw(phases, SECONDS, OUTAGE), encoding="utf-8")
    print(f"\nDrawn into {picture}")


def run(title, ids, vectors, cache):
  """One phase: a database of its own, whose faults begin with its opening."""
  print(f"\n{title}\n")
  phase = Phase(title)
  watch = BreakerWatch(phase)
  with vectordb.create(
    "packages",
    dimensions=DIMENSIONS,
    fault_injection=FAULTS,
    resilience={"circuit_breaker": BREAKER},
    cache=cache,
  ) as db:
    start = time.monotonic()
    watch.begin()
    db.upsert(ids, vectors)
    threads = [threading.Thread(target=caller, args=(db, phase, vectors, start, n)) for n in range(THREADS)]
    for thread in threads:
      thread.start()
    report(db, phase, start)
    for thread in threads:
      thread.join()
    phase.metrics = db.metrics()
  watch.end()
  return phase


def caller(db, phase, vectors, start, number):
  """Calls at a fixed rate; moments that pass while it waits for an answer are left out."""
  chance = random.Random(number)
  weights = list(itertools.accumulate(1 / rank for rank in range(1, QUESTIONS + 1)))
  for moment in range(SECONDS * RATE):
    due = start + (moment + number / THREADS) / RATE
    now = time.monotonic()
    if now > due + 1 / RATE:
      continue
    time.sleep(max(0, due - now))
    (question,) = chance.choices(range(QUESTIONS), cum_weights=weights)
    phase.calls.append(call(db, vectors[question * 13], start))


def call(db, vector, start):
  info = vectordb.AnswerInfo()
  begin = time.monotonic()
  try:
    db.search(vector, top_k=5, timeout=PATIENCE, info=info)
    outcome = "stale" if info.stale else "cached" if info.cached else "new"
  except (vectordb.BackendError, vectordb.TimeoutError):
    outcome = "failed"
  end = time.monotonic()
  return Call(end - start, (end - begin) * 1e3, outcome)


def report(db, phase, start):
  """A line a second."""
  print(LINE.format("s", "calls", "success", "attempts", "p50 ms", "p95 ms", "breaker", "cached"))
  sent = 0
  for second in range(1, SECONDS + 1):
    time.sleep(max(0, start + second - time.monotonic()))
    calls = phase.between(second - 1, second)
    total = db.metrics()["attempts"]
    good = [call.milliseconds for call in calls if call.outcome != "failed"]
    print(
      LINE.format(
        second,
        len(calls),
        percent(len(good), len(calls)),
        f"{(total - sent) / len(calls):.2f}" if calls else "-",
        *(f"{np.percentile(good, q):.2f}" if good else "-" for q in (50, 95)),
        db.circuit_breaker(),
        percent(sum(call.outcome in ("cached", "stale") for call in calls), len(calls)),
      ),
      flush=True,
    )
    sent = total


def percent(part, whole):
  return f"{100 * part / whole:.1f} %" if whole else "-"


class BreakerWatch(logging.Handler):
  """Notes the changes of the breaker for reads as the library tells them: the handler of any host would do the same."""

  def __init__(self, phase):
    super().__init__(logging.WARNING)
    self.phase = phase
    self.start = 0

  def begin(self):
    self.start = time.time() * 1e3
    logger = logging.getLogger("vectordb")
    logger.addHandler(self)
    logger.propagate = False
    vectordb.enable_logging(logging.WARNING)

  def end(self):
    vectordb.disable_logging()
    logging.getLogger("vectordb").removeHandler(self)

  def emit(self, record):
    event = record.vectordb
    if event["event"] == "circuit_breaker.changed" and event["class"] == "read":
      self.phase.breaker.append(((event["time_ms"] - self.start) / 1e3, event["to"]))


def summarise(phases):
  print("\nSummary\n")
  row = "{:<34}" + "{:>17}" * len(phases)
  print(row.format("", *(phase.title for phase in phases)))
  for name, figure in FIGURES.items():
    print(row.format(name, *(figure(phase) for phase in phases)))
  for phase in phases:
    print(f"\nBreaker, {phase.title.lower()}")
    for second, state in [(0, "closed"), *phase.breaker]:
      print(f"  {second:6.2f} s  {state}")


def success(start, end):
  def figure(phase):
    calls = phase.between(start, end)
    return percent(sum(call.outcome != "failed" for call in calls), len(calls))

  return figure


def latency(quantile):
  def figure(phase):
    good = [call.milliseconds for call in phase.calls if call.outcome != "failed"]
    return f"{np.percentile(good, quantile):.2f} ms"

  return figure


FIGURES = {
  "calls": lambda phase: len(phase.calls),
  "success before the outage": success(0, OUTAGE[0]),
  "success during the outage": success(*OUTAGE),
  "success afterwards": success(OUTAGE[1], SECONDS + PATIENCE),
  "requests sent": lambda phase: phase.metrics["attempts"],
  "requests a call": lambda phase: f"{phase.metrics['attempts'] / len(phase.calls):.2f}",
  "answers from the cache": lambda phase: sum(call.outcome == "cached" for call in phase.calls),
  "answers beyond their time": lambda phase: sum(call.outcome == "stale" for call in phase.calls),
  "half of the answers within": latency(50),
  "95 % of the answers within": latency(95),
  "the breaker opened": lambda phase: f"{sum(state == 'open' for _, state in phase.breaker)} times",
}


if __name__ == "__main__":
  if len(sys.argv) < 2:
    sys.exit("usage: resilience.py DATA_FOLDER [PICTURE.svg]")
  main(pathlib.Path(sys.argv[1]), *sys.argv[2:3])
