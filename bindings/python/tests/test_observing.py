"""Every path of health, metrics and events, driven by injected faults."""

import logging
import time
from contextlib import contextmanager

import pytest
import vectordb

FAST = {"base_delay": 0, "throttle_base_delay": 0}
"""Retries that do not wait."""
EASILY_OPENED = {"consecutive_failures": 3, "consecutive_duration": 0, "open_duration": 60}


@contextmanager
def rehearsal(faults=None, retry=FAST, cache=None, **resilience):
  """An empty database whose backend fails as `faults` says."""
  resilience = {"retry": retry, **resilience}
  with vectordb.create(
    "rehearsal", dimensions=2, metric="l2", fault_injection=faults, resilience=resilience, cache=cache
  ) as db:
    yield db


@contextmanager
def events(level=logging.DEBUG):
  """The records that the library logs inside; complete when the block has ended."""
  records = []

  class Collector(logging.Handler):
    def emit(self, record):
      records.append(record)

  logger = logging.getLogger("vectordb")
  collector, before, propagate = Collector(), logger.level, logger.propagate
  logger.addHandler(collector)
  logger.setLevel(logging.DEBUG)
  logger.propagate = False
  vectordb.enable_logging(level)
  try:
    yield records
    # Events come in order: when this one is here, a warning, all before it are.
    vectordb.create("the last event", dimensions=1).drop()
    end = time.monotonic() + 5
    while time.monotonic() < end:
      if any(record.getMessage() == "database.dropped" for record in list(records)):
        break
      time.sleep(0.001)
    else:
      pytest.fail("the last event never came")
  finally:
    vectordb.disable_logging()
    logger.removeHandler(collector)
    logger.setLevel(before)
    logger.propagate = propagate


def named(records, name):
  return [record.vectordb for record in records if record.getMessage() == name]


def test_options_reach_the_library():
  with rehearsal({"seed": 9, "error_rate": 0.25}, hedge={"delay": 0.5}, cache={"max_entries": 7}) as db:
    told = db.describe()
    assert told["pipeline"] == [
      "metrics", "deadline", "cache", "hedge", "retry", "circuit_breaker", "fault_injection", "memory",
    ]  # fmt: skip
    assert (told["fault_injection"]["seed"], told["fault_injection"]["error_rate"]) == (9, 0.25)
    assert told["cache"]["max_entries"] == 7 and told["resilience"]["hedge"]["delay"] == 0.5


@pytest.mark.parametrize(
  ("options", "nearest"),
  [
    ({"fault_injection": {"error_rat": 1}}, "error_rate"),
    ({"resilience": {"retri": {}}}, "retry"),
    ({"cache": {"max_entry": 1}}, "max_entries"),
  ],
)
def test_a_misspelt_setting_is_refused(options, nearest):
  with pytest.raises(vectordb.InvalidOptionError, match=nearest):
    vectordb.create("misspelt", dimensions=1, **options)


def test_failed_attempts_are_repeated_and_told():
  with rehearsal({"seed": 1, "error_rate": 0.3}) as db:
    attempts = []
    for n in range(200):
      info = vectordb.AnswerInfo()
      db.search([n, 0], info=info)
      attempts.append(info.attempts)
    assert set(attempts) >= {1, 2, 3} and 230 < sum(attempts) < 380
    metrics = db.metrics()
    assert metrics["success_rate"] == 1 and metrics["total_requests"] == 200
    assert metrics["attempts"] == sum(attempts) and metrics["retries"] == sum(attempts) - 200
    assert metrics["endpoint"]["failed_attempts"] == {"unavailable": sum(attempts) - 200}


def test_the_same_seed_is_the_same_run():
  def run(seed):
    with rehearsal({"seed": seed, "error_rate": 0.4}) as db:
      infos = [vectordb.AnswerInfo() for _ in range(40)]
      for n, info in enumerate(infos):
        db.search([n, 0], info=info)
      return [info.attempts for info in infos]

  assert run(7) == run(7) != run(8)


