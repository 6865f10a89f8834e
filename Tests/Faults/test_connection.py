"""Connections that are reset, stalled, cut, slow or refused, before each real server."""

import threading
import time
from contextlib import contextmanager

import pytest
import vectordb
from conftest import ONCE, PATIENT

QUERY = [0.2, 1, 0, 0]


@contextmanager
def within(least, most):
  """The block takes so many seconds."""
  start = time.monotonic()
  yield
  elapsed = time.monotonic() - start
  assert least <= elapsed <= most, f"took {elapsed:.2f} s"


def right(db):
  """Whether everything there is can be read through `db`."""
  hits = db.search(QUERY, 50)
  assert [hit.id for hit in hits] == [f"r{n}" for n in range(50)]
  assert all(hit.metadata == {"n": n, "text": "x" * 300} for n, hit in enumerate(hits))
  assert db.count() == 50 and db.get("r7").metadata["n"] == 7
  assert sorted(record.metadata["n"] for record in db.iterate(batch_size=20)) == list(range(50))


def later(seconds, action):
  """Does something in a while, on a thread."""
  timer = threading.Timer(seconds, action)
  timer.daemon = True
  timer.start()
  return timer


def test_without_trouble(connect, proxy):
  db = connect()
  right(db)
  right(db)
  assert proxy.accepted >= 1 and db.metrics()["failed_requests"] == 0


def test_connections_are_kept(connect, proxy):
  db = connect()
  right(db)
  before = proxy.accepted
  for _ in range(20):
    db.search(QUERY, 3)
  assert proxy.accepted == before


def test_latency_is_only_slow(connect, proxy):
  proxy.delay(0.05)
  db = connect()
  right(db)
  db.add("late", [9, 9, 9, 9])
  assert db.get("late") is not None
  db.delete("late")


def test_an_idle_connection_that_was_reset_costs_nothing(connect, proxy):
  db = connect(resilience=ONCE)
  right(db)
  for _ in range(3):
    proxy.reset()
    time.sleep(0.02)
    right(db)
  proxy.reset()
  db.add("new", [9, 9, 9, 9])
  assert db.get("new") is not None


def test_an_idle_connection_that_is_reset_before_it_answers_costs_nothing(connect, proxy, direct):
  db = connect(resilience=ONCE)
  right(db)
  for call in (lambda: right(db), lambda: db.add("new", [9, 9, 9, 9]), lambda: db.delete("new")):
    proxy.stall()
    later(0.2, lambda: (proxy.reset(), proxy.flowing.set()))
    call()
  assert direct.get("new") is None


def test_a_connection_reset_while_it_waits_is_repeated(connect, proxy, direct):
  db = connect()
  for call in (lambda: right(db), lambda: db.add("new", [9, 9, 9, 9], {"k": 1}), lambda: db.delete("new")):
    proxy.stall()
    later(0.2, lambda: (proxy.flowing.set(), proxy.reset()))
    call()
  assert direct.get("new") is None


def test_many_resets_under_reads_change_no_answer(connect, proxy):
  db = connect()
  stop = threading.Event()

  def trouble():
    while not stop.wait(0.03):
      proxy.reset()

  thread = threading.Thread(target=trouble)
  thread.start()
  try:
    for _ in range(15):
      right(db)
  finally:
    stop.set()
    thread.join()


@pytest.mark.parametrize("after", [0, 1, 5, 20, 100, 400, 3000])
@pytest.mark.parametrize("hard", [False, True], ids=["closed", "reset"])
def test_a_cut_answer_is_never_taken_for_an_answer(connect, proxy, after, hard):
  db = connect()
  right(db)
  proxy.cut(after, times=2, hard=hard)
  right(db)
  once = connect(resilience=ONCE)
  once.search(QUERY, 50)
  proxy.cut(after, times=3, hard=hard)
  for _ in range(6):
    try:
      right(once)
    except vectordb.BackendError as error:
      assert isinstance(error, (vectordb.UnavailableError, vectordb.ProtocolError)), error
  proxy.heal()
  right(once)


def test_a_slow_answer_is_waited_for_within_the_deadline(connect, proxy):
  db = connect()
  right(db)
  proxy.drip(200, 0.002)
  right(db)
  proxy.drip(1, 0.02)
  with within(0.9, 1.5), pytest.raises(vectordb.TimeoutError):
    db.search(QUERY, 50, timeout=1)
  proxy.heal()
  right(db)


def test_deadlines_hold_while_nothing_moves(connect, proxy, direct):
  db = connect()
  right(db)
  proxy.stall()
  calls = [
    lambda: db.search(QUERY, timeout=0.5),
    lambda: db.get("r1", timeout=0.5),
    lambda: db.count(timeout=0.5),
    lambda: db.add("x", QUERY, timeout=0.5),
    lambda: db.delete("x", timeout=0.5),
    lambda: db.update_metadata("r1", {"k": 1}, timeout=0.5),
    lambda: list(db.iterate(timeout=0.5)),
    lambda: db.collections(timeout=0.5),
    lambda: db.namespaces(timeout=0.5),
    lambda: db.flush(timeout=0.5) or db.search(QUERY, timeout=0.1),
  ]
  for number, call in enumerate(calls):
    with within(0.05, 0.9), pytest.raises(vectordb.TimeoutError):
      call()
      pytest.fail(f"call {number} answered")
  proxy.heal()
  # What was under way arrives now: in which order is anybody's guess.
  time.sleep(0.3)
  direct.update_metadata("r1", {"n": 1, "text": "x" * 300}, replace=True)
  direct.delete("x")
  direct.flush()
  right(db)


