"""A signal handler that raises, as Ctrl-C does: calls that wait end, and nothing that a call handed over is lost."""

import gc
import os
import random
import signal
import threading
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


def remote_reads(db):
  db.search(VECTORS[0], 5)
  db.get_many(IDS[:3])
  db.count()
  db.health()


def remote_writes(db):
  db.upsert(IDS[:2], VECTORS[:2])
  db.delete(["absent"])
  with vectordb.create("other", dimensions=1, fault_injection={"latency_ms": 0.01}):
    pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("work", [remote_reads, remote_writes, failures])
def test_no_request_is_lost(work):
  with vectordb.create("interrupted", dimensions=4, fault_injection={"latency_ms": 0.1}) as db:
    db.upsert(IDS, VECTORS)
    gc.collect()
    before = vectordb.live_handles()

    def body():
      work(db)

    hits, misses = interrupted_often(body, 1.5)
    assert settled(before)
    assert hits > 50, (hits, misses)
    assert len(db.search(VECTORS[0], 5)) == 5


def settled(before):
  """Whether handles come to their numbers of before: what was interrupted ends on a thread of the library."""
  end = time.monotonic() + 5
  while time.monotonic() < end:
    gc.collect()
    if vectordb.live_handles() == before:
      return True
    time.sleep(0.01)
  return vectordb.live_handles() == before


def test_a_call_that_waits_is_interrupted():
  with vectordb.create("stalled", dimensions=4, fault_injection={"stall_rate": 1}) as db:
    calls = [
      lambda: db.search(VECTORS[0]),
      lambda: db.add("a", VECTORS[0]),
      lambda: db.count(),
      lambda: list(db.iterate()),
      lambda: db.health(probe=True),
    ]
    before = vectordb.live_handles()
    for call in calls:
      start = time.monotonic()
      with pytest.raises(KeyboardInterrupt):
        interrupt_soon()
        call()
      assert 0.02 < time.monotonic() - start < 0.5
    assert settled(before)
    assert db.metrics()["total_requests"] >= 0


def interrupt_soon():
  """Ctrl-C in 50 ms."""
  threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT]).start()


def test_a_handler_that_does_not_raise_ends_nothing():
  ran = []
  before = signal.signal(signal.SIGALRM, lambda *_: ran.append(db.describe()["name"]))
  try:
    with vectordb.create("slow", dimensions=4, fault_injection={"latency_ms": 100}) as db:
      signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
      assert db.count() == 0
      assert len(ran) >= 2 and ran[0] == "slow"
  finally:
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_handler_may_call_the_database_itself():
  counted = []
  before = signal.signal(signal.SIGALRM, lambda *_: counted.append(db.count()))
  try:
    with vectordb.create("slow", dimensions=4, fault_injection={"latency_ms": 50}) as db:
      signal.setitimer(signal.ITIMER_REAL, 0.02)
      assert db.count() == 0
      assert counted == [0]
  finally:
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_other_threads_run_while_a_call_waits():
  with vectordb.create("slow", dimensions=4, fault_injection={"latency_ms": 200}) as db:
    ticks, end = [], threading.Event()

    def tick():
      while not end.is_set():
        ticks.append(1)
        time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    db.count()
    during = len(ticks)
    end.set()
    thread.join()
    assert during > 30


def test_another_thread_waits_on():
  ends = []

  def search():
    try:
      db.search(VECTORS[0], timeout=1)
    except BaseException as error:
      ends.append(type(error))

  with vectordb.create("elsewhere", dimensions=4, fault_injection={"stall_rate": 1}) as db:
    thread = threading.Thread(target=search)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
      interrupt_soon()
      db.count()
    thread.join()
    assert ends == [vectordb.TimeoutError]


def test_a_forked_child_is_interrupted_too():
  with vectordb.create("forked", dimensions=4, fault_injection={"stall_rate": 1}) as db:
    with pytest.raises(KeyboardInterrupt):
      interrupt_soon()
      db.count()
    child = os.fork()
    if child == 0:
      try:
        interrupt_soon()
        db.count(timeout=5)
      except KeyboardInterrupt:
        os._exit(3)
      finally:
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
