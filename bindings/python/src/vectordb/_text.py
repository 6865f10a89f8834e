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


class PackedStrings(c.vdb_strings):
  """Ids as the C interface takes them: one buffer and the offsets that divide it. Keeps both alive."""

  keep: Any

  def __init__(self, ids: Iterable[str]):
    """O(total length). TypeError and InvalidTextError name the position of the id to blame."""
    if isinstance(ids, (str, bytes)):
      raise TypeError(f"ids must be a list of str, not one {type(ids).__name__}: put it into a list")
    # A copy: it is read more than once, and another thread may change the caller's list meanwhile.
    texts = list(ids)
    packed, lengths = _pack(texts)
    offsets = np.zeros(len(texts) + 1, np.uint64)
    np.cumsum(lengths, out=offsets[1:])
    super().__init__(*c.vdb_strings.INIT)
    self.bytes = address_of(packed)
    self.offsets = offsets.ctypes.data
    self.count = len(texts)
    self.keep = packed, offsets


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
