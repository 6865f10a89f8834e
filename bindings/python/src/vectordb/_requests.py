"""Calls that go on in the library while Python does something else, and the news of their end.

The library tells of an end on a thread of its own, through one callback for all. It is given a number, never the address
of an object: whatever became of the caller meanwhile, an unknown number is nobody's, and the news is dropped.
"""

from __future__ import annotations

import atexit
import ctypes
import itertools
import os
import time
from typing import Any, Callable, Optional

from . import _prototypes as c
from ._failures import fail
from ._library import library
from ._room import Room, closed_by

_LONGEST_END = 5.0


class Request(Room):
  """Room for one request. When it goes, the request is let go of: nobody reads its answer any more."""

  _fields_ = [("number", ctypes.c_uint64)]

  number: int
  __del__ = closed_by(library.vdb_request_free)

  def start(self, call: Callable[..., int], *arguments: Any, then: Callable[[], object]) -> None:
    """Starts an `_async` function of C, whose last three parameters come after `arguments`; raises what it refuses.

    `then` is called at the end of the request, on a thread of the library, unless it is abandoned before.
    """
    self.number = next(_numbers)
    _under_way[self.number] = self, then
    if _ended:
      del _under_way[self.number]
      raise RuntimeError("the interpreter is ending: no call can be started")
    status = call(*arguments, _callback, self.number, ctypes.byref(self))
    if status:
      _under_way.pop(self.number, None)
      fail(status)

  def abandon(self) -> None:
    """Ends it without an answer, if it has not ended, and lets go of it."""
    if not self.value or not library.vdb_request_cancel(self):
      _under_way.pop(self.number, None)
    self.free()

  def free(self) -> None:
    """Lets go of it at once, and not only when nobody holds this object: the traceback of an exception would."""
    self.__del__()


def ended() -> bool:
  """Whether the interpreter is ending, when no request can be started any more."""
  return _ended


def _tell(context: int, request: int, status: int) -> None:
  entry = _under_way.pop(context, None)
  if entry is not None:
    entry[1]()


_callback = c.vdb_done_callback(_tell)
_numbers = itertools.count(1)
_under_way: dict[int, tuple[Request, Callable[[], object]]] = {}
_ended = False


@atexit.register
def _end() -> None:
  """Before the interpreter ends: afterwards a thread of the library could not call it any more."""
  global _ended
  _ended = True
  deadline = time.monotonic() + _LONGEST_END
  # What cannot be cancelled is just being told of, or just being started by another thread.
  while _under_way and time.monotonic() < deadline:
    for request, _ in list(_under_way.values()):
      if request.value:
        request.abandon()
    time.sleep(0.001)
  if next(_numbers) > 1:
    # Whoever told last has taken the number away, but has perhaps not left Python yet.
    time.sleep(0.002)


# In a child the requests of the parent never end.
os.register_at_fork(after_in_child=_under_way.clear)