def test_an_error_tells_its_attempts_and_whether_anything_was_written():
  with rehearsal({"error_rate": 1}) as db:
    with pytest.raises(vectordb.UnavailableError) as read:
      db.search([0, 0])
    assert (read.value.attempts, read.value.applied) == (6, None)
    assert (read.value.backend, read.value.operation) == ("memory", "search")
    with pytest.raises(vectordb.UnavailableError) as write:
      db.add("a", [0, 0])
    assert (write.value.attempts, write.value.applied) == (3, "no")
  with rehearsal({"lost_reply_rate": 1}) as db, pytest.raises(vectordb.UnavailableError) as lost:
    db.add("a", [0, 0])
  assert lost.value.applied == "unknown"
  with rehearsal({"throttle_rate": 1}) as db, pytest.raises(vectordb.ThrottledError) as throttled:
    db.search([0, 0])
  assert throttled.value.attempts == 6


def test_some_items_of_a_batch_fail():
  with rehearsal({"partial_rate": 1}, retry=False) as db:
    with pytest.raises(vectordb.PartialFailure) as partial:
      db.upsert([f"{n}" for n in range(100)], [[n, 0] for n in range(100)])
    failed = partial.value.failed
    assert 20 <= len(failed) <= 80 and partial.value.written == 100 - len(failed)
    assert failed[0].code == "VDB_E_UNAVAILABLE"
    assert db.metrics()["outcomes"] == {"partial": 1}


def test_a_stall_ends_with_the_timeout():
  with rehearsal({"stall_rate": 1}) as db, pytest.raises(vectordb.TimeoutError):
    db.search([0, 0], timeout=0.02)


def test_a_dead_backend_opens_the_circuit():
  with events() as records, rehearsal({"unreachable_rate": 1}, retry=False, circuit_breaker=EASILY_OPENED) as db:
    assert db.healthy() and db.circuit_breaker() == "closed"
    for _ in range(3):
      with pytest.raises(vectordb.UnavailableError):
        db.search([0, 0])
    with pytest.raises(vectordb.CircuitOpenError) as refused:
      db.search([0, 0])
    assert 40 < refused.value.retry_after < 70
    assert db.circuit_breaker() == "open" and db.healthy() is False
    health = db.health()
    assert (health["status"], health["reason"]) == ("down", "circuit_open")
    assert health["circuit_breaker"]["read"]["consecutive_failures"] == 3
    # A backend that cannot be reached is so for writes as well.
    assert health["circuit_breaker"]["write"]["state"] == "open"
    assert db.metrics()["outcomes"] == {"unavailable": 3, "circuit_open": 1}
    db.control_circuit_breaker("force_close")
    assert db.circuit_breaker() == "closed"
  changes = [(change["class"], change["from"], change["to"]) for change in named(records, "circuit_breaker.changed")]
  classes = ["read", "write", "control"]
  assert sorted(changes[:3]) == sorted((name, "closed", "open") for name in classes)
  assert sorted(changes[3:]) == sorted((name, "open", "closed") for name in classes)
  failed = named(records, "call.failed")
  assert [call["error.type"] for call in failed] == ["VDB_E_UNAVAILABLE"] * 3 + ["VDB_E_CIRCUIT_OPEN"]


def test_health_asks_only_when_told_to():
  with rehearsal({"error_rate": 1}, retry=False) as db:
    assert db.health()["status"] == "ok"
    assert db.health(probe=True)["probe"] == "unavailable"
  with rehearsal({"seed": 4, "error_rate": 0.5}, retry=False, circuit_breaker=False) as db:
    for _ in range(40):
      try:
        db.search([0, 0])
      except vectordb.UnavailableError:
        pass
    assert db.health()["status"] == "degraded" and db.healthy()


def test_attempts_are_events():
  with events() as records, rehearsal({"error_rate": 1}, retry={**FAST, "max_attempts": 2}) as db:
    with pytest.raises(vectordb.UnavailableError):
      db.search([0, 0])
  about = [record for record in records if record.vectordb.get("db.operation.name") == "search"]
  attempt = [("DEBUG", "attempt.started"), ("INFO", "fault.injected"), ("WARNING", "attempt.failed")]
  assert [(record.levelname, record.getMessage()) for record in about] == [
    *attempt,
    ("INFO", "attempt.retried"),
    *attempt,
    ("WARNING", "retry.refused"),
    ("WARNING", "call.failed"),
  ]
  assert all(record.name == "vectordb" for record in records)
  first = about[2].vectordb
  assert (first["db.system.name"], first["db.collection.name"]) == ("memory", "rehearsal")
  assert (first["class"], first["attempt"], first["error.type"]) == ("read", 1, "unavailable")
  assert first["duration_ms"] >= 0 and first["time_ms"] > 1.6e12
  assert about[7].vectordb["reason"] == "attempt_limit"


