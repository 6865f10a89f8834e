"""The part of a database that tells how it is doing, without ever waiting."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import Any

from . import _prototypes as c
from ._failures import check
from ._handle import Handle
from ._library import library
from ._options import encode_object
from ._text import json_of
from .errors import InvalidArgumentError

_STATES = {c.VDB_BREAKER_CLOSED: "closed", c.VDB_BREAKER_HALF_OPEN: "half_open", c.VDB_BREAKER_OPEN: "open"}
_ACTIONS = {
  "automatic": c.VDB_BREAKER_AUTOMATIC,
  "force_open": c.VDB_BREAKER_FORCE_OPEN,
  "force_close": c.VDB_BREAKER_FORCE_CLOSE,
}


class Observing(Handle):
  """Methods that observe. None touches the network."""

  __slots__ = ()

  def healthy(self) -> bool:
    """Whether the status is "ok" or "degraded"."""
    out = ctypes.c_int32()
    check(library.vdb_database_healthy(self._handle, byref(out)))
    return bool(out.value)

  def metrics(self) -> dict[str, Any]:
    """`total_requests`, `successful_requests`, `failed_requests`, `success_rate`, `avg_latency_ms`, ..."""
    answer: dict[str, Any] = json_of(library.vdb_database_metrics_json, self._handle)
    return answer

  def reset_metrics(self) -> None:
    """Starts the counts of `metrics` and `cache_stats` anew."""
    check(library.vdb_database_reset_metrics(self._handle))

  def cache_stats(self) -> dict[str, Any]:
    """`size`, `max_size`, `hits`, `misses`, `hit_rate`, ...; {"enabled": False} without a cache."""
    answer: dict[str, Any] = json_of(library.vdb_database_cache_stats_json, self._handle)
    return answer

  def clear_cache(self) -> None:
    """Forgets every cached answer. Fine without a cache."""
    check(library.vdb_database_clear_cache(self._handle))

  def circuit_breaker(self) -> str:
    """State of the circuit breaker: "closed", "half_open" or "open"."""
    out = ctypes.c_int32()
    check(library.vdb_database_breaker_state(self._handle, byref(out)))
    return _STATES.get(out.value, "unknown")

  def control_circuit_breaker(self, action: str) -> None:
    """Overrules the circuit breaker: "force_open", "force_close", or "automatic" for its own rules again."""
    number = _ACTIONS.get(action)
    if number is None:
      raise InvalidArgumentError(f"the action must be one of {', '.join(_ACTIONS)}, not {action!r}")
    check(library.vdb_database_control_breaker(self._handle, number))

  def capabilities(self) -> dict[str, Any]:
    """What this backend can do: `max_top_k`, `max_dimensions`, `filter_operators`, `metrics`, ..."""
    answer: dict[str, Any] = json_of(library.vdb_database_capabilities_json, self._handle)
    return answer

  def describe(self) -> dict[str, Any]:
    """How the database was really opened, each option with its source. Never a secret's value."""
    answer: dict[str, Any] = json_of(library.vdb_database_describe_json, self._handle)
    return answer

  def set_credentials(self, **credentials: str) -> None:
    """Replaces secrets such as api_key="..." without reopening. UnsupportedError where the backend has none."""
    text = encode_object(credentials, "the credentials")
    check(library.vdb_database_set_credentials(self._handle, text, len(text)))
