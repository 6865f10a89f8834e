"""Threads, forks, cancelling, leaks, and the end of the interpreter."""

import gc
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import vectordb


def run_threads(*targets):
  """Runs functions at once; raises what the first one raised."""
  failures = []

  def guarded(target):
    try:
      target()
    except BaseException as error:
      failures.append(error)

  threads = [threading.Thread(target=guarded, args=(target,)) for target in targets]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join(60)
    assert not thread.is_alive()
  if failures:
    raise failures[0]


def test_many_threads_on_one_database():
  rows = np.random.default_rng(3).standard_normal((400, 16)).astype(np.float32)
  with vectordb.create("threads", dimensions=16) as db:

    def work(first):
      for n in range(first, 400, 4):
        db.add(f"id{n}", rows[n], {"n": n})
        assert db.search(rows[n], 1)[0].metadata["n"] == n
        with pytest.raises(vectordb.NotFoundError, match=f"gone{n}"):
          db.search_by_id(f"gone{n}")  # errors of one thread stay in it

    run_threads(*(lambda first=first: work(first) for first in range(4)))
    assert db.count() == 400


def test_a_batch_appears_at_once():
  with vectordb.create("batches", dimensions=4, metric="l2") as db:
    names = [str(n) for n in range(50)]
    db.upsert(names, np.zeros((50, 4)))
    end = threading.Event()

    def write():
      for turn in range(1, 60):
        db.upsert(names, np.full((50, 4), turn))
      end.set()

    def read():
      while not end.is_set():
        hits = db.search([0, 0, 0, 0], 50)
        assert len(hits) == 50 and hits[0].distance == hits[-1].distance

    run_threads(write, read, read)


def test_closing_under_running_searches():
  for _ in range(20):
    db = vectordb.create("closing", dimensions=8)
    db.upsert([str(n) for n in range(500)], np.ones((500, 8)))

    def search():
      try:
        while True:
          assert len(db.search(np.ones(8), 3)) == 3
      except vectordb.ClosedError:
        pass

    def close():
      time.sleep(0.002)
      db.close()

    run_threads(search, search, close)


def test_cancel_before_and_during(filled):
  with vectordb.CancelToken() as token:
    assert filled.count(cancel=token) == 3
    token.cancel()
    for call in (
      lambda: filled.search([0, 0, 0], cancel=token),
      lambda: filled.search_batch([[0, 0, 0]], cancel=token),
      lambda: filled.add("new", [0, 0, 0], cancel=token),
    ):
      with pytest.raises(vectordb.CancelledError):
        call()
  assert filled.get("new") is None
  with pytest.raises(vectordb.InvalidArgumentError):
    token.cancel()


def test_cancel_from_another_thread():
  rows = np.random.default_rng(1).standard_normal((20_000, 64)).astype(np.float32)
  with vectordb.create("long", dimensions=64) as db, vectordb.CancelToken() as token:
    db.upsert([str(n) for n in range(len(rows))], rows)
    ended = []

    def search():
      with pytest.raises(vectordb.CancelledError):
        while True:
          db.search_batch(rows[:2000], 10, cancel=token)
      ended.append(time.perf_counter())

    def cancel():
      time.sleep(0.05)
      ended.append(time.perf_counter())
      token.cancel()

    run_threads(search, cancel)
    assert ended[1] - ended[0] < 0.5


def test_a_deadline_ends_a_long_call():
  rows = np.random.default_rng(1).standard_normal((20_000, 64)).astype(np.float32)
  with vectordb.create("late", dimensions=64) as db:
    db.upsert([str(n) for n in range(len(rows))], rows)
    with pytest.raises(TimeoutError) as caught:
      db.search_batch(rows, 10, timeout=0.001)
    assert caught.value.code == "VDB_E_TIMEOUT"


def test_the_gil_is_free_during_a_search():
  rows = np.random.default_rng(1).standard_normal((20_000, 64)).astype(np.float32)
  with vectordb.create("gil", dimensions=64, threads=1) as db:
    db.upsert([str(n) for n in range(len(rows))], rows)
    ticks, end = [], threading.Event()

    def tick():
      while not end.is_set():
        ticks.append(1)
        time.sleep(0.0005)

    thread = threading.Thread(target=tick)
    thread.start()
    before = len(ticks)
    db.search_batch(rows[:4000], 1)
    during = len(ticks) - before
    end.set()
    thread.join()
    assert during > 3


def test_nothing_is_left_behind():
  def round_trip():
    with vectordb.create("leak", dimensions=3, metric="l2") as db:
      db.upsert(["a", "b"], [[0, 0, 0], [1, 1, 1]], [{"x": 1}, None])
      db.search([0, 0, 0])
      db.search_batch([[0, 0, 0]])
      db.search_arrays([[0, 0, 0]])
      list(db.iterate())
      db.namespace("dropped without closing").get("a")
      vectordb.CancelToken()
      for bad in (lambda: db.search([1]), lambda: db.upsert([""], [[0, 0, 0]]), lambda: db.search_by_id("q")):
        with pytest.raises(vectordb.VectorDBError):
          bad()
    vectordb.create("dropped without closing", dimensions=1)

  round_trip()
  gc.collect()
  before = vectordb.live_handles()
  for _ in range(50):
    round_trip()
  gc.collect()
  assert vectordb.live_handles() == before


