"""What reads answer: records, and matches with their score."""

from __future__ import annotations

import json
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt


# Without the wrapper that guesses the encoding of bytes: it takes as long as decoding.
_decode = json.JSONDecoder().decode


class Record:
  """A stored record: `id`, `metadata`, `vector`."""

  __slots__ = ("_metadata", "id", "vector")

  def __init__(
    self,
    id: str,
    metadata: Union[dict[str, Any], bytes, None] = None,
    vector: Optional[npt.NDArray[np.float32]] = None,
  ):
    self.id = id
    self._metadata = metadata
    self.vector = vector
    """The vector as it was written, float32; None when it was not asked for."""

  @property
  def metadata(self) -> Optional[dict[str, Any]]:
    """The metadata, decoded on first access; None when it was not asked for, {} when the record has none."""
    metadata = self._metadata
    if isinstance(metadata, bytes):
      metadata = self._metadata = _decode(metadata.decode()) if metadata else {}
    return metadata

  def __repr__(self) -> str:
    return f"{type(self).__name__}(id={self.id!r}, metadata={self.metadata!r})"


class Match(Record):
  """A record that a search found, with its `score` (larger is closer) and `distance` (smaller is closer)."""

  __slots__ = ("distance", "score")

  def __init__(
    self,
    id: str,
    score: float,
    distance: float,
    metadata: Union[dict[str, Any], bytes, None] = None,
    vector: Optional[npt.NDArray[np.float32]] = None,
  ):
    # Not through the base class: a search makes many of these.
    self.id = id
    self.score = score
    self.distance = distance
    self._metadata = metadata
    self.vector = vector

  def __repr__(self) -> str:
    return f"Match(id={self.id!r}, score={self.score:.6g}, distance={self.distance:.6g}, metadata={self.metadata!r})"
