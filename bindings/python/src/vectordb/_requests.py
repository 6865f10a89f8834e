"""A call that goes on in the library while Python does something else."""

from __future__ import annotations

import ctypes
from typing import Any, Callable

from ._failures import fail
from ._library import library
from ._room import Room, closed_by


class Request(Room):
  """Room for one request. When it goes, the request is let go of: nobody reads its answer any more."""

  __del__ = closed_by(library.vdb_request_free)

  def start(self, call: Callable[..., int], *arguments: Any) -> None:
    """Starts an `_async` function of C, whose last parameter comes after `arguments`; raises what it refuses."""
    status = call(*arguments, ctypes.byref(self))
    if status:
      fail(status)

  def cancel(self) -> bool:
    """Ends it without an answer. False when it has ended: then `done` has run, or is running."""
    return not self.value or not library.vdb_request_cancel(self)

  def free(self) -> None:
    """Lets go of it at once, and not only when nobody holds this object: the traceback of an exception would."""
    self.__del__()
