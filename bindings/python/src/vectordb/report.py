"""What a write did."""

from __future__ import annotations

import ctypes
from typing import Any, Callable, NamedTuple, Optional

from . import _prototypes as c
from ._failures import check, failure
from ._library import holding, library
from ._room import Room, closed_by
from .errors import ItemFailure, VectorDBError


class WriteReport(NamedTuple):
  """What a write did to its batch: `applied + len(failed) + not_attempted` items."""

  applied: int
  """Items that were written."""
  not_attempted: int = 0
  """Items that were never sent."""
  deleted: Optional[int] = None
  """Records deleted; None where the backend does not say, or nothing was to be deleted."""
  failed: tuple[ItemFailure, ...] = ()
  """Items that failed."""


class _Room(Room):
  __del__ = closed_by(library.vdb_write_report_free)


def write(call: Callable[..., int], *arguments: Any) -> WriteReport:
  """The report of a write, a function of C whose output comes after `arguments`; PartialFailure or what else failed."""
  report, error = _outcome(call, *arguments)
  if error is not None:
    raise error
  return report


def written(call: Callable[..., int], *arguments: Any) -> None:
  """As `write`, for a write that tells nothing."""
  write(call, *arguments)


def _outcome(call: Callable[..., int], *arguments: Any) -> tuple[WriteReport, Optional[VectorDBError]]:
  # Apart from who raises: the traceback of an exception would keep the room.
  room = _Room()
  status = call(*arguments, ctypes.byref(room))
  # Before anything else fails in this thread.
  error = failure(status) if status else None
  if not room.value:
    return WriteReport(0), error
  report = _read(room)
  if error is not None:
    error._details.update(failed=report.failed, written=report.applied, not_attempted=report.not_attempted)
  return report, error


def _read(room: Room) -> WriteReport:
  columns = c.vdb_write_columns(*c.vdb_write_columns.INIT)
  check(holding.vdb_write_report_columns(room, ctypes.byref(columns)))
  deleted = None if columns.deleted < 0 else columns.deleted
  failed = tuple(_failures(columns)) if columns.failed_count else ()
  return WriteReport(columns.applied, columns.not_attempted, deleted, failed)


def _failures(columns: c.vdb_write_columns) -> list[ItemFailure]:
  count = columns.failed_count
  indexes = (ctypes.c_uint64 * count).from_address(columns.failed_indexes)
  statuses = (ctypes.c_int32 * count).from_address(columns.failed_statuses)
  bounds = (ctypes.c_uint64 * (count + 1)).from_address(columns.message_offsets)
  messages = ctypes.string_at(columns.messages, bounds[count]) if columns.messages else b""
  return [
    ItemFailure(
      indexes[row],
      c.STATUS_NAMES.get(statuses[row], "VDB_E_UNKNOWN"),
      messages[bounds[row] : bounds[row + 1]].decode("utf-8", "replace"),
    )
    for row in range(count)
  ]
