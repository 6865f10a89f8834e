"""What every handle of the C interface needs: it is closed once, by hand, by `with`, or when nobody holds it."""

from __future__ import annotations

import weakref
from types import TracebackType
from typing import Any, Callable, NoReturn, Optional, TypeVar

_Self = TypeVar("_Self", bound="Handle")


class Handle:
  """Owns one handle. Its number stays after closing: the library knows that it is closed and says so."""

  __slots__ = ("__weakref__", "_finalizer", "_handle")

  def __init__(self, handle: int, close: Callable[[int], Any]):
    self._handle = handle
    # Runs at the end of the interpreter as well, and never twice.
    self._finalizer = weakref.finalize(self, close, handle)

  @property
  def closed(self) -> bool:
    """Whether it was closed here."""
    return not self._finalizer.alive

  def close(self) -> None:
    """Closes it. Calls inside other threads finish; later ones raise ClosedError. Closing again does nothing."""
    self._finalizer()

  def __enter__(self: _Self) -> _Self:
    return self

  def __exit__(
    self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
  ) -> None:
    self.close()

  def __reduce__(self) -> NoReturn:
    raise TypeError(f"a {type(self).__name__} belongs to its process and cannot be pickled")
