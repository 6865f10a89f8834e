"""The circuit opens when a real server is gone and heals when it is back, and health tells it."""

import time

import pytest
import vectordb
from conftest import PATIENT

QUERY = [0.2, 1, 0, 0]
BREAKER = {"consecutive_failures": 5, "consecutive_duration": 0, "open_duration": 0.4, "half_open_successes": 2}
QUICK = {**PATIENT, "retry": False, "circuit_breaker": BREAKER, "health": {"min_calls": 4}}


def until(condition, seconds=5):
  deadline = time.monotonic() + seconds
  while not condition():
    assert time.monotonic() < deadline, "did not come about"
    time.sleep(0.02)


def test_it_opens_and_heals(connect, proxy):
  db = connect(resilience=QUICK)
  db.search(QUERY)
  assert db.health()["status"] == "ok" and db.circuit_breaker() == "closed"
  proxy.refuse()
  seen = []
  for _ in range(12):
    with pytest.raises(vectordb.BackendError) as caught:
      db.search(QUERY)
    seen.append(type(caught.value))
  assert seen[:5] == [vectordb.UnavailableError] * 5 and vectordb.CircuitOpenError in seen[5:]
  assert db.circuit_breaker() in ("open", "half_open")
  health = db.health()
  assert health["status"] == "down" and not db.healthy(), health
  with pytest.raises(vectordb.BackendError) as caught:
    db.add("x", QUERY)
  assert caught.value.applied == "no"
  proxy.heal()

  def works():
    try:
      db.search(QUERY)
      db.get("r1")
      return db.circuit_breaker() == "closed"
    except vectordb.BackendError:
      return False

  until(works)
  db.add("x", QUERY)
  assert db.healthy()


def test_mistakes_of_the_caller_open_nothing(connect):
  db = connect(resilience=QUICK)
  for _ in range(12):
    with pytest.raises(vectordb.NotFoundError):
      db.update_metadata("nobody", {"k": 1})
    with pytest.raises(vectordb.NotFoundError):
      db.search_by_id("nobody")
    with pytest.raises(vectordb.VectorDBError):
      db.search([1, 2])
  assert db.circuit_breaker() == "closed" and db.healthy()


def test_deadlines_shorter_than_an_attempt_open_nothing(connect, proxy):
  db = connect(resilience=QUICK)
  db.search(QUERY)
  proxy.stall()
  for _ in range(8):
    with pytest.raises(vectordb.TimeoutError):
      db.search(QUERY, timeout=0.05)
  proxy.heal()
  assert db.circuit_breaker() == "closed"
  assert len(db.search(QUERY, 5)) == 5


def test_a_probe_tells_the_truth(connect, proxy):
  db = connect(resilience={**QUICK, "health": {"probe_timeout": 0.5, "min_calls": 2, "window": 2}})
  told = db.health(probe=True)
  assert (told["status"], told["probe"]) == ("ok", "success")
  proxy.stall()
  for _ in range(2):
    time.sleep(1.05)  # no more than one probe a second is made
    start = time.monotonic()
    told = db.health(probe=True)
    assert told["probe"] != "success" and time.monotonic() - start < 1.2
  assert told["status"] != "ok", told
  proxy.heal()
  time.sleep(1.05)
  until(lambda: db.health(probe=True)["probe"] == "success", 8)
  until(lambda: db.health(probe=True)["status"] == "ok", 8)


def test_a_reset_answer_is_counted_and_told(connect, proxy):
  db = connect()
  db.search(QUERY)
  proxy.cut(0, times=2)
  db.search(QUERY)
  metrics = db.metrics()
  assert metrics["failed_requests"] == 0 and metrics["total_requests"] == metrics["successful_requests"]
