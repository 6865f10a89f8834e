"""What every handle of the C interface needs: it is closed by hand, at the end of a block, or when nobody holds it."""

from __future__ import annotations

import atexit
import contextlib
import weakref
from types import TracebackType
from typing import NoReturn, Optional, TypeVar

from ._room import Room

_Self = TypeVar("_Self", bound="Closable")
_open: weakref.WeakSet[Handle] = weakref.WeakSet()


class Handle:
  """Owns what is in a room. The number stays after closing: the library knows that it is closed and says so."""

  __slots__ = ("__weakref__", "_closed", "_handle", "_room")

  def __init__(self, room: Room):
    self._room, self._handle, self._closed = room, room.value, False
    _open.add(self)

  @property
  def closed(self) -> bool:
    """Whether it was closed here."""
    return self._closed

  def _close(self) -> None:
    # A second time, also at once from another thread, the library only says that it is closed.
    self._room.__del__()
    self._closed = True

  def __reduce__(self) -> NoReturn:
    raise TypeError(f"a {type(self).__name__} belongs to its process and cannot be pickled")


class Closable(Handle):
  """A handle that is closed by `close` and by `with`."""

  __slots__ = ()

  def close(self) -> None:
    """Closes it. Calls inside other threads finish; later ones raise ClosedError. Closing again does nothing."""
    self._close()

  def __enter__(self: _Self) -> _Self:
    return self

  def __exit__(
    self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
  ) -> None:
    self.close()


@atexit.register
def _close_all() -> None:
  """At the end of the interpreter, where not every object is let go."""
  # One by one: threads that still run may add to them.
  with contextlib.suppress(KeyError):
    while True:
      _open.pop()._close()
