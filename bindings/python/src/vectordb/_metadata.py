"""Metadata on its way to C: dictionaries become one JSON array; what JSON does not know is converted or named."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from typing import Any, Optional

import numpy as np

from .errors import InvalidMetadataError, InvalidTextError

Metadata = Mapping[str, Any]
"""What a record may carry: str, bool, int, float, list of str; numpy scalars and dates are converted."""


def encode_metadata(rows: Iterable[Optional[Metadata]]) -> bytes:
  """A JSON array with an object or null for each row.

  numpy scalars become plain ones, datetimes and dates ISO 8601 text. TypeError names the key of a value of any other
  type; InvalidMetadataError that of NaN, infinity, and text that UTF-8 cannot hold.
  """
  if isinstance(rows, (str, bytes, Mapping)):
    raise TypeError(f"metadata must be a list with a dict or None for each record, not one {type(rows).__name__}")
  # A copy: it is read more than once, and another thread may change the caller's list meanwhile.
  records = list(rows)
  if not set(map(type, records)) <= _PLAIN_ROWS:
    records = [_plain(row, position) for position, row in enumerate(records)]
  # JSON would turn the keys 1 and None into text silently.
  if set(map(type, set().union(*filter(None, records)))) <= _PLAIN_KEYS:
    try:
      return _encode(records)
    except (TypeError, ValueError, RecursionError):
      pass
  return _explain(records)


def _encode(records: list[Any]) -> bytes:
  """Some records at a time: the many small texts that their JSON is joined from stay within the caches of the processor."""
  slices = (records[start : start + 1000] for start in range(0, len(records), 1000))
  return b"[" + b",".join([_encoder.encode(each)[1:-1].encode() for each in slices]) + b"]"


def _plain(row: Any, position: int) -> Any:
  if row is None or isinstance(row, dict):
    return row
  if isinstance(row, Mapping):
    return dict(row)
  raise TypeError(f"metadata of record {position} must be a dict or None, not {type(row).__name__}")


def convert(value: Any) -> Any:
  """What JSON is to write for a value it does not know. TypeError, without a place, for what cannot be converted."""
  if isinstance(value, (np.bool_, np.integer, np.floating)):
    return value.item()
  if isinstance(value, (datetime.datetime, datetime.date)):
    return value.isoformat()
  if isinstance(value, np.datetime64) and not np.isnat(value):
    return str(value)
  if isinstance(value, np.ndarray) and value.ndim == 1:
    return value.tolist()
  raise TypeError(f"a {type(value).__name__} cannot be stored as metadata")


def _explain(records: list[Any]) -> bytes:
  """Encodes value by value, so that the one that cannot be encoded is named."""
  parts = []
  for position, record in enumerate(records):
    if record is None:
      parts.append(b"null")
      continue
    members = []
    for key, value in record.items():
      if not isinstance(key, str):
        raise TypeError(f"metadata of record {position}: the key {key!r} must be a str, not {type(key).__name__}")
      members.append(_member(position, key, value))
    parts.append(b"{" + b",".join(members) + b"}")
  return b"[" + b",".join(parts) + b"]"


def _member(position: int, key: str, value: Any) -> bytes:
  place = f"metadata of record {position}, key {ascii(key)}"
  try:
    return _encoder.encode(key).encode() + b":" + _encoder.encode(value).encode()
  except TypeError as error:
    raise TypeError(f"{place}: {error}; use str, bool, int, float, a list of str, or a date") from None
  except UnicodeEncodeError:
    raise InvalidTextError(
      f"{place}: the text holds a lone surrogate and cannot be written in UTF-8", details={"index": position}
    ) from None
  except (ValueError, RecursionError) as error:
    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    raise InvalidMetadataError(f"{place}: {reason}", details={"index": position}) from None


_PLAIN_ROWS = {dict, type(None)}
_PLAIN_KEYS = {str}
# Remembering every container on the way down, to tell one that holds itself, would take a sixth of the time: such a one ends in
# a RecursionError.
_encoder = json.JSONEncoder(
  ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=convert, check_circular=False
)
