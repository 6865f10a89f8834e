"""Calls of Python that wait for a server that does not answer: Ctrl-C and cancelled tasks end them, and nothing is left."""

import asyncio
import gc
import os
import signal
import threading
import time

import numpy as np
import pytest
import vectordb
import vectordb.aio
from servers import SERVERS

DIMENSIONS = 4


@pytest.fixture(params=SERVERS, scope="module")
def server(request):
  """A server of its own, since it is paused."""
  with SERVERS[request.param]() as server:
    yield server


@pytest.fixture
def paused(server):
  """Pauses the server for the time of a block."""

  class Pause:
    def __enter__(self):
      server.pause()

    def __exit__(self, *_):
      server.resume()

  yield Pause()
  server.resume()


def interrupt_soon():
  """Ctrl-C in 100 ms."""
  threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()


def settled(before):
  """Whether handles come to their numbers of before: what was ended lets go on a thread of the library."""
  end = time.monotonic() + 5
  while vectordb.live_handles() != before and time.monotonic() < end:
    gc.collect()
    time.sleep(0.01)
  return vectordb.live_handles() == before


def test_ctrl_c(server, paused):
  with vectordb.create("interrupted", dimensions=DIMENSIONS, **server.options) as db:
    db.upsert(["a", "b"], np.eye(2, DIMENSIONS))
    before = vectordb.live_handles()
    calls = [
      lambda: db.search(np.ones(DIMENSIONS)),
      lambda: db.upsert(["c"], np.ones((1, DIMENSIONS))),
      lambda: db.count(),
      lambda: vectordb.create("another", dimensions=DIMENSIONS, **server.options),
    ]
    for call in calls:
      with paused:
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
          interrupt_soon()
          call()
        assert 0.05 < time.monotonic() - start < 1
    assert settled(before)
    assert {match.id for match in db.search(np.eye(2, DIMENSIONS)[0], 2)} <= {"a", "b", "c"}
    db.drop()


def test_tasks(server, paused):
  async def main():
    async with await vectordb.aio.create("awaited", dimensions=DIMENSIONS, metric="l2", **server.options) as db:
      await db.upsert([str(n) for n in range(20)], np.arange(80).reshape(20, 4))
      await db.flush()
      found = await asyncio.gather(*(db.search(np.arange(4) + 4 * n, 1) for n in range(20)))
      assert [matches[0].id for matches in found] == [str(n) for n in range(20)]
      before = vectordb.live_handles()
      with paused:
        tasks = [asyncio.ensure_future(db.search(np.zeros(DIMENSIONS))) for _ in range(50)]
        await asyncio.sleep(0.1)
        start = time.monotonic()
        for task in tasks:
          task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(end) for end in ends} == {asyncio.CancelledError}
        with pytest.raises(vectordb.TimeoutError):
          await db.count(timeout=0.2)
        assert time.monotonic() - start < 1
      assert settled(before)
      assert (await db.search(np.zeros(DIMENSIONS), 1))[0].id == "0"
      assert {record.id async for record in db.iterate(batch_size=7)} == {str(n) for n in range(20)}
      await db.drop()

  asyncio.run(main())


def test_errors_tell_how_far_it_came(server):
  with vectordb.create("attempts", dimensions=DIMENSIONS, connect="lazy", **server.options) as db:
    db.upsert(["a"], np.ones((1, DIMENSIONS)))
    server.stop()
    try:
      with pytest.raises(vectordb.UnavailableError) as failed:
        db.upsert(["b"], np.ones((1, DIMENSIONS)), timeout=5)
      # Nothing is said where a read came before the write, and failed.
      assert failed.value.attempts >= 1 and failed.value.applied in ("no", "unknown", None)
      assert failed.value.backend == server.options["backend"]
      with pytest.raises(ConnectionError):
        db.count(timeout=5)
    finally:
      server.start()
    db.drop()
