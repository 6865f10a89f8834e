"""Reads the columns of an answer: a few copies for all rows together, never a call of C for each row."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Sequence
from ctypes import byref, string_at
from itertools import repeat
from typing import Any, NamedTuple, Optional

import numpy as np
import numpy.typing as npt

from . import _prototypes as c
from ._failures import check, fail
from ._library import holding, library
from .match import Match, Record


class Answer(ctypes.Structure):
  """Room for what a read returns: the handle, and behind it the view of its columns."""

  _fields_ = [("handle", ctypes.c_void_p), ("columns", c.vdb_columns)]


_EMPTY = bytes(Answer(None, c.vdb_columns(*c.vdb_columns.INIT)))
_COLUMNS = Answer.columns.offset
_unpack = struct.Struct("=QII12Q").unpack_from
_new = Answer.from_buffer_copy
_columns = holding.vdb_results_columns
_free = library.vdb_results_free


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


def new_answer() -> Answer:
  """Room for one answer, to be passed as `byref(answer)`."""
  return _new(_EMPTY)


def columns_of(answer: Answer) -> Columns:
  """The columns of an answer. They are borrowed: read them, then `free(answer)`."""
  status = _columns(answer.handle, byref(answer, _COLUMNS))
  if status:
    fail(status)
  return Columns._make(_unpack(answer))


def free(answer: Answer) -> None:
  """Frees an answer and its columns."""
  _free(answer.handle)


def matches(answer: Answer) -> list[Match]:
  """The matches of all queries, one behind the other. Frees the answer."""
  try:
    return _matches(columns_of(answer))
  finally:
    free(answer)


def match_lists(answer: Answer) -> list[list[Match]]:
  """The matches of each query. Frees the answer."""
  try:
    columns = columns_of(answer)
    rows = _matches(columns)
    bounds = integers(columns.row_offsets, columns.query_count + 1)
    return [rows[start:end] for start, end in zip(bounds, bounds[1:])]
  finally:
    free(answer)


def records(answer: Answer) -> list[Optional[Record]]:
  """A record for each row, None where it was not found. Frees the answer."""
  try:
    columns = columns_of(answer)
    count = columns.row_count
    if count == 0:
      return []
    rows: list[Optional[Record]] = list(map(Record, ids_of(columns), _metadata(columns), _vectors(columns)))
    if columns.found:
      for row, found in enumerate(string_at(columns.found, count)):
        if not found:
          rows[row] = None
    return rows
  finally:
    free(answer)


def page(answer: Answer) -> tuple[list[Record], bytes]:
  """The records of a page, and the token of the page that follows, empty at the end. Frees the answer."""
  try:
    columns = columns_of(answer)
    rows = list(map(Record, ids_of(columns), _metadata(columns), _vectors(columns))) if columns.row_count else []
    token, length = ctypes.c_void_p(), ctypes.c_size_t()
    check(holding.vdb_results_next_page(answer.handle, byref(token), byref(length)))
    return rows, string_at(token.value, length.value) if token.value else b""
  finally:
    free(answer)


def arrays(
  answer: Answer, single: bool
) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
  """Ids, scores and distances, each of shape (queries, most hits of a query), or flat when `single`. Frees the answer.

  A query with fewer hits is filled up with None, NaN and NaN.
  """
  try:
    columns = columns_of(answer)
    count, queries = columns.row_count, columns.query_count
    ids = np.array(ids_of(columns), dtype=object)
    scores, distances = floats(columns.scores, count), floats(columns.distances, count)
    if single:
      return ids, scores, distances
    if queries == 1:
      return ids[None], scores[None], distances[None]
    lengths = np.diff(np.array(integers(columns.row_offsets, queries + 1), np.int64))
  finally:
    free(answer)
  width = int(lengths.max(initial=0))
  shape = (queries, width)
  if count == queries * width:
    return ids.reshape(shape), scores.reshape(shape), distances.reshape(shape)
  filled = np.arange(width) < lengths[:, None]
  return _spread(ids, filled, None), _spread(scores, filled, np.nan), _spread(distances, filled, np.nan)


def _spread(values: npt.NDArray[Any], filled: npt.NDArray[np.bool_], absent: Any) -> npt.NDArray[Any]:
  spread = np.full(filled.shape, absent, values.dtype)
  spread[filled] = values
  return spread


def _matches(columns: Columns) -> list[Match]:
  count = columns.row_count
  if count == 0:
    return []
  form = f"{count}f"
  scores = struct.unpack(form, string_at(columns.scores, 4 * count))
  distances = struct.unpack(form, string_at(columns.distances, 4 * count))
  return list(map(Match, ids_of(columns), scores, distances, _metadata(columns), _vectors(columns)))


def integers(address: int, count: int) -> Sequence[int]:
  """`count` uint64 at an address."""
  return struct.unpack(f"{count}Q", string_at(address, 8 * count))


def floats(address: int, count: int) -> npt.NDArray[np.float32]:
  """A new array of the `count` float32 at an address."""
  return np.frombuffer(bytearray(string_at(address, 4 * count)) if count else b"", np.float32)


def ids_of(columns: Columns) -> list[str]:
  """The ids of all rows."""
  count = columns.row_count
  if count == 0:
    return []
  bounds = integers(columns.id_offsets, count + 1)
  packed = string_at(columns.ids, bounds[-1])
  text = packed.decode()
  if len(text) == len(packed):
    return [text[start:end] for start, end in zip(bounds, bounds[1:])]
  return [packed[start:end].decode() for start, end in zip(bounds, bounds[1:])]


def _metadata(columns: Columns) -> Iterable[Optional[bytes]]:
  if not columns.metadata_offsets:
    return repeat(None)
  bounds = integers(columns.metadata_offsets, columns.row_count + 1)
  packed = string_at(columns.metadata, bounds[-1]) if bounds[-1] else b""
  return [packed[start:end] for start, end in zip(bounds, bounds[1:])]


def _vectors(columns: Columns) -> Iterable[Any]:
  if not columns.vectors:
    return repeat(None)
  rows = np.empty((columns.row_count, columns.dimensions), np.float32)
  ctypes.memmove(rows.ctypes.data, columns.vectors, rows.nbytes)
  return rows