def test_memory_does_not_grow():
  with open("/proc/self/statm") as statm:
    page = os.sysconf("SC_PAGESIZE")

    def resident():
      statm.seek(0)
      return int(statm.read().split()[1]) * page

    vector = np.ones(64, np.float32)

    def cycles(count):
      for _ in range(count):
        with vectordb.create("cycle", dimensions=64) as db:
          db.add("a", vector, {"k": "v"})
          db.search(vector)

    cycles(500)
    before = resident()
    cycles(3000)
    assert resident() - before < 8 << 20


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork_while_other_threads_work():
  with vectordb.create("fork", dimensions=8, metric="l2") as db:
    db.upsert([str(n) for n in range(100)], np.arange(800).reshape(100, 8))
    end = threading.Event()

    def busy():
      turn = 0
      while not end.is_set():
        turn += 1
        db.add("moving", np.full(8, turn))
        db.search(np.zeros(8), 5)

    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
      thread.start()
    try:
      for _ in range(20):
        child = os.fork()
        if child == 0:
          # Only os._exit from here: pytest must not run twice.
          try:
            assert db.search(np.arange(8), 1)[0].id == "0"
            db.add("child", np.zeros(8), {"pid": os.getpid()})
            assert db.get("child").metadata["pid"] == os.getpid() and db.count() >= 101
            db.search_batch(np.zeros((64, 8)), 3)
            vectordb.create("of the child", dimensions=2).add("x", [1, 2])
            db.close()
            os._exit(0)
          except BaseException:
            os._exit(1)
        deadline = time.monotonic() + 20
        while True:
          pid, status = os.waitpid(child, os.WNOHANG)
          if pid:
            break
          assert time.monotonic() < deadline, "the child hangs"
          time.sleep(0.002)
        assert status == 0
    finally:
      end.set()
      for thread in threads:
        thread.join()
    assert db.get("child") is None


_preloaded = None


def _ask(number):
  return _preloaded.search([number, 0], 1)[0].id


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_workers_use_what_was_loaded_before_they_were_forked():
  global _preloaded
  with vectordb.create("preload", dimensions=2, metric="l2") as db:
    db.upsert([str(n) for n in range(50)], [[n, 0] for n in range(50)])
    db.search_batch(np.zeros((256, 2)))
    _preloaded = db
    with multiprocessing.get_context("fork").Pool(3) as pool:
      assert pool.map(_ask, range(50)) == [str(n) for n in range(50)]
  _preloaded = None


def test_handles_stay_in_their_process(filled):
  import pickle

  with pytest.raises(TypeError, match="Database"):
    pickle.dumps(filled)


def test_events_reach_logging(caplog):
  vectordb.enable_logging(logging.DEBUG)
  try:
    with caplog.at_level(logging.DEBUG, logger="vectordb"):
      vectordb.create("logged", dimensions=2).close()
      deadline = time.monotonic() + 5
      while not any("opened" in record.getMessage() for record in caplog.records):
        assert time.monotonic() < deadline, caplog.records
        time.sleep(0.005)
  finally:
    vectordb.disable_logging()
  (event, *_) = [record.vectordb for record in caplog.records if "opened" in record.getMessage()]
  assert event["event"] == "database.opened"
  caplog.clear()
  vectordb.create("silent", dimensions=2).close()
  time.sleep(0.05)
  assert not caplog.records


END = """
import logging, threading, numpy, vectordb
logging.basicConfig(level=logging.DEBUG)
vectordb.enable_logging(logging.DEBUG)
db = vectordb.create("end", dimensions=4)
db.upsert([str(n) for n in range(1000)], numpy.ones((1000, 4)))
token = vectordb.CancelToken()
view = db.namespace("x")
def forever():
  while True:
    try: db.search(numpy.ones(4))
    except vectordb.ClosedError: pass
for _ in range(3): threading.Thread(target=forever, daemon=True).start()
iterator = db.iterate(batch_size=10)
next(iterator)
"""


def test_the_interpreter_ends_with_everything_open():
  for _ in range(5):
    done = subprocess.run(
      [sys.executable, "-c", END],
      env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
      capture_output=True,
      text=True,
      timeout=60,
    )
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    assert "Traceback" not in done.stderr, done.stderr[-2000:]


def test_a_library_that_is_not_there():
  code = "import vectordb"
  path = os.pathsep.join(path for path in sys.path if path)
  done = subprocess.run(
    [sys.executable, "-c", code],
    env={**os.environ, "PYTHONPATH": path, "VECTORDB_LIBRARY": "/nowhere/libvectordb.so"},
    capture_output=True,
    text=True,
    timeout=60,
  )
  assert done.returncode == 1 and "ImportError: VECTORDB_LIBRARY names '/nowhere/libvectordb.so'" in done.stderr
