"""A signal handler that raises, as Ctrl-C does, between any two steps: nothing that a call handed over is lost."""

import gc
import random
import signal
import time

import numpy as np
import pytest
import vectordb

VECTORS = np.random.default_rng(5).standard_normal((40, 4)).astype(np.float32)
IDS = [f"id{n}" for n in range(40)]


class Interrupted(BaseException):
  """What the handler raises."""


def interrupted_often(work, seconds):
  """Runs `work` again and again, each time with an alarm at a random moment of it; how often one hit, and missed."""
  inside = work.__code__
  hits = misses = 0
  longest = 100e-6

  def handler(number, frame):
    while frame is not None:
      if frame.f_code is inside:
        raise Interrupted
      frame = frame.f_back

  chance = random.Random(7)
  before = signal.signal(signal.SIGALRM, handler)
  try:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
      signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, longest))
      start = time.perf_counter()
      try:
        work()
        misses += 1
      except Interrupted:
        hits += 1
      longest += (1.2 * (time.perf_counter() - start) - longest) / 64
  finally:
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
  return hits, misses


def search(db):
  db.search(VECTORS[0], 5)


def everything(db):
  db.search_batch(VECTORS[:3], 5)
  db.search_arrays(VECTORS[:3], 5)
  db.get_many(IDS[:3])
  for _ in db.iterate(30):
    pass
  db.upsert(IDS[:2], VECTORS[:2])
  db.delete(["absent"])
  db.describe()


def handles(db):
  db.namespace("view")
  vectordb.CancelToken().cancel()
  with vectordb.create("other", dimensions=1):
    pass


def failures(db):
  try:
    db.search_by_id("absent")
  except vectordb.NotFoundError:
    pass


# A close in the finalizer of an object is where Python itself reports an exception instead of raising it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("work", [search, everything, handles, failures])
def test_no_handle_is_lost(work):
  with vectordb.create("interrupted", dimensions=4) as db:
    db.upsert(IDS, VECTORS, [{"n": n} for n in range(40)])
    gc.collect()
    before = vectordb.live_handles()

    def body():
      work(db)

    hits, misses = interrupted_often(body, 1.5)
    gc.collect()
    assert vectordb.live_handles() == before
    assert hits > 200, (hits, misses)
    assert len(db.search(VECTORS[0], 5)) == 5
