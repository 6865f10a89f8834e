"""Hears from the library when a request has ended, for those who are not waiting in C.

The library tells of an end on a thread of its own, through one callback for all. It is given a number, never the address
of an object: whatever became of the caller meanwhile, an unknown number is nobody's, and the news is dropped.
"""

from __future__ import annotations

import atexit
import itertools
import os
import time
from typing import Callable, Optional

from . import _prototypes as c
from ._requests import Request

_LONGEST_END = 5.0


def expect(request: Request, then: Callable[[], object]) -> int:
  """A number to start the request with, beside `TELL`: `then` is called at its end, on a thread of the library."""
  number = next(_numbers)
  _expected[number] = request, then
  if _ended:
    del _expected[number]
    raise RuntimeError("the interpreter is ending: no call can be started")
  return number


def forget(number: int) -> None:
  """For a request that was not started, or was cancelled."""
  _expected.pop(number, None)


def _tell(number: Optional[int], request: Optional[int], status: int) -> None:
  entry = _expected.pop(number or 0, None)
  if entry is not None:
    entry[1]()


TELL = c.vdb_done_callback(_tell)
"""The `done` of requests."""

_numbers = itertools.count(1)
_expected: dict[int, tuple[Request, Callable[[], object]]] = {}
_ended = False


@atexit.register
def _end() -> None:
  """Before the interpreter ends: afterwards a thread of the library could not call it any more."""
  global _ended
  _ended = True
  deadline = time.monotonic() + _LONGEST_END
  # What cannot be cancelled is just being told of, or just being started by another thread.
  while _expected and time.monotonic() < deadline:
    for number, (request, _) in list(_expected.items()):
      if request.value and request.cancel():
        forget(number)
    time.sleep(0.001)
  if next(_numbers) > 1:
    # Whoever told last has taken the number away, but has perhaps not left Python yet.
    time.sleep(0.002)


# In a child the requests of the parent never end.
os.register_at_fork(after_in_child=_expected.clear)
