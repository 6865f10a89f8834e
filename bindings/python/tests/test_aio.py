"""`vectordb.aio` answers and fails as the calls that wait do, on any event loop."""

import asyncio
import gc
import inspect
import threading
import time

import numpy as np
import pytest
import vectordb
from loops import FACTORIES, run

SLOW = {"latency_ms": 60}
STALLED = {"stall_rate": 1}
WAITS = {
  *("add", "upsert", "update_metadata", "delete", "clear", "drop", "flush", "create_index"),
  *("search", "search_batch", "search_arrays", "search_by_id", "get", "get_many"),
  *("count", "collections", "namespaces", "health", "close"),
}

pytestmark = [
  pytest.mark.filterwarnings("error"),
  pytest.mark.parametrize("loop_factory", FACTORIES.values(), ids=FACTORIES.keys()),
]


def open_requests():
  gc.collect()
  return vectordb.live_handles()["request"]


CALLS = {
  "add": lambda db: db.add("d", [3, 0, 0], {"lang": "fr"}),
  "upsert": lambda db: db.upsert(["e", "f"], np.eye(2, 3), [None, {"n": 1}]),
  "upsert nothing": lambda db: db.upsert([], []),
  "update": lambda db: db.update_metadata("a", {"lang": "it"}),
  "update many": lambda db: db.update_metadata(["a", "b"], [{"x": 1}, {"x": 2}], replace=True),
  "search": lambda db: db.search([0.1, 0, 0], 3),
  "search with everything": lambda db: db.search(
    [0, 0, 0], 4, {"x": {"$gte": 1}}, True, False, True, 10, 5.0, max_distance=3, extra={}
  ),
  "search_batch": lambda db: db.search_batch([[0, 0, 0], [2, 0, 0]], 2),
  "search_arrays": lambda db: db.search_arrays([[0, 0, 0], [2, 0, 0]], 2, include_distances=True),
  "search_arrays of one": lambda db: db.search_arrays(np.zeros(3, np.float32), 2),
  "search_by_id": lambda db: db.search_by_id("a", 2),
  "get": lambda db: db.get("c"),
  "get nothing": lambda db: db.get("absent"),
  "get_many": lambda db: db.get_many(["b", "absent", "a"]),
  "count": lambda db: db.count(),
  "count some": lambda db: db.count({"x": 1}),
  "collections": lambda db: db.collections(),
  "namespaces": lambda db: db.namespaces(),
  "health": lambda db: db.health(cancel=1),
  "delete": lambda db: db.delete(["a", "absent"]),
  "delete where": lambda db: db.delete(filter={"x": 2}),
  "flush": lambda db: db.flush(),
  "of a view": lambda db: db.namespace("other").count(),
  "wrong type": lambda db: db.search("text"),
  "wrong shape": lambda db: db.search([[1, 2, 3]]),
  "wrong dimension": lambda db: db.search([1, 2]),
  "wrong id": lambda db: db.add("", [0, 0, 0]),
  "wrong filter": lambda db: db.count({"$nope": 1}),
  "wrong item": lambda db: db.upsert(["x", "y"], [[0, 0, 0], [np.nan, 0, 0]]),
  "missing": lambda db: db.search_by_id("absent"),
  "index": lambda db: db.create_index("hnsw"),
  "both": lambda db: db.delete("a", filter={"x": 1}),
  "clear": lambda db: db.clear(),
  "drop": lambda db: db.drop(),
  "dropped": lambda db: db.count(),
}


def plain(answer):
  """An answer as something that can be compared."""
  if isinstance(answer, (list, tuple)) and not isinstance(answer, vectordb.WriteReport):
    return [plain(part) for part in answer]
  if isinstance(answer, np.ndarray):
    return answer.tolist()
  if isinstance(answer, vectordb.Record):
    return repr(answer), None if answer.vector is None else answer.vector.tolist()
  return answer


def blocking_outcomes():
  rows = ["a", "b", "c"], [[0, 0, 0], [1, 0, 0], [2, 0, 0]], [{"lang": "en"}, {"x": 1}, None]
  db = vectordb.create("same", dimensions=3, metric="l2")
  db.upsert(*rows)
  for name, call in CALLS.items():
    try:
      yield name, plain(call(db))
    except Exception as error:
      yield name, (type(error), str(error), getattr(error, "index", None))