def test_levels_are_kept():
  with events(logging.WARNING) as records, rehearsal({"error_rate": 1}, retry=False) as db:
    with pytest.raises(vectordb.UnavailableError):
      db.search([0, 0])
  assert [record.getMessage() for record in records[:3]] == ["attempt.failed", "retry.refused", "call.failed"]
  assert {record.levelname for record in records} == {"WARNING"}


def test_slow_calls():
  with events() as records, rehearsal({"latency_ms": 20}, slow_call_threshold=0.01) as db:
    db.search([0, 0])
    assert db.metrics()["slow_calls"] == 1
  (slow,) = named(records, "call.slow")
  assert slow["db.operation.name"] == "search" and slow["duration_ms"] >= 20


def test_a_late_read_is_sent_again():
  with events() as records, rehearsal({"seed": 3, "spike_rate": 0.3, "spike_ms": 200}, hedge={"delay": 0.005}) as db:
    start = time.monotonic()
    for n in range(20):
      db.search([n, 0])
    assert time.monotonic() - start < 0.2 * 20 * 0.3
  assert named(records, "hedge.started") and named(records, "hedge.won")[0]["db.operation.name"] == "search"


def test_the_cache_answers():
  with events() as records, rehearsal(cache=True) as db:
    db.add("a", [0, 0])
    first, second = vectordb.AnswerInfo(), vectordb.AnswerInfo()
    assert [hit.id for hit in db.search([1, 0], info=first)] == [hit.id for hit in db.search([1, 0], info=second)]
    assert (first.cached, first.attempts, first.exact, first.index) == (False, 1, True, "flat")
    assert (second.cached, second.attempts, second.stale) == (True, 0, False)
    stats = db.cache_stats()
    assert (stats["hits"], stats["misses"], stats["size"]) == (1, 1, 1)
    db.add("b", [1, 0])
    after = vectordb.AnswerInfo()
    assert db.search([1, 0], info=after)[0].id == "b" and not after.cached
    db.reset_metrics()
    assert db.cache_stats()["hits"] == 0 and db.metrics()["total_requests"] == 0
    db.clear_cache()
    assert db.cache_stats()["size"] == 0
  assert [hit["db.operation.name"] for hit in named(records, "cache.hit")] == ["search"]


def test_a_stale_answer_is_better_than_none():
  outage = {"outages": [{"after_ms": 300, "for_ms": 60_000}]}
  stale = {"ttl": 0.1, "stale_on_error": True}
  with events() as records, rehearsal(outage, retry=False, cache=stale) as db:
    db.add("a", [0, 0])
    db.search([1, 0])
    time.sleep(0.5)
    info = vectordb.AnswerInfo()
    assert [hit.id for hit in db.search([1, 0], info=info)] == ["a"]
    assert info.cached and info.stale and info.age >= 0.1
    assert db.cache_stats()["stale"] == 1
  assert named(records, "cache.stale")[0]["age_ms"] >= 100


def test_info_of_every_read(filled):
  for read in (
    lambda info: filled.search([0, 0, 0], info=info),
    lambda info: filled.search_batch([[0, 0, 0], [1, 0, 0]], info=info),
    lambda info: filled.search_arrays([0, 0, 0], info=info),
    lambda info: filled.search_arrays([[0, 0, 0], [1, 0, 0]], info=info),
    lambda info: filled.search_by_id("a", info=info),
    lambda info: filled.get("a", info=info),
    lambda info: filled.get_many(["a", "b"], info=info),
  ):
    info = vectordb.AnswerInfo()
    read(info)
    assert info.attempts == 1 and not info.cached
  assert repr(info).startswith("AnswerInfo(age=0.0, attempts=1")


def test_prometheus_adds_databases_of_one_name_up():
  with vectordb.create("scraped", dimensions=1) as first, vectordb.create("scraped", dimensions=1) as second:
    first.count()
    second.count()
    labels = 'database="scraped",backend="memory"'
    lines = vectordb.prometheus().splitlines()
    assert f"vectordb_attempts_total{{{labels}}} 2" in lines
    assert any(
      line.startswith("db_client_operation_duration_seconds_bucket{" + labels)
      and 'operation="count",outcome="success",le="+Inf"} 2' in line
      for line in lines
    )
  assert "scraped" not in vectordb.prometheus()
