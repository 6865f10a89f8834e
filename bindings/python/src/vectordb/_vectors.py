"""Vectors on their way to C: anything array-like becomes rows of float32, without a copy where it is that already."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy import ndarray

from . import _prototypes as c
from ._library import library
from ._text import json_of
from .errors import InvalidArgumentError, InvalidVectorError

FLOAT32 = np.dtype(np.float32)
"""The element type of the C interface."""


def query_bytes(vector: Any) -> bytes:
  """One vector as packed float32. A copy of a few hundred nanoseconds, cheaper than asking numpy for an address."""
  if type(vector) is ndarray and vector.dtype is FLOAT32 and vector.ndim == 1:
    return vector.tobytes()
  array = as_float32(vector)
  if array.ndim != 1:
    raise InvalidArgumentError(f"one vector must have the shape (dimensions,), not {array.shape}")
  return array.tobytes()


class Rows(c.vdb_vectors):
  """A matrix of vectors as the C interface takes it. Keeps the array alive."""

  keep: Any

  def __init__(self, vectors: Any, database: int):
    """Copies only what is not float32 in rows already. InvalidArgumentError for another shape than (n, dimensions)."""
    array = as_float32(vectors)
    if array.ndim == 1 and array.size == 0:
      # An empty list: no rows, of whatever dimension the database has.
      array = array.reshape(0, json_of(library.vdb_database_describe_json, database).get("dimensions") or 0)
    if array.ndim != 2:
      raise InvalidArgumentError(f"vectors must have the shape (n, dimensions), not {array.shape}")
    count, dimensions = array.shape
    width = dimensions * FLOAT32.itemsize
    rows_apart = count < 2 or array.strides[0] >= width
    if not (rows_apart and (dimensions < 2 or array.strides[1] == FLOAT32.itemsize)):
      array = np.ascontiguousarray(array)
    super().__init__(*c.vdb_vectors.INIT)
    self.data = array.ctypes.data
    self.count = count
    self.dimensions = dimensions
    self.stride_bytes = array.strides[0] if count > 1 else 0
    self.keep = array


def as_float32(vectors: Any) -> npt.NDArray[np.float32]:
  """An array of float32: the argument itself where it is one. TypeError for what holds no real numbers,
  InvalidArgumentError for rows of unequal length, InvalidVectorError for a number that does not fit."""
  if type(vectors) is ndarray and vectors.dtype is FLOAT32:
    return vectors
  try:
    array = np.asarray(vectors)
  except ValueError as error:
    raise InvalidArgumentError(f"vectors must be numbers in rows of equal length: {error}") from None
  if array.dtype == FLOAT32:
    # Equal is not identical: an array of big-endian float32 is not equal and is converted below.
    return array
  if array.dtype.kind not in "fiu":
    raise TypeError(f"vectors must be real numbers, not an array of {array.dtype}")
  with np.errstate(over="ignore"):
    converted = array.astype(FLOAT32)
  overflowed = np.isinf(converted)
  if overflowed.any():
    overflowed &= np.isfinite(array)
    if overflowed.any():
      where = tuple(int(axis[0]) for axis in np.nonzero(overflowed))
      position = ", ".join(map(str, where))
      raise InvalidVectorError(
        f"element [{position}] of the vectors is {array[where]!s}, which does not fit into float32",
        details={"index": where[0]} if len(where) == 2 else None,
      )
  return converted