def test_opening_keeps_its_deadline(server, proxy, direct):
  reach = server.options_at(proxy.host, proxy.port)
  proxy.stall()
  with within(0.3, 1.5), pytest.raises((vectordb.TimeoutError, vectordb.UnavailableError)):
    vectordb.create(direct.name, dimensions=4, metric="l2", timeout=0.7, **reach)
  proxy.heal()
  with vectordb.create(direct.name, dimensions=4, metric="l2", **reach) as db:
    right(db)


def test_a_token_ends_a_wait(connect, proxy, direct):
  db = connect()
  right(db)
  proxy.stall()
  for call in (
    lambda token: db.search(QUERY, cancel=token),
    lambda token: db.add("x", QUERY, cancel=token),
    lambda token: db.delete("x", cancel=token),
    lambda token: list(db.iterate(cancel=token)),
  ):
    with vectordb.CancelToken() as token:
      later(0.2, token.cancel)
      with within(0.15, 0.6), pytest.raises(vectordb.CancelledError):
        call(token)
  proxy.heal()
  time.sleep(0.3)
  direct.delete("x")
  direct.flush()
  right(db)


def test_a_write_whose_answer_is_lost_is_unknown_and_may_be_there(connect, proxy, direct):
  db = connect(resilience=ONCE)
  db.search(QUERY)
  outcomes = set()
  for n in range(4):
    proxy.cut(0, times=1, hard=n % 2 == 0)
    try:
      db.upsert([f"lost{n}"], [QUERY], [{"k": n}])
      outcomes.add("ok")
    except vectordb.VectorDBError as error:
      outcomes.add(error.applied)
      if error.applied == "no":
        direct.flush()
        assert direct.get(f"lost{n}") is None, f"applied: no, but it is there: {error}"
  assert outcomes & {"unknown", "ok"}, outcomes
  proxy.heal()
  time.sleep(0.05)
  right_after = {record.id for record in direct.iterate()}
  assert {f"r{n}" for n in range(50)} <= right_after


def test_a_write_that_waits_in_vain_is_unknown(connect, proxy, direct):
  db = connect(resilience=ONCE)
  db.add("first", QUERY)
  proxy.stall()
  with pytest.raises(vectordb.TimeoutError) as caught:
    db.upsert(["late"], [QUERY], timeout=0.5)
  assert caught.value.applied in ("unknown", "no")
  if caught.value.applied == "no":
    proxy.heal()
    time.sleep(0.5)
    assert direct.get("late") is None


def test_a_lost_answer_is_repeated_and_the_write_is_there_once(connect, proxy, direct):
  db = connect()
  db.search(QUERY)
  for n in range(3):
    proxy.cut(0, times=2)
    report = db.upsert(["a", f"b{n}"], [QUERY, QUERY], [{"n": n}, None])
    assert report.applied == 2 and not report.failed
  proxy.heal()
  db.flush()
  assert direct.count() == 54 and direct.get("a").metadata == {"n": 2}


def test_refused_connections_are_unavailable_and_nothing_is_applied(connect, proxy, direct):
  db = connect(resilience={**ONCE, "retry": {"max_attempts": 3, "max_write_attempts": 2, "base_delay": 0.01}})
  right(db)
  proxy.refuse()
  with within(0, 2), pytest.raises(vectordb.UnavailableError) as caught:
    db.search(QUERY)
  assert caught.value.attempts == 3 and caught.value.backend == db.backend
  with within(0, 2), pytest.raises(vectordb.UnavailableError) as caught:
    db.add("x", QUERY)
  assert caught.value.applied == "no" and caught.value.attempts in (
    2,
    3,
  )  # the third is that of a read before the write
  proxy.heal()
  right(db)
  assert direct.get("x") is None


def test_opening_a_backend_that_is_down_says_so_and_can_be_repeated(server, proxy, direct):
  reach = server.options_at(proxy.host, proxy.port)
  options = {
    "dimensions": 4,
    "metric": "l2",
    "resilience": {**PATIENT, "retry": {"max_attempts": 2, "max_write_attempts": 2}},
  }
  proxy.refuse()
  with within(0, 5), pytest.raises(vectordb.UnavailableError):
    vectordb.create(direct.name, **options, **reach)
  lazy = vectordb.create(direct.name, connect="lazy", **options, **reach)
  with pytest.raises(vectordb.UnavailableError):
    lazy.count()
  proxy.heal()
  right(lazy)
  lazy.close()


def test_a_stalled_database_holds_up_no_other(connect, proxy, direct):
  db = connect()
  right(db)
  proxy.stall()
  threads = [
    threading.Thread(target=lambda: pytest.raises(vectordb.VectorDBError, db.search, QUERY, timeout=1.5))
    for _ in range(20)
  ]
  for thread in threads:
    thread.start()
  with within(0, 1):
    for _ in range(20):
      assert len(direct.search(QUERY, 5)) == 5
  for thread in threads:
    thread.join()
  proxy.heal()
  right(db)


def test_closing_while_calls_wait(connect, proxy):
  db = connect()
  right(db)
  proxy.stall()
  ended = []

  def search():
    try:
      db.search(QUERY, timeout=2)
    except vectordb.VectorDBError as error:
      ended.append(error.code)

  threads = [threading.Thread(target=search) for _ in range(4)]
  for thread in threads:
    thread.start()
  time.sleep(0.2)
  with within(0, 0.5):
    db.close()
  with pytest.raises(vectordb.ClosedError):
    db.search(QUERY)
  for thread in threads:
    thread.join(5)
  assert len(ended) == 4 and set(ended) <= {"VDB_E_TIMEOUT", "VDB_E_CLOSED", "VDB_E_UNAVAILABLE"}
