"""The half of a database that searches and reads it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Mapping
from ctypes import byref
from typing import Any, Callable, Literal, Optional, Union, overload

from . import _calls as calls
from . import _results as results
from ._failures import check
from ._handle import Handle
from ._options import Filter, call_options, encode_filter, include_flags, page_options, search_options
from ._prototypes import VDB_EXACT, VDB_PROBE
from ._text import PackedStrings, encode, json_of
from ._vectors import Rows, as_float32, query_bytes
from .cancel import CancelToken
from .info import AnswerInfo
from .match import Match, Record


def _number(call: Callable[..., int], *arguments: Any) -> int:
  """What a function of C counts, whose last two outputs come after `arguments`."""
  number = ctypes.c_uint64()
  check(call(*arguments, byref(number), None))
  return number.value


_names: Callable[..., list[str]] = json_of
_document: Callable[..., dict[str, Any]] = json_of


class Reading(Handle):
  """Methods that read. Searches take, beside the query:

    top_k                    neighbours; more than there are gives what there is
    filter                   a dict (docs/filters.md)
    exact                    true for exact neighbours, whatever index exists
    ef                       size of the candidate list of an approximate index
    max_distance, min_score  drop hits beyond
    timeout                  in seconds, infinity = none
    cancel                   a CancelToken
    extra                    options of one backend alone
    info                     an AnswerInfo, filled with how the answer was made

  Hits come sorted by (distance, id bytes).
  """

  __slots__ = ()
  _run: calls.Runner

  def search(
    self,
    vector: Any,
    top_k: int = 10,
    filter: Optional[Filter] = None,
    include_vectors: bool = False,
    include_metadata: bool = True,
    exact: Optional[bool] = None,
    ef: Optional[int] = None,
    timeout: Optional[float] = None,
    *,
    max_distance: Optional[float] = None,
    min_score: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
    info: Optional[AnswerInfo] = None,
  ) -> list[Match]:
    """The nearest records of one vector."""
    query = query_bytes(vector)
    flags = include_flags(include_metadata, include_vectors) | (VDB_EXACT if exact else 0)
    options = search_options(top_k, flags, ef, filter, max_distance, min_score, timeout, cancel, extra)
    return self._run(results.matches, calls.SEARCH, self._handle, query, len(query) // 4, options, info=info)

  def search_batch(
    self,
    vectors: Any,
    top_k: int = 10,
    filter: Optional[Filter] = None,
    include_vectors: bool = False,
    include_metadata: bool = True,
    exact: Optional[bool] = None,
    ef: Optional[int] = None,
    timeout: Optional[float] = None,
    *,
    max_distance: Optional[float] = None,
    min_score: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
    info: Optional[AnswerInfo] = None,
  ) -> list[list[Match]]:
    """The nearest records of each of many vectors: one pass over the data, several times faster than one by one."""
    rows = Rows(vectors, self._handle)
    flags = include_flags(include_metadata, include_vectors) | (VDB_EXACT if exact else 0)
    options = search_options(top_k, flags, ef, filter, max_distance, min_score, timeout, cancel, extra)
    return self._run(results.match_lists, calls.SEARCH_BATCH, self._handle, byref(rows), options, info=info)

  @overload
  def search_arrays(
    self,
    vectors: Any,
    top_k: int = ...,
    filter: Optional[Filter] = ...,
    exact: Optional[bool] = ...,
    ef: Optional[int] = ...,
    timeout: Optional[float] = ...,
    *,
    include_distances: Literal[False] = ...,
    max_distance: Optional[float] = ...,
    min_score: Optional[float] = ...,
    cancel: Optional[CancelToken] = ...,
    extra: Optional[Mapping[str, Any]] = ...,
    info: Optional[AnswerInfo] = ...,
  ) -> tuple[results.Objects, results.Floats]: ...

  @overload
  def search_arrays(
    self,
    vectors: Any,
    top_k: int = ...,
    filter: Optional[Filter] = ...,
    exact: Optional[bool] = ...,
    ef: Optional[int] = ...,
    timeout: Optional[float] = ...,
    *,
    include_distances: Literal[True],
    max_distance: Optional[float] = ...,
    min_score: Optional[float] = ...,
    cancel: Optional[CancelToken] = ...,
    extra: Optional[Mapping[str, Any]] = ...,
    info: Optional[AnswerInfo] = ...,
  ) -> tuple[results.Objects, results.Floats, results.Floats]: ...

  def search_arrays(
    self,
    vectors: Any,
    top_k: int = 10,
    filter: Optional[Filter] = None,
    exact: Optional[bool] = None,
    ef: Optional[int] = None,
    timeout: Optional[float] = None,
    *,
    include_distances: bool = False,
    max_distance: Optional[float] = None,
    min_score: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
    info: Optional[AnswerInfo] = None,
  ) -> Union[tuple[results.Objects, results.Floats], tuple[results.Objects, results.Floats, results.Floats]]:
    """Ids and scores as arrays of shape (q, k), the fastest way to search; with `include_distances` distances too.

    One vector of shape (dimensions,) gives arrays of shape (k,). k is the most hits any query has; a query with fewer
    (a filter, a small database) is filled up with None and NaN.
    """
    flags = VDB_EXACT if exact else 0
    options = search_options(top_k, flags, ef, filter, max_distance, min_score, timeout, cancel, extra)
    array = as_float32(vectors)
    finish = results.arrays[array.ndim == 1, include_distances]
    if array.ndim == 1 or (array.ndim == 2 and array.shape[0] == 1):
      query = array.tobytes()
      return self._run(finish, calls.SEARCH, self._handle, query, len(query) // 4, options, info=info)
    rows = Rows(array, self._handle)
    return self._run(finish, calls.SEARCH_BATCH, self._handle, byref(rows), options, info=info)

  def search_by_id(
    self,
    id: str,
    top_k: int = 10,
    filter: Optional[Filter] = None,
    include_vectors: bool = False,
    include_metadata: bool = True,
    exact: Optional[bool] = None,
    ef: Optional[int] = None,
    timeout: Optional[float] = None,
    *,
    max_distance: Optional[float] = None,
    min_score: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
    info: Optional[AnswerInfo] = None,
  ) -> list[Match]:
    """The nearest records of a stored record, without itself. NotFoundError when there is no such record."""
    text = encode(id, "id")
    flags = include_flags(include_metadata, include_vectors) | (VDB_EXACT if exact else 0)
    options = search_options(top_k, flags, ef, filter, max_distance, min_score, timeout, cancel, extra)
    return self._run(results.matches, calls.SEARCH_BY_ID, self._handle, text, len(text), options, info=info)

  def get(
    self,
    id: str,
    include_vectors: bool = True,
    include_metadata: bool = True,
    *,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    info: Optional[AnswerInfo] = None,
  ) -> Optional[Record]:
    """The record of an id, None when there is none."""
    if not isinstance(id, str):
      raise TypeError(f"id must be a str, not {type(id).__name__}")
    packed = PackedStrings([id])
    options = call_options(timeout, cancel, None, include_flags(include_metadata, include_vectors))
    return self._run(results.record, calls.GET, self._handle, byref(packed), options, info=info)

  def get_many(
    self,
    ids: Iterable[str],
    include_vectors: bool = True,
    include_metadata: bool = True,
    *,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
    info: Optional[AnswerInfo] = None,
  ) -> list[Optional[Record]]:
    """Records by id in the order asked, None for each that does not exist."""
    packed = PackedStrings(ids)
    options = call_options(timeout, cancel, extra, include_flags(include_metadata, include_vectors))
    return self._run(results.records, calls.GET, self._handle, byref(packed), options, info=info)

  def iterate(
    self,
    batch_size: int = 1000,
    filter: Optional[Filter] = None,
    include_vectors: bool = False,
    include_metadata: bool = True,
    *,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
  ) -> Iterator[Record]:
    """Every record of this namespace, fetched `batch_size` at a time, in no promised order.

    A record that is there all the time is seen at least once; `timeout` bounds each fetch.
    """
    flags = include_flags(include_metadata, include_vectors)
    token = b""
    while True:
      options = page_options(batch_size, token, flags, filter, timeout, cancel, extra)
      rows, token = self._run(results.page, calls.PAGE, self._handle, options)
      yield from rows
      if not token:
        return

  def count(
    self,
    filter: Optional[Filter] = None,
    *,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
  ) -> int:
    """Number of records in this namespace, or of those that match a filter. An estimate on some remote backends."""
    text = encode_filter(filter)
    length = 0 if text is None else len(text)
    return self._run(_number, calls.COUNT, self._handle, text, length, call_options(timeout, cancel, extra))

  def collections(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> list[str]:
    """Names of the collections the backend holds. A memory database knows its own only."""
    return self._run(_names, calls.COLLECTIONS, self._handle, call_options(timeout, cancel))

  def namespaces(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> list[str]:
    """Names of the namespaces that hold records, sorted by bytes; "" is the default one."""
    return self._run(_names, calls.NAMESPACES, self._handle, call_options(timeout, cancel))

  def health(
    self, probe: bool = False, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None
  ) -> dict[str, Any]:
    """`status` ("ok", "degraded", "down", "unknown"), `circuit_breaker`, `cache`, ... `probe` asks the backend; without it
    the network is not touched."""
    options = call_options(timeout, cancel, None, VDB_PROBE if probe else 0)
    if not probe:
      # Not behind calls that hang.
      return _document(calls.HEALTH.now, self._handle, options)
    return self._run(_document, calls.HEALTH, self._handle, options)
