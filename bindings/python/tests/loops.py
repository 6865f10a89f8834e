"""Event loops for tests."""

import asyncio
import gc

FACTORIES = {"asyncio": asyncio.new_event_loop}

try:
  import uvloop
except ImportError:
  pass
else:
  FACTORIES["uvloop"] = uvloop.new_event_loop


def run(main, factory=asyncio.new_event_loop, timeout=60):
  """What a coroutine returns, run on a new loop. Fails on whatever the loop would only have logged."""
  problems = []
  loop = factory()
  loop.set_exception_handler(lambda loop, context: problems.append(context))
  try:
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(asyncio.wait_for(main, timeout))
  finally:
    loop.run_until_complete(loop.shutdown_asyncgens())
    asyncio.set_event_loop(None)
    loop.close()
    gc.collect()
    assert not problems, problems
