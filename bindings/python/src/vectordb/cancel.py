"""Ending running calls from another thread."""

from __future__ import annotations

import ctypes

from ._failures import check
from ._handle import Handle
from ._library import library


class CancelToken(Handle):
  """Ends every call that was given it as `cancel=`, running or yet to come, with CancelledError.

  Any thread may cancel. Closing a token ends nothing: calls that name it go on.
  """

  __slots__ = ()

  def __init__(self) -> None:
    out = ctypes.c_void_p()
    check(library.vdb_cancel_token_new(ctypes.byref(out)))
    super().__init__(out.value or 0, library.vdb_cancel_token_free)

  def cancel(self) -> None:
    """Ends the calls. A scan notices within a millisecond."""
    check(library.vdb_cancel_token_cancel(self._handle))
