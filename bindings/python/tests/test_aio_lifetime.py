"""Forks, and the end of the interpreter, with calls under way."""

import asyncio
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import vectordb
from loops import run

SETUP = """
import asyncio, os, sys, threading, numpy, vectordb, vectordb.aio
async def opened(faults=None):
  db = await vectordb.aio.create("end", dimensions=4, fault_injection=faults)
  if faults is None: await db.upsert([str(n) for n in range(100)], numpy.ones((100, 4)))
  return db
"""

ENDINGS = {
  "stalled calls of a loop that is gone": """
loop = asyncio.new_event_loop()
db = loop.run_until_complete(opened({"stall_rate": 1}))
tasks = [loop.create_task(db.search(numpy.ones(4))) for _ in range(100)]
loop.run_until_complete(asyncio.sleep(0.02))
loop.close()
for task in tasks: task._log_destroy_pending = False
""",
  "calls that end while the interpreter does": """
async def main():
  db = await opened({"latency_ms": 1})
  async def forever():
    while True: await db.search(numpy.ones(4))
  for _ in range(20): asyncio.ensure_future(forever())
  await asyncio.sleep(0.05)
asyncio.run(main())
""",
  "a loop in a daemon thread": """
async def main():
  db = await opened()
  async def forever():
    while True: await db.search(numpy.ones(4))
  await asyncio.gather(*(forever() for _ in range(20)))
def thread():
  try: asyncio.run(main())
  except (RuntimeError, vectordb.ClosedError): pass
threading.Thread(target=thread, daemon=True).start()
import time; time.sleep(0.1)
""",
  "an exit within a task": """
async def main():
  db = await opened({"latency_ms": 1})
  for _ in range(50): asyncio.ensure_future(db.count())
  await asyncio.sleep(0)
  sys.exit(0)
asyncio.run(main())
""",
  "a waiting call of another thread": """
db = vectordb.create("end", dimensions=4, fault_injection={"stall_rate": 1})
def thread():
  try: db.search(numpy.ones(4))
  except vectordb.VectorDBError: pass
threading.Thread(target=thread, daemon=True).start()
import time; time.sleep(0.05)
""",
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_the_interpreter_ends_with_calls_under_way(ending):
  for _ in range(4):
    start = time.monotonic()
    done = subprocess.run(
      [sys.executable, "-X", "dev", "-c", SETUP + ending],
      env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
      capture_output=True,
      text=True,
      timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, ""), (done.returncode, done.stderr[-2000:])
    assert time.monotonic() - start < 5


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_awaits_calls_of_its_own():
  slow = {"latency_ms": 20}

  async def main():
    db = await vectordb.aio.create("fork", dimensions=4, metric="l2", fault_injection=slow)
    await db.upsert([str(n) for n in range(10)], np.arange(40).reshape(10, 4))
    for _ in range(5):
      under_way = [asyncio.ensure_future(db.search(np.zeros(4), 1)) for _ in range(30)]
      await asyncio.sleep(0.005)
      child = os.fork()
      if child == 0:
        # Only os._exit from here: pytest must not run twice.
        try:
          asyncio.events._set_running_loop(None)
          assert run(ask(db)) == "0"
          assert db.metrics()["backend"] == "memory"
          os._exit(0)
        except BaseException:
          os._exit(1)
      answers = await asyncio.gather(*under_way)
      assert {answer[0].id for answer in answers} == {"0"}
      assert await ended(child) == 0
    await db.close()

  async def ask(db):
    answers = await asyncio.gather(*(db.search(np.zeros(4), 1) for _ in range(30)))
    return answers[-1][0].id

  async def ended(child):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
      pid, status = os.waitpid(child, os.WNOHANG)
      if pid:
        return status
      await asyncio.sleep(0.005)
    raise AssertionError("the child hangs")

  run(main())
