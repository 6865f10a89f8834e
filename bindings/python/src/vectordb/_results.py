"""Reads the columns of an answer: a few copies for all rows together, never a call of C for each row."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Sequence
from ctypes import byref, string_at
from functools import partial
from itertools import repeat
from typing import Any, Callable, NamedTuple, Optional, TypeVar, Union

import numpy as np
import numpy.typing as npt

from . import _prototypes as c
from ._failures import check, fail
from ._library import holding, library
from ._room import Room, closed_by
from ._text import json_of
from .info import AnswerInfo
from .match import Match, Record

_Value = TypeVar("_Value")

Objects = npt.NDArray[Any]
"""Array of dtype object that holds str, or None where a query has fewer hits."""

Floats = npt.NDArray[np.float32]
"""Array of float32."""

_Arrays = tuple[Objects, Floats, Floats]


class Answer(Room):
  """Room for what a read returns, and behind it for the view of its columns."""

  _fields_ = [("columns", c.vdb_columns)]

  columns: c.vdb_columns
  __del__ = closed_by(library.vdb_results_free)


_EMPTY = bytes(Answer(None, c.vdb_columns(*c.vdb_columns.INIT)))
_COLUMNS = Answer.columns.offset
_unpack = struct.Struct("=QII12Q").unpack_from
_new = Answer.from_buffer_copy
_columns = holding.vdb_results_columns


class Columns(NamedTuple):
  """The fields of vdb_columns behind their handle, as plain integers; 0 for a column that was not asked for."""

  handle: int
  struct_size: int
  flags: int
  query_count: int
  row_count: int
  row_offsets: int
  ids: int
  id_offsets: int
  distances: int
  scores: int
  metadata: int
  metadata_offsets: int
  vectors: int
  dimensions: int
  found: int


def _read(
  collect: Callable[[Columns], _Value], call: Callable[..., int], *arguments: Any, info: Optional[AnswerInfo] = None
) -> _Value:
  """What `collect` makes of the answer of a C function, whose output comes after `arguments`.

  The columns are borrowed: `collect` copies what it returns, since the answer is freed behind it. `info` is filled.
  """
  answer = _new(_EMPTY)
  status = call(*arguments, byref(answer)) or _columns(answer, byref(answer, _COLUMNS))
  if status:
    fail(status)
  if info is not None:
    info._fill(json_of(holding.vdb_results_info_json, answer))
  return collect(Columns._make(_unpack(answer)))


def _matches(columns: Columns) -> list[Match]:
  """The matches of all queries, one behind the other."""
  count = columns.row_count
  if count == 0:
    return []
  form = f"{count}f"
  scores = struct.unpack(form, string_at(columns.scores, 4 * count))
  distances = struct.unpack(form, string_at(columns.distances, 4 * count))
  return list(map(Match, _ids(columns), scores, distances, _metadata(columns), _vectors(columns)))


def _match_lists(columns: Columns) -> list[list[Match]]:
  """The matches of each query."""
  rows = _matches(columns)
  bounds = _integers(columns.row_offsets, columns.query_count + 1)
  return [rows[start:end] for start, end in zip(bounds, bounds[1:])]


def _all_records(columns: Columns) -> list[Record]:
  return list(map(Record, _ids(columns), _metadata(columns), _vectors(columns))) if columns.row_count else []


def _records(columns: Columns) -> list[Optional[Record]]:
  """A record for each row, None where it was not found."""
  rows: list[Optional[Record]] = [*_all_records(columns)]
  if rows and columns.found:
    for row, found in enumerate(string_at(columns.found, len(rows))):
      if not found:
        rows[row] = None
  return rows


def _page(columns: Columns) -> tuple[list[Record], bytes]:
  """The records of a page, and the token of the page that follows, empty at the end."""
  rows = _all_records(columns)
  token, length = ctypes.c_void_p(), ctypes.c_size_t()
  check(holding.vdb_results_next_page(columns.handle, byref(token), byref(length)))
  return rows, string_at(token.value, length.value) if token.value else b""


def _row_arrays(columns: Columns) -> _Arrays:
  """Ids, scores and distances of all queries, one behind the other."""
  count = columns.row_count
  return np.array(_ids(columns), dtype=object), _floats(columns.scores, count), _floats(columns.distances, count)


def _arrays(columns: Columns) -> _Arrays:
  """Ids, scores and distances, each of shape (queries, most hits of a query).

  A query with fewer hits is filled up with None, NaN and NaN.
  """
  ids, scores, distances = _row_arrays(columns)
  if columns.query_count == 1:
    return ids[None], scores[None], distances[None]
  lengths = np.diff(np.array(_integers(columns.row_offsets, columns.query_count + 1), np.int64))
  shape = (columns.query_count, int(lengths.max(initial=0)))
  if ids.size == shape[0] * shape[1]:
    return ids.reshape(shape), scores.reshape(shape), distances.reshape(shape)
  filled = np.arange(shape[1]) < lengths[:, None]
  return _spread(ids, filled, None), _spread(scores, filled, np.nan), _spread(distances, filled, np.nan)


def _spread(values: npt.NDArray[Any], filled: npt.NDArray[np.bool_], absent: Any) -> npt.NDArray[Any]:
  spread = np.full(filled.shape, absent, values.dtype)
  spread[filled] = values
  return spread


def _integers(address: int, count: int) -> Sequence[int]:
  return struct.unpack(f"{count}Q", string_at(address, 8 * count))


def _floats(address: int, count: int) -> Floats:
  return np.frombuffer(bytearray(string_at(address, 4 * count)) if count else b"", np.float32)


def _ids(columns: Columns) -> list[str]:
  count = columns.row_count
  if count == 0:
    return []
  bounds = _integers(columns.id_offsets, count + 1)
  packed = string_at(columns.ids, bounds[-1])
  text = packed.decode()
  if len(text) == len(packed):
    return [text[start:end] for start, end in zip(bounds, bounds[1:])]
  return [packed[start:end].decode() for start, end in zip(bounds, bounds[1:])]


def _metadata(columns: Columns) -> Iterable[Optional[bytes]]:
  if not columns.metadata_offsets:
    return repeat(None)
  bounds = _integers(columns.metadata_offsets, columns.row_count + 1)
  packed = string_at(columns.metadata, bounds[-1]) if bounds[-1] else b""
  return [packed[start:end] for start, end in zip(bounds, bounds[1:])]


def _vectors(columns: Columns) -> Iterable[Any]:
  if not columns.vectors:
    return repeat(None)
  rows = np.empty((columns.row_count, columns.dimensions), np.float32)
  ctypes.memmove(rows.ctypes.data, columns.vectors, rows.nbytes)
  return rows


def _without_distances(collect: Callable[[Columns], _Arrays]) -> Callable[[Columns], tuple[Objects, Floats]]:
  return lambda columns: collect(columns)[:2]


def _record(columns: Columns) -> Optional[Record]:
  return _records(columns)[0]


# What finishes a read: functions that take a function of C, its arguments but the output, and `info`.

matches = partial(_read, _matches)
match_lists = partial(_read, _match_lists)
record = partial(_read, _record)
records = partial(_read, _records)
page = partial(_read, _page)

arrays: dict[tuple[bool, bool], Callable[..., Union[tuple[Objects, Floats], _Arrays]]] = {
  (False, False): partial(_read, _without_distances(_arrays)),
  (False, True): partial(_read, _arrays),
  (True, False): partial(_read, _without_distances(_row_arrays)),
  (True, True): partial(_read, _row_arrays),
}
"""By whether the query was one vector, and whether distances are asked for."""
