"""The server itself is killed, restarted, stopped: nothing acknowledged is lost, nothing is reported that is not so."""

import os
import threading
import time

import pytest
import vectordb
from conftest import PATIENT
from servers import SERVERS

QUERY = [0.2, 1, 0, 0]


@pytest.fixture
def own(backend):
  """A server of the test's own."""
  with SERVERS[backend]() as server:
    yield server


def opened(server, resilience=PATIENT, **options):
  return vectordb.create("docs", dimensions=4, metric="l2", resilience=resilience, **server.options, **options)


class Writer(threading.Thread):
  """Writes records of its own, one after the other, and notes what it was told about each."""

  def __init__(self, db, number, stop):
    super().__init__()
    self.db, self.number, self.halt = db, number, stop
    self.told = {}

  def run(self):
    n = 0
    while not self.halt.is_set():
      ids = [f"w{self.number}-{n}-{part}" for part in range(5)]
      try:
        report = self.db.upsert(ids, [[self.number, n, part, 1] for part in range(5)], [{"n": n}] * 5, timeout=3)
        for id in ids:
          self.told[id] = "yes" if report.applied == 5 else "unknown"
      except vectordb.PartialFailure as error:
        for index, id in enumerate(ids):
          self.told[id] = "unknown" if index in {item.index for item in error.failed} else "yes"
      except vectordb.VectorDBError as error:
        for id in ids:
          self.told[id] = error.applied or "nothing was said"
      n += 1
      time.sleep(0.005)


def test_ended_and_restarted_under_load(own):
  end = own.kill if own.survives_crashes else own.stop
  db = opened(own)
  stop = threading.Event()
  writers = [Writer(db, number, stop) for number in range(4)]
  for writer in writers:
    writer.start()
  for _ in range(2):
    time.sleep(0.6)
    end()
    time.sleep(0.4)
    own.start()
  time.sleep(0.8)
  stop.set()
  for writer in writers:
    writer.join()
  told = {id: word for writer in writers for id, word in writer.told.items()}
  assert set(told.values()) <= {"yes", "no", "unknown", "partly"}, set(told.values())
  acknowledged = {id for id, word in told.items() if word == "yes"}
  assert len(acknowledged) > 50
  with opened(own) as fresh:
    fresh.flush()
    stored = {record.id: record for record in fresh.iterate(batch_size=500, include_vectors=True)}
    lost = sorted(acknowledged - set(stored))
    assert lost == [], f"{len(lost)} of {len(acknowledged)} acknowledged records are lost"
    invented = sorted(id for id, word in told.items() if word == "no" and id in stored)
    assert invented == [], "told not applied, but there"
    assert set(stored) <= set(told)
    for id, record in stored.items():
      number, n, part = (int(word) for word in id[1:].split("-"))
      assert record.metadata == {"n": n} and record.vector.tolist() == [number, n, part, 1], id
    found = {hit.id for hit in fresh.search([1, 1, 1, 1], min(1000, len(stored)))}
    assert len(found) == min(1000, len(stored))
  assert len(db.search(QUERY, 3)) == 3 and db.healthy()
  db.close()


def test_health_while_it_is_down_and_after(own):
  breaker = {"consecutive_failures": 4, "consecutive_duration": 0, "open_duration": 0.3, "half_open_successes": 1}
  db = opened(own, {**PATIENT, "retry": False, "circuit_breaker": breaker, "health": {"min_calls": 4}})
  db.add("a", QUERY)
  assert db.health()["status"] == "ok"
  own.kill()
  for _ in range(8):
    with pytest.raises(vectordb.BackendError):
      db.search(QUERY)
  assert db.health()["status"] == "down" and not db.healthy() and db.circuit_breaker() != "closed"
  own.start()
  deadline = time.monotonic() + 10
  while True:
    try:
      if [hit.id for hit in db.search(QUERY)] == ["a"] and db.circuit_breaker() == "closed":
        break
    except vectordb.BackendError:
      pass
    assert time.monotonic() < deadline, db.health()
    time.sleep(0.05)
  assert db.healthy()
  db.close()


