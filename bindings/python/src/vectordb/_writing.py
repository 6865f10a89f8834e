"""The half of a database that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ctypes import byref
from typing import Any, Optional, Union

from . import _prototypes as c
from ._failures import check
from ._handle import Handle
from ._library import library
from ._metadata import Metadata, encode_metadata
from ._options import Filter, call_options, encode_filter, encode_object
from ._text import PackedStrings
from ._vectors import Rows
from .cancel import CancelToken
from .report import WriteReport, write


class Writing(Handle):
  """Methods that write. Everywhere: `timeout` in seconds (infinity = none), `cancel` a CancelToken."""

  __slots__ = ()

  def add(
    self,
    id: str,
    vector: Any,
    metadata: Optional[Metadata] = None,
    *,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
  ) -> None:
    """Writes one record, replacing the one of that id."""
    self.upsert([id], [vector], None if metadata is None else [metadata], timeout=timeout, cancel=cancel)

  def upsert(
    self,
    ids: Iterable[str],
    vectors: Any,
    metadata: Optional[Iterable[Optional[Metadata]]] = None,
    *,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
  ) -> WriteReport:
    """Writes records, replacing those whose id exists.

    `vectors` is anything array-like of shape (n, dimensions), taken without a copy when it is float32. The batch is
    checked whole first: one bad item raises, names its index and changes nothing. A repeated id: the last wins.
    PartialFailure when items failed after the check.
    """
    packed, rows = PackedStrings(ids), Rows(vectors, self._handle)
    text = None if metadata is None else encode_metadata(metadata)
    return write(
      library.vdb_database_upsert,
      self._handle,
      byref(packed.struct),
      byref(rows.struct),
      text,
      0 if text is None else len(text),
      call_options(timeout, cancel, extra),
    )

  def update_metadata(
    self,
    id: Union[str, Iterable[str]],
    changes: Union[Metadata, Iterable[Metadata]],
    replace: bool = False,
    *,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
  ) -> WriteReport:
    """Merges changes into the metadata of a record, where None removes a key; `replace` sets it as a whole.

    Takes one id and one dict, or a list of each. NotFoundError for a missing id, which is never created.
    """
    if isinstance(id, str):
      packed = PackedStrings([id])
      text = encode_metadata([changes])  # type: ignore[list-item]
    else:
      packed = PackedStrings(id)
      text = encode_metadata(changes)  # type: ignore[arg-type]
    return write(
      library.vdb_database_update_metadata,
      self._handle,
      byref(packed.struct),
      text,
      len(text),
      call_options(timeout, cancel, extra, c.VDB_REPLACE if replace else 0),
    )

  def delete(
    self,
    ids: Union[str, Iterable[str], None] = None,
    *,
    filter: Optional[Filter] = None,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
  ) -> WriteReport:
    """Deletes records by id, or those that match a filter. Unknown ids are no error.

    `.deleted` of the report is how many there were. An empty filter is refused: use `clear`.
    """
    if (ids is None) == (filter is None):
      raise TypeError("delete takes either ids or filter")
    options = call_options(timeout, cancel, extra)
    if ids is None:
      text = encode_filter(filter) or b""
      return write(library.vdb_database_delete_where, self._handle, text, len(text), options)
    packed = PackedStrings([ids] if isinstance(ids, str) else ids)
    return write(library.vdb_database_delete, self._handle, byref(packed.struct), options)

  def clear(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> None:
    """Deletes every record of this namespace."""
    check(library.vdb_database_clear(self._handle, call_options(timeout, cancel)))

  def drop(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> None:
    """Deletes the collection itself, with all namespaces: every later call raises NotFoundError. Not from a view."""
    check(library.vdb_database_drop(self._handle, call_options(timeout, cancel)))

  def flush(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> None:
    """Returns when what was written is durable and visible, as far as the backend can promise."""
    check(library.vdb_database_flush(self._handle, call_options(timeout, cancel)))

  def create_index(
    self,
    index: Optional[str] = None,
    *,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    **parameters: Any,
  ) -> None:
    """Builds an index over what is stored; the same words as at opening. UnsupportedError where there is none."""
    given = {"index": index, **parameters}
    text = encode_object(given, "the index options") if any(v is not None for v in given.values()) else None
    length = 0 if text is None else len(text)
    check(library.vdb_database_create_index(self._handle, text, length, call_options(timeout, cancel)))
