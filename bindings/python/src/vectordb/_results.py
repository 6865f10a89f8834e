"""Reads the columns of an answer: a few copies for all rows together, never a call of C for each row.

A search behind a network finds the caches of the processor cold, and what it costs here is then the number of different
things it touches, not of its steps: `_matches` is therefore one function with plain loops, without helpers and
comprehensions, which are functions too.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Sequence
from ctypes import byref
from functools import lru_cache, partial
from itertools import accumulate, repeat
from typing import Any, Callable, NamedTuple, Optional, TypeVar, Union

import numpy as np
import numpy.typing as npt

from . import _prototypes as c
from ._failures import check, fail
from ._library import holding, library
from ._memory import bytearray_at, bytes_at, text_at
from ._room import Room, closed_by
from ._text import json_of
from .info import AnswerInfo
from .match import Match, Record

_Value = TypeVar("_Value")

Objects = npt.NDArray[Any]
"""Array of dtype object that holds str, or None where a query has fewer hits."""

Floats = npt.NDArray[np.float32]
"""Array of float32."""

_Arrays = Any
"""Ids and scores, and distances when asked for."""


class Answer(Room):
  """Room for what a read returns, and behind it for the view of its columns."""

  _fields_ = [("columns", c.vdb_columns)]

  columns: c.vdb_columns
  __del__ = closed_by(library.vdb_results_free)


_EMPTY = bytes(Answer(None, c.vdb_columns(*c.vdb_columns.INIT)))
_COLUMNS = Answer.columns.offset
_unpack = struct.Struct("=16x12Q").unpack_from
_new = Answer.from_buffer_copy
_columns = holding.vdb_results_columns


class Columns(NamedTuple):
  """What `_unpack` reads of an answer: the fields of vdb_columns as plain integers; 0 for a column not asked for."""

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


@lru_cache(256)
def _forms(count: int) -> tuple[Callable[[bytes], Sequence[float]], Callable[[bytes], Sequence[int]]]:
  """What reads so many float32, and so many uint64."""
  return struct.Struct(f"{count}f").unpack, struct.Struct(f"{count}Q").unpack


def _read(
  collect: Callable[[Answer], _Value], call: Callable[..., int], *arguments: Any, info: Optional[AnswerInfo] = None
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
  return collect(answer)


def _matches(answer: Answer) -> list[Match]:
  """The matches of all queries, one behind the other."""
  _, count, _, ids, id_offsets, distances, scores, metadata, metadata_offsets, vectors, dimensions, _ = _unpack(answer)
  if count == 0:
    return []
  floats, integers = _forms(count)
  # The first offset is 0.
  ends = integers(bytes_at(id_offsets + 8, 8 * count))
  text = text_at(ids, ends[-1], None)
  if len(text) != ends[-1]:
    ends = _in_characters(text, ends)
  rows = []
  start = 0
  for end, score, distance in zip(ends, floats(bytes_at(scores, 4 * count)), floats(bytes_at(distances, 4 * count))):
    rows.append(Match(text[start:end], score, distance))
    start = end
  if metadata_offsets:
    ends = integers(bytes_at(metadata_offsets + 8, 8 * count))
    packed = bytes_at(metadata, ends[-1])
    start = 0
    for row, end in zip(rows, ends):
      row._metadata = packed[start:end]
      start = end
  if vectors:
    for row, vector in zip(rows, _rows(vectors, count, dimensions)):
      row.vector = vector
  return rows


def _in_characters(text: str, ends: Sequence[int]) -> Sequence[int]:
  """Where texts end within the one that they were joined to, of where they end in its UTF-8."""
  packed = text.encode()
  return list(accumulate(len(packed[start:end].decode()) for start, end in zip((0, *ends), ends)))


def _match_lists(answer: Answer) -> list[list[Match]]:
  """The matches of each query."""
  rows, columns = _matches(answer), Columns._make(_unpack(answer))
  bounds = _integers(columns.row_offsets, columns.query_count + 1)
  return [rows[start:end] for start, end in zip(bounds, bounds[1:])]


def _all_records(answer: Answer) -> list[Record]:
  columns = Columns._make(_unpack(answer))
  return list(map(Record, _ids(columns), _metadata(columns), _vectors(columns))) if columns.row_count else []


def _records(answer: Answer) -> list[Optional[Record]]:
  """A record for each row, None where it was not found."""
  rows: list[Optional[Record]] = [*_all_records(answer)]
  found = Columns._make(_unpack(answer)).found
  if rows and found:
    for row, is_found in enumerate(bytes_at(found, len(rows))):
      if not is_found:
        rows[row] = None
  return rows


def _record(answer: Answer) -> Optional[Record]:
  return _records(answer)[0]


def _page(answer: Answer) -> tuple[list[Record], bytes]:
  """The records of a page, and the token of the page that follows, empty at the end."""
  rows = _all_records(answer)
  token, length = ctypes.c_void_p(), ctypes.c_size_t()
  check(holding.vdb_results_next_page(answer, byref(token), byref(length)))
  return rows, bytes_at(token.value, length.value) if token.value else b""


def _row_arrays(has_distances: bool, answer: Answer) -> _Arrays:
  """Ids, scores and, when asked for, distances of all queries, one behind the other."""
  columns = Columns._make(_unpack(answer))
  count = columns.row_count
  ids, scores = np.array(_ids(columns), dtype=object), _floats(columns.scores, count)
  return (ids, scores, _floats(columns.distances, count)) if has_distances else (ids, scores)


def _arrays(has_distances: bool, answer: Answer) -> _Arrays:
  """As `_row_arrays`, each of shape (queries, most hits of a query).

  A query with fewer hits is filled up with None, NaN and NaN.
  """
  arrays, columns = _row_arrays(has_distances, answer), Columns._make(_unpack(answer))
  if columns.query_count == 1:
    return tuple(array[None] for array in arrays)
  lengths = np.diff(np.array(_integers(columns.row_offsets, columns.query_count + 1), np.int64))
  shape = (columns.query_count, int(lengths.max(initial=0)))
  if columns.row_count == shape[0] * shape[1]:
    return tuple(array.reshape(shape) for array in arrays)
  filled = np.arange(shape[1]) < lengths[:, None]
  return tuple(_spread(array, filled, absent) for array, absent in zip(arrays, (None, np.nan, np.nan)))


def _spread(values: npt.NDArray[Any], filled: npt.NDArray[np.bool_], absent: Any) -> npt.NDArray[Any]:
  spread = np.full(filled.shape, absent, values.dtype)
  spread[filled] = values
  return spread


def _integers(address: int, count: int) -> Sequence[int]:
  return struct.unpack(f"{count}Q", bytes_at(address, 8 * count))


def _floats(address: int, count: int) -> Floats:
  return np.frombuffer(bytearray_at(address, 4 * count), np.float32)


def _rows(address: int, count: int, dimensions: int) -> Floats:
  return _floats(address, count * dimensions).reshape(count, dimensions)


def _ids(columns: Columns) -> list[str]:
  if columns.row_count == 0:
    return []
  bounds = _integers(columns.id_offsets, columns.row_count + 1)
  packed = bytes_at(columns.ids, bounds[-1])
  text = packed.decode()
  if len(text) == len(packed):
    return [text[start:end] for start, end in zip(bounds, bounds[1:])]
  return [packed[start:end].decode() for start, end in zip(bounds, bounds[1:])]


def _metadata(columns: Columns) -> Iterable[Optional[bytes]]:
  if not columns.metadata_offsets:
    return repeat(None)
  bounds = _integers(columns.metadata_offsets, columns.row_count + 1)
  packed = bytes_at(columns.metadata, bounds[-1])
  return [packed[start:end] for start, end in zip(bounds, bounds[1:])]


def _vectors(columns: Columns) -> Iterable[Any]:
  return _rows(columns.vectors, columns.row_count, columns.dimensions) if columns.vectors else repeat(None)


# What finishes a read: functions that take a function of C, its arguments but the output, and `info`.

matches = partial(_read, _matches)
match_lists = partial(_read, _match_lists)
record = partial(_read, _record)
records = partial(_read, _records)
page = partial(_read, _page)

arrays: dict[tuple[bool, bool], Callable[..., Union[tuple[Objects, Floats], tuple[Objects, Floats, Floats]]]] = {
  (is_one, has_distances): partial(_read, partial(_row_arrays if is_one else _arrays, has_distances))
  for is_one in (False, True)
  for has_distances in (False, True)
}
"""By whether the query was one vector, and whether distances are asked for."""