def test_stopped_and_continued(own):
  db = opened(own, {**PATIENT, "attempt": {"read_timeout": 0.5, "write_timeout": 0.5}})
  db.add("a", QUERY)
  own.pause()
  for call in (lambda: db.search(QUERY, timeout=0.7), lambda: db.add("b", QUERY, timeout=0.7)):
    start = time.monotonic()
    with pytest.raises((vectordb.TimeoutError, vectordb.UnavailableError)) as caught:
      call()
    assert time.monotonic() - start < 1.2
  assert caught.value.applied in ("unknown", "no")
  if caught.value.applied == "no":
    own.resume()
    time.sleep(0.5)
    assert db.get("b") is None
  own.resume()
  assert "a" in [hit.id for hit in db.search(QUERY, timeout=10)]
  db.add("c", QUERY)
  assert db.get("c") is not None
  db.close()


def test_a_batch_cut_by_the_end_of_the_server_tells_every_item(own):
  """A long upsert during which the server dies: what is told as written is there, what is told as not is not."""
  db = opened(own, {**PATIENT, "retry": False})
  count = 20_000
  ids = [f"r{n}" for n in range(count)]
  killer = threading.Timer(0.15, own.kill if own.survives_crashes else own.stop)
  killer.start()
  failed, applied, not_attempted, error = set(), 0, 0, None
  try:
    report = db.upsert(ids, [[n, 1, 0, 0] for n in range(count)], [{"n": n} for n in range(count)])
    applied = report.applied
  except vectordb.PartialFailure as partial:
    failed = {item.index for item in partial.failed}
    applied, not_attempted, error = partial.written, partial.not_attempted, partial
  except vectordb.VectorDBError as caught:
    error = caught
  killer.join()
  own.start()
  stored = {int(record.id[1:]) for record in db.iterate(batch_size=2000)}
  if error is None:
    assert applied == count and len(stored) == count
  elif isinstance(error, vectordb.PartialFailure):
    assert applied + len(failed) + not_attempted == count
    assert len(stored) >= applied, f"{applied} told written, {len(stored)} there"
  elif error.applied == "no":
    assert not stored
  else:
    assert error.applied in ("unknown", "partly")
  db.close()


def test_the_collection_is_recreated_behind_the_back(own):
  db = opened(own)
  db.add("old", QUERY, {"k": 1})
  with opened(own) as other:
    other.drop()
  with pytest.raises(vectordb.NotFoundError):
    db.search(QUERY)
  with opened(own) as other:
    other.add("new", QUERY)
    other.flush()
    assert [hit.id for hit in db.search(QUERY)] == ["new"]
    db.add("mine", QUERY)
    db.flush()
    assert sorted(record.id for record in other.iterate()) == ["mine", "new"]
  db.close()


def test_fork_under_load(own):
  db = opened(own)
  db.upsert([f"r{n}" for n in range(20)], [[n, 1, 0, 0] for n in range(20)])
  stop = threading.Event()
  problems = []

  def load(number):
    n = 0
    while not stop.is_set():
      try:
        assert [hit.id for hit in db.search(QUERY, 2)] == ["r0", "r1"]
        db.add(f"w{number}", [100 + number, n, 0, 0])
        n += 1
      except Exception as error:
        problems.append(repr(error))
        return

  threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
  for thread in threads:
    thread.start()
  for _ in range(6):
    time.sleep(0.05)
    child = os.fork()
    if child == 0:
      code = 1
      try:
        good = [hit.id for hit in db.search(QUERY, 2, timeout=5)] == ["r0", "r1"]
        db.add(f"child{os.getpid()}", [500, 1, 0, 0], timeout=5)
        with opened(own) as again:
          good = good and again.count(timeout=5) > 20
        code = 0 if good else 2
      finally:
        os._exit(code)
    deadline = time.monotonic() + 15
    while True:
      pid, status = os.waitpid(child, os.WNOHANG)
      if pid:
        break
      if time.monotonic() > deadline:
        os.kill(child, 9)
        os.waitpid(child, 0)
        stop.set()
        pytest.fail("the child hung")
      time.sleep(0.01)
    assert os.waitstatus_to_exitcode(status) == 0, "the child failed"
  stop.set()
  for thread in threads:
    thread.join()
  assert problems == []
  db.flush()
  assert sum(record.id.startswith("child") for record in db.iterate()) == 6
  db.close()
