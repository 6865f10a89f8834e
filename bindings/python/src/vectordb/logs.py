"""Events of the library as records of the logger "vectordb"."""

from __future__ import annotations

import atexit
import ctypes
import json
import logging
from typing import Any, Optional

from . import _prototypes as c
from ._failures import check
from ._library import library

logger = logging.getLogger("vectordb")
"""Gets one record for each event: the event's name as message, everything else in `record.vectordb`."""

_LEVELS = {
  c.VDB_LOG_DEBUG: logging.DEBUG,
  c.VDB_LOG_INFO: logging.INFO,
  c.VDB_LOG_WARNING: logging.WARNING,
  c.VDB_LOG_ERROR: logging.ERROR,
}


def enable_logging(level: int = logging.INFO) -> None:
  """Sends events from `level` on to the logger "vectordb". They come on a thread of the library, in order.

  A forked child has to ask for it again. Ends by itself at the end of the interpreter.
  """
  minimum = max((number for number, python in _LEVELS.items() if python <= level), default=c.VDB_LOG_DEBUG)
  check(library.vdb_log_set(_callback, None, minimum))
  atexit.register(disable_logging)


def disable_logging() -> None:
  """Ends it. When this returns no event is under way any more."""
  atexit.unregister(disable_logging)
  check(library.vdb_log_set(None, None, c.VDB_LOG_DEBUG))


def _forward(context: Optional[int], level: int, text: int, length: int) -> None:
  try:
    event: dict[str, Any] = json.loads(ctypes.string_at(text, length))
    logger.log(_LEVELS.get(level, logging.ERROR), "%s", event.get("event", "event"), extra={"vectordb": event})
  except Exception:  # A handler of the host failed: there is nobody to tell on this thread but logging itself.
    logger.exception("an event could not be logged")


_callback = c.vdb_log_callback(_forward)
