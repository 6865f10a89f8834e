"""The calls that can wait, and how they are run: in place, or awaited.

A call is run with a function that finishes it. That is given a function of C and arguments, calls it with room for its
output, and reads that: either the call itself, or what takes the answer out of a request, which fails as the call would.
So whoever checks arguments and reads answers need not know how the call was run.
"""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Protocol, TypeVar

from . import _interrupts as interrupts
from ._library import library

_Value = TypeVar("_Value")


class Call(NamedTuple):
  """The three functions of C for one call."""

  now: Callable[..., int]
  """Waits for the answer; its outputs are its last parameters."""
  start: Callable[..., int]
  """Its `_async` twin."""
  take: Callable[..., int]
  """Takes the answer out of a request; its outputs are those of `now`."""


class Runner(Protocol):
  """How a call is run: `in_place`, or as `vectordb.aio` does."""

  def __call__(self, finish: Callable[..., _Value], call: Call, *arguments: Any, **rest: Any) -> _Value: ...


def _call(name: str, answer: str) -> Call:
  return Call(
    getattr(library, f"vdb_database_{name}"),
    getattr(library, f"vdb_database_{name}_async"),
    getattr(library, f"vdb_request_{answer}"),
  )


OPEN = _call("open", "take_database")
UPSERT = _call("upsert", "take_report")
UPDATE_METADATA = _call("update_metadata", "take_report")
DELETE = _call("delete", "take_report")
DELETE_WHERE = _call("delete_where", "take_report")
CLEAR = _call("clear", "status")
DROP = _call("drop", "status")
FLUSH = _call("flush", "status")
CREATE_INDEX = _call("create_index", "status")
SEARCH = _call("search", "take_results")
SEARCH_BATCH = _call("search_batch", "take_results")
SEARCH_BY_ID = _call("search_by_id", "take_results")
GET = _call("get", "take_results")
PAGE = _call("page", "take_results")
COUNT = _call("count", "take_count")
COLLECTIONS = _call("collections_json", "take_json")
NAMESPACES = _call("namespaces_json", "take_json")
HEALTH = _call("health_json", "take_json")


def in_place(finish: Callable[..., _Value], call: Call, *arguments: Any, **rest: Any) -> _Value:
  """Runs a call on this thread. `rest` goes to `finish`.

  A signal handler that raises while the main thread waits, as that of Ctrl-C does, ends the call.
  """
  # Looked at here: calls of functions that nearly never have anything to do would cost more than the rest of this one.
  if interrupts.asked is None:
    interrupts.listen()
  try:
    return finish(call.now, *arguments, **rest)
  finally:
    if interrupts.raised:
      interrupts.raise_interrupt()