async def awaited_outcomes():
  rows = ["a", "b", "c"], [[0, 0, 0], [1, 0, 0], [2, 0, 0]], [{"lang": "en"}, {"x": 1}, None]
  db = await vectordb.aio.create("same", dimensions=3, metric="l2")
  await db.upsert(*rows)
  outcomes = []
  for name, call in CALLS.items():
    try:
      outcomes.append((name, plain(await call(db))))
    except Exception as error:
      outcomes.append((name, (type(error), str(error), getattr(error, "index", None))))
  return outcomes


def test_every_call_answers_and_fails_as_its_twin(loop_factory):
  assert run(awaited_outcomes(), loop_factory) == list(blocking_outcomes())
  assert open_requests() == 0


def test_the_same_methods_with_the_same_parameters(loop_factory):
  for name in dir(vectordb.Database):
    if name.startswith("_"):
      continue
    twin, method = getattr(vectordb.Database, name), getattr(vectordb.aio.Database, name)
    assert inspect.iscoroutinefunction(method) == (name in WAITS), name
    if callable(twin):
      parameters = [list(inspect.signature(each).parameters.values()) for each in (twin, method)]
      assert parameters[0] == parameters[1] and method.__doc__, name
  parameters = [inspect.signature(each).parameters for each in (vectordb.create, vectordb.aio.create)]
  assert parameters[0] == parameters[1]


def test_iterate(loop_factory):
  async def main():
    async with await vectordb.aio.create("pages", dimensions=1, metric="l2") as db:
      await db.upsert([str(n) for n in range(25)], [[n] for n in range(25)])
      seen = [record.id async for record in db.iterate(batch_size=10)]
      assert sorted(seen, key=int) == [str(n) for n in range(25)]
      async for record in db.iterate(batch_size=10, include_vectors=True):
        assert record.vector is not None and record.metadata == {}
        break
      with pytest.raises(vectordb.InvalidArgumentError):
        async for _ in db.iterate(batch_size=0):
          pass

  run(main(), loop_factory)
  assert open_requests() == 0


def test_closing(loop_factory):
  async def main():
    async with await vectordb.aio.create("closed", dimensions=2) as db:
      assert not db.closed and "closed'" in repr(db) and repr(db).startswith("<vectordb.aio.Database")
    assert db.closed
    with pytest.raises(vectordb.ClosedError):
      await db.count()
    await db.close()
    slow = await vectordb.aio.create("slow", dimensions=2, fault_injection=SLOW)
    under_way = asyncio.ensure_future(slow.add("a", [1, 2]))
    await asyncio.sleep(0.02)
    await slow.close()
    await under_way  # what was under way goes on

  run(main(), loop_factory)


def test_the_loop_runs_while_calls_wait(loop_factory):
  async def main():
    async with await vectordb.aio.create("slow", dimensions=2, fault_injection=SLOW) as db:
      start = time.monotonic()
      tasks = [asyncio.ensure_future(db.add(str(n), [1, n])) for n in range(8)]
      ticks = 0
      while not all(task.done() for task in tasks):
        await asyncio.sleep(0.001)
        ticks += 1
      await asyncio.gather(*tasks)
      assert ticks > 10
      assert time.monotonic() - start < 4 * 0.06  # they wait at once
      assert await db.count() == 8

  run(main(), loop_factory)


def test_a_cancelled_task_ends_its_call(loop_factory):
  async def main():
    db = await vectordb.aio.create("stalled", dimensions=2, fault_injection=STALLED)
    task = asyncio.ensure_future(db.search([1, 0]))
    await asyncio.sleep(0.02)
    assert vectordb.live_handles()["request"] == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
      await task
    assert vectordb.live_handles()["request"] == 0
    with pytest.raises(asyncio.TimeoutError):
      await asyncio.wait_for(db.search([1, 0]), 0.02)
    with pytest.raises(vectordb.TimeoutError):
      await db.search([1, 0], timeout=0.02)
    with vectordb.CancelToken() as token:
      task = asyncio.ensure_future(db.search([1, 0], cancel=token))
      await asyncio.sleep(0.02)
      token.cancel()
      with pytest.raises(vectordb.CancelledError):
        await task
    await db.close()

  start = time.monotonic()
  run(main(), loop_factory)
  assert time.monotonic() - start < 2
  assert open_requests() == 0


