"""The half of a database that searches and reads it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Mapping
from ctypes import byref
from typing import Any, Literal, Optional, Union, overload

from . import _prototypes as c
from . import _results as results
from ._failures import check
from ._handle import Handle
from ._library import library
from ._options import Filter, call_options, encode_filter, include_flags, page_options, search_options
from ._text import PackedStrings, encode, json_of
from ._vectors import Rows, as_float32, query_bytes
from .cancel import CancelToken
from .info import AnswerInfo
from .match import Match, Record

_search = library.vdb_database_search
_search_batch = library.vdb_database_search_batch


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
    flags = include_flags(include_metadata, include_vectors) | (c.VDB_EXACT if exact else 0)
    options = search_options(top_k, flags, ef, filter, max_distance, min_score, timeout, cancel, extra)
    return results.read(results.matches, _search, self._handle, query, len(query) // 4, options, info=info)

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
    flags = include_flags(include_metadata, include_vectors) | (c.VDB_EXACT if exact else 0)
    options = search_options(top_k, flags, ef, filter, max_distance, min_score, timeout, cancel, extra)
    return results.read(results.match_lists, _search_batch, self._handle, byref(rows.struct), options, info=info)

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
    flags = c.VDB_EXACT if exact else 0
    options = search_options(top_k, flags, ef, filter, max_distance, min_score, timeout, cancel, extra)
    array = as_float32(vectors)
    if array.ndim == 1 or (array.ndim == 2 and array.shape[0] == 1):
      query, collect = array.tobytes(), results.row_arrays if array.ndim == 1 else results.arrays
      answer = results.read(collect, _search, self._handle, query, len(query) // 4, options, info=info)
    else:
      rows = Rows(array, self._handle)
      answer = results.read(results.arrays, _search_batch, self._handle, byref(rows.struct), options, info=info)
    return answer if include_distances else answer[:2]

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
    flags = include_flags(include_metadata, include_vectors) | (c.VDB_EXACT if exact else 0)
    options = search_options(top_k, flags, ef, filter, max_distance, min_score, timeout, cancel, extra)
    call = library.vdb_database_search_by_id
    return results.read(results.matches, call, self._handle, text, len(text), options, info=info)

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
    return self.get_many([id], include_vectors, include_metadata, timeout=timeout, cancel=cancel, info=info)[0]

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
    call = library.vdb_database_get
    return results.read(results.records, call, self._handle, byref(packed.struct), options, info=info)

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
      rows, token = results.read(results.page, library.vdb_database_page, self._handle, options)
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
    number = ctypes.c_uint64()
    options = call_options(timeout, cancel, extra)
    check(library.vdb_database_count(self._handle, text, length, options, byref(number), None))
    return number.value

  def collections(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> list[str]:
    """Names of the collections the backend holds. A memory database knows its own only."""
    answer: list[str] = json_of(library.vdb_database_collections_json, self._handle, call_options(timeout, cancel))
    return answer

  def namespaces(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> list[str]:
    """Names of the namespaces that hold records, sorted by bytes; "" is the default one."""
    answer: list[str] = json_of(library.vdb_database_namespaces_json, self._handle, call_options(timeout, cancel))
    return answer
