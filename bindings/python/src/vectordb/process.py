"""What concerns the whole process: versions, backends, the processor, leaks."""

from __future__ import annotations

import ctypes
from typing import Any

from . import _library
from . import _prototypes as c
from ._failures import check
from ._library import library
from ._room import Text
from ._text import json_of

_KINDS = {
  "database": c.VDB_HANDLE_DATABASE,
  "results": c.VDB_HANDLE_RESULTS,
  "write_report": c.VDB_HANDLE_WRITE_REPORT,
  "cancel_token": c.VDB_HANDLE_CANCEL_TOKEN,
  "request": c.VDB_HANDLE_REQUEST,
}


def version() -> str:
  """Version of the loaded library, "0.1.0"."""
  text: bytes = _library.holding.vdb_version()
  return text.decode()


def library_path() -> str:
  """The shared library that was loaded."""
  return _library.path


def backends() -> list[dict[str, Any]]:
  """The backends: {"name": "memory", "available": True}, {"name": "redis", "available": False, "reason": "..."}, ..."""
  answer: list[dict[str, Any]] = json_of(library.vdb_backends_json)
  return answer


def cpu_features() -> dict[str, Any]:
  """The processor as the kernels see it: `architecture`, `kernels`, `features`."""
  answer: dict[str, Any] = json_of(library.vdb_cpu_features_json)
  return answer


def prometheus() -> str:
  """The metrics of all open databases of this process in the text format of Prometheus (0.0.4), for the host to serve.

  Histograms of call durations by operation and outcome, and counters; databases of one name and backend are added up.
  """
  text = Text()
  check(text.read(library.vdb_prometheus_text))
  return ctypes.string_at(text.value, text.length).decode()


def live_handles() -> dict[str, int]:
  """Number of handles of each kind that are open in this process: a leak shows here."""
  counts = {}
  for kind, number in _KINDS.items():
    out = ctypes.c_uint64()
    check(library.vdb_live_handles(number, ctypes.byref(out)))
    counts[kind] = out.value
  return counts