def test_cancelling_at_any_moment(loop_factory):
  async def main():
    db = await vectordb.aio.create("moments", dimensions=2, metric="l2", resilience={"pool": {"hard_limit": 2}})
    await db.upsert(["a", "b"], [[0, 0], [1, 0]])
    ended = {"answered": 0, "cancelled": 0}
    for turn in range(300):
      tasks = [asyncio.ensure_future(db.search([0, 0], 1)) for _ in range(6)]
      for _ in range(turn % 7):
        await asyncio.sleep(0)
      if turn % 3 == 0:
        await asyncio.sleep(0.0002)
      for task in tasks[::2]:
        task.cancel()
      for answer in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(answer, asyncio.CancelledError):
          ended["cancelled"] += 1
        else:
          assert [match.id for match in answer] == ["a"]
          ended["answered"] += 1
    await db.close()
    return ended

  ended = run(main(), loop_factory)
  assert ended["answered"] >= 900 and ended["cancelled"] > 20, ended
  assert open_requests() == 0


def test_a_thousand_calls_on_a_stalled_database_delay_nobody_else(loop_factory):
  before = open_requests()

  async def main():
    stalled = await vectordb.aio.create("stalled", dimensions=8, fault_injection=STALLED)
    healthy = await vectordb.aio.create("healthy", dimensions=8)
    await healthy.upsert([str(n) for n in range(100)], np.ones((100, 8)))
    waiting = [asyncio.ensure_future(stalled.search(np.ones(8))) for _ in range(1000)]
    await asyncio.sleep(0.05)
    assert vectordb.live_handles()["request"] == before + 1000
    times = []
    for _ in range(200):
      start = time.perf_counter()
      assert len(await healthy.search(np.ones(8), 5)) == 5
      times.append(time.perf_counter() - start)
    assert sorted(times)[100] < 0.02, sorted(times)[100]
    start = time.perf_counter()
    assert (await stalled.health())["circuit_breaker"]["state"] == "closed"
    assert time.perf_counter() - start < 0.1
    assert not any(task.done() for task in waiting)
    for task in waiting:
      task.cancel()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
    await stalled.close()
    await healthy.close()

  run(main(), loop_factory)
  assert open_requests() == before


def test_a_full_queue_is_told(loop_factory):
  async def main():
    pool = {"pool": {"hard_limit": 1}}
    db = await vectordb.aio.create("full", dimensions=2, fault_injection=STALLED, resilience=pool)
    tasks = [asyncio.ensure_future(db.count()) for _ in range(10_100)]
    await asyncio.sleep(0.5)
    refused = [task for task in tasks if task.done()]
    assert 50 <= len(refused) <= 100, len(refused)
    for task in tasks:
      task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError, vectordb.OverloadedError}

  run(main(), loop_factory)
  assert open_requests() == 0


def test_loops_in_threads_share_a_database(loop_factory):
  db = run(vectordb.aio.create("shared", dimensions=2, metric="l2"), loop_factory)
  failures = []

  def work(first):
    async def main():
      for n in range(first, 200, 4):
        await db.add(str(n), [n, 0])
        assert (await asyncio.gather(*(db.search([n, 0], 1) for _ in range(5))))[3][0].id == str(n)

    try:
      run(main(), loop_factory)
    except BaseException as error:
      failures.append(error)

  threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join(60)
  assert not failures
  assert run(db.count(), loop_factory) == 200


def test_a_loop_that_ends_first(loop_factory, capfd):
  before = open_requests()
  db = vectordb.create("slow", dimensions=2, fault_injection=SLOW)
  other = run(vectordb.aio.create("other", dimensions=2, fault_injection=SLOW), loop_factory)
  loop = loop_factory()
  calls = [loop.create_task(other.search([1, 0])) for _ in range(3)]
  loop.run_until_complete(asyncio.sleep(0.01))
  loop.close()
  db.count()
  time.sleep(0.2)  # their ends have been told to the closed loop
  assert vectordb.live_handles()["request"] == before + 3
  for call in calls:
    call._log_destroy_pending = False
  del call, calls
  assert open_requests() == before
  said = capfd.readouterr()
  assert (said.out, said.err) == ("", "")


def test_a_call_outside_a_loop(loop_factory):
  db = run(vectordb.aio.create("outside", dimensions=2), loop_factory)
  call = db.count()
  with pytest.raises(RuntimeError):
    call.send(None)
  assert open_requests() == 0
