"""Text between Python and C: UTF-8 with a length, and strings packed into one buffer."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import Any, Callable, Optional

import numpy as np
import numpy.typing as npt

from . import _prototypes as c
from ._failures import check
from ._room import Text
from .errors import InvalidTextError


def encode(text: str, what: str) -> bytes:
  """UTF-8 of a text. TypeError for anything but a str, InvalidTextError for a lone surrogate; both name `what`."""
  if not isinstance(text, str):
    raise TypeError(f"{what} must be a str, not {type(text).__name__}")
  try:
    return text.encode()
  except UnicodeEncodeError:
    raise InvalidTextError(f"{what} {ascii(text)} holds a lone surrogate and cannot be written in UTF-8") from None


def address_of(text: bytes) -> Optional[int]:
  """Where bytes begin. Valid as long as the bytes live."""
  return ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value


class PackedStrings:
  """Ids as the C interface takes them: one buffer and the offsets that divide it. Keeps both alive."""

  __slots__ = ("_bytes", "_offsets", "count", "struct")

  def __init__(self, ids: Iterable[str]):
    """O(total length). TypeError and InvalidTextError name the position of the id to blame."""
    if isinstance(ids, (str, bytes)):
      raise TypeError(f"ids must be a list of str, not one {type(ids).__name__}: put it into a list")
    # A copy: it is read more than once, and another thread may change the caller's list meanwhile.
    texts = list(ids)
    self.count = len(texts)
    self._bytes, lengths = _pack(texts)
    offsets = np.zeros(self.count + 1, np.uint64)
    np.cumsum(lengths, out=offsets[1:])
    self._offsets = offsets
    self.struct = c.vdb_strings(*c.vdb_strings.INIT)
    self.struct.bytes = address_of(self._bytes)
    self.struct.offsets = offsets.ctypes.data
    self.struct.count = self.count


def _pack(texts: list[str]) -> tuple[bytes, npt.NDArray[np.uint64]]:
  try:
    joined = "".join(texts)
    packed = joined.encode()
    if len(packed) == len(joined):
      return packed, np.fromiter(map(len, texts), np.uint64, len(texts))
    parts = [text.encode() for text in texts]
  except (TypeError, UnicodeEncodeError):
    # Slow path, once: find out which one it was.
    parts = [encode(text, f"id {position}") for position, text in enumerate(texts)]
    packed = b"".join(parts)
  return packed, np.fromiter(map(len, parts), np.uint64, len(parts))


def json_of(call: Callable[..., int], *arguments: Any) -> Any:
  """What a `_json` function of the C interface answers, decoded. Its two outputs come after `arguments`."""
  text = Text()
  check(text.read(call, *arguments))
  return text.decoded()
