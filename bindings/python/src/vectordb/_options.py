"""Options of a call: from keyword arguments to the structs of the C interface.

The options of an ordinary search depend on few values and are made once: the library only reads them, so all threads
share them. Whatever is passed to C holds what it points to.
"""

from __future__ import annotations

import ctypes
import json
import math
import operator
from collections.abc import Mapping
from typing import Any, Optional

from . import _prototypes as c
from ._metadata import convert
from ._prototypes import VDB_INCLUDE_METADATA, VDB_INCLUDE_VECTORS
from ._text import address_of
from .cancel import CancelToken
from .errors import InvalidArgumentError, InvalidFilterError, InvalidKError, InvalidOptionError, InvalidTextError

Filter = Mapping[str, Any]
"""A filter such as {"year": {"$gte": 2020}, "lang": "en"}; {} matches everything."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=convert)
_MOST_SHARED = 256


class _CallOptions(c.vdb_call_options):
  keep: Any


class _SearchOptions(c.vdb_search_options):
  keep: Any


class _PageOptions(c.vdb_page_options):
  keep: Any


_shared: dict[tuple[int, int], int] = {}
_shared_structs: list[_SearchOptions] = []


def include_flags(metadata: bool, vectors: bool) -> int:
  """Flags that say which columns an answer holds."""
  return (VDB_INCLUDE_METADATA if metadata else 0) | (VDB_INCLUDE_VECTORS if vectors else 0)


def milliseconds(timeout: Optional[float]) -> int:
  """A timeout in seconds as the C interface takes it: None = the database's default, infinity = none; rounded up."""
  if timeout is None:
    return 0
  if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
    raise TypeError(f"timeout must be a number of seconds, not {type(timeout).__name__}")
  if not timeout > 0:
    raise InvalidArgumentError(f"timeout must be above 0 seconds, not {timeout!r}")
  return -1 if timeout > 1e15 else math.ceil(timeout * 1000)


def encode_filter(filter: Optional[Filter]) -> Optional[bytes]:
  """JSON of a filter, None for none. TypeError for what is no dict, InvalidFilterError for what JSON cannot say."""
  if filter is None:
    return None
  if not isinstance(filter, Mapping):
    raise TypeError(f"filter must be a dict, not {type(filter).__name__}")
  _check_keys(filter)
  try:
    return _ENCODER.encode(filter if isinstance(filter, dict) else dict(filter)).encode()
  except UnicodeEncodeError:
    raise InvalidTextError(f"the filter {ascii(filter)} holds a lone surrogate") from None
  except RecursionError:
    raise InvalidFilterError("the filter is nested too deeply") from None
  except ValueError as error:
    raise InvalidFilterError(f"the filter cannot be written as JSON: {error}") from None


def _check_keys(filter: Any) -> None:
  pending = [filter]
  seen = 0
  while pending:
    value = pending.pop()
    seen += 1
    if seen > 1_000_000:
      raise InvalidFilterError("the filter has more than 1000000 values")
    if isinstance(value, Mapping):
      for key in list(value):
        if not isinstance(key, str):
          raise TypeError(f"the filter's key {key!r} must be a str, not {type(key).__name__}")
      pending.extend(value.values())
    elif isinstance(value, (list, tuple)):
      pending.extend(value)


def encode_object(value: Mapping[str, Any], what: str) -> bytes:
  """JSON of an object of options. Values that are None count as not given."""
  if not isinstance(value, Mapping):
    raise TypeError(f"{what} must be a dict, not {type(value).__name__}")
  given = {key: part for key, part in value.items() if part is not None}
  try:
    return _ENCODER.encode(given).encode()
  except UnicodeEncodeError:
    raise InvalidTextError(f"{what} hold a lone surrogate") from None
  except (ValueError, RecursionError) as error:
    raise InvalidOptionError(f"{what} cannot be written as JSON: {error}") from None


def call_options(
  timeout: Optional[float], cancel: Optional[CancelToken], extra: Optional[Mapping[str, Any]] = None, flags: int = 0
) -> Any:
  """What to pass as `vdb_call_options`; None when everything has its default."""
  if timeout is None and cancel is None and extra is None and flags == 0:
    return None
  options = _CallOptions(*c.vdb_call_options.INIT)
  options.flags = flags
  options.keep = _fill_common(options, timeout, cancel, extra)
  return ctypes.byref(options)


