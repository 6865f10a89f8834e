"""Ending running calls from another thread."""

from __future__ import annotations

from ctypes import byref

from ._failures import check
from ._handle import Closable
from ._library import library
from ._room import Room, closed_by


class _Room(Room):
  __del__ = closed_by(library.vdb_cancel_token_free)


class CancelToken(Closable):
  """Ends every call that was given it as `cancel=`, running or yet to come, with CancelledError.

  Any thread may cancel. Closing a token ends nothing: calls that name it go on.
  """

  __slots__ = ()

  def __init__(self) -> None:
    room = _Room()
    check(library.vdb_cancel_token_new(byref(room)))
    super().__init__(room)

  def cancel(self) -> None:
    """Ends the calls. A scan notices within a millisecond."""
    check(library.vdb_cancel_token_cancel(self._handle))