def search_options(
  k: int,
  flags: int,
  ef: Optional[int],
  filter: Optional[Filter],
  max_distance: Optional[float],
  min_score: Optional[float],
  timeout: Optional[float],
  cancel: Optional[CancelToken],
  extra: Optional[Mapping[str, Any]],
) -> Any:
  """What to pass as `vdb_search_options`."""
  if (
    filter is not None
    or timeout is not None
    or cancel is not None
    or ef is not None
    or max_distance is not None
    or min_score is not None
    or extra is not None
  ):
    return ctypes.byref(_search_options(k, flags, ef, filter, max_distance, min_score, timeout, cancel, extra))
  if type(k) is int:
    address = _shared.get((k, flags))
    if address is not None:
      return address
  options = _search_options(k, flags, None, None, None, None, None, None, None)
  if len(_shared_structs) < _MOST_SHARED and type(k) is int:
    # Never taken out again: another thread may be reading it.
    _shared_structs.append(options)
    _shared[(k, flags)] = ctypes.addressof(options)
  return ctypes.byref(options)


def _search_options(
  k: int,
  flags: int,
  ef: Optional[int],
  filter: Optional[Filter],
  max_distance: Optional[float],
  min_score: Optional[float],
  timeout: Optional[float],
  cancel: Optional[CancelToken],
  extra: Optional[Mapping[str, Any]],
) -> _SearchOptions:
  options = _SearchOptions(*c.vdb_search_options.INIT)
  options.k = _bounded(k, 64, "top_k", InvalidKError)
  if ef is not None:
    options.ef = _bounded(ef, 32, "ef", InvalidArgumentError)
  if max_distance is not None:
    options.max_distance = max_distance
    flags |= c.VDB_HAS_MAX_DISTANCE
  if min_score is not None:
    options.min_score = min_score
    flags |= c.VDB_HAS_MIN_SCORE
  options.flags = flags
  options.keep = _fill_common(options, timeout, cancel, extra), _fill_filter(options, filter)
  return options


def page_options(
  limit: int,
  token: bytes,
  flags: int,
  filter: Optional[Filter],
  timeout: Optional[float],
  cancel: Optional[CancelToken],
  extra: Optional[Mapping[str, Any]],
) -> Any:
  """What to pass as `vdb_page_options`."""
  options = _PageOptions(*c.vdb_page_options.INIT)
  options.flags = flags
  options.limit = _bounded(limit, 64, "batch_size", InvalidArgumentError)
  options.token, options.token_length = address_of(token), len(token)
  options.keep = token, _fill_common(options, timeout, cancel, extra), _fill_filter(options, filter)
  return ctypes.byref(options)


def _fill_common(
  options: Any, timeout: Optional[float], cancel: Optional[CancelToken], extra: Optional[Mapping[str, Any]]
) -> Any:
  options.timeout_ms = milliseconds(timeout)
  if cancel is not None:
    if not isinstance(cancel, CancelToken):
      raise TypeError(f"cancel must be a vectordb.CancelToken, not {type(cancel).__name__}")
    options.cancel = cancel._handle
  if extra is None:
    return cancel
  text = encode_object(extra, "the extra options")
  options.extra_json, options.extra_json_length = address_of(text), len(text)
  return cancel, text


def _fill_filter(options: Any, filter: Optional[Filter]) -> Any:
  text = encode_filter(filter)
  if text is not None:
    options.filter, options.filter_length = address_of(text), len(text)
  return text


def _bounded(value: int, bits: int, what: str, error: type[InvalidArgumentError]) -> int:
  """`value`, which must fit into an unsigned field of the C interface: ctypes would cut it silently."""
  try:
    number = operator.index(value)
  except TypeError:
    raise TypeError(f"{what} must be an int, not {type(value).__name__}") from None
  if not 0 <= number < 1 << bits:
    raise error(f"{what} must be between 1 and 2**{bits} - 1, not {number}")
  return number
