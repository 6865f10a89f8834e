"""The half of a database that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ctypes import byref
from typing import Any, Callable, Optional, TypeVar, Union

from . import _calls as calls
from . import _prototypes as c
from ._failures import succeed
from ._handle import Handle
from ._metadata import Metadata, encode_metadata
from ._options import Filter, call_options, encode_filter, encode_object
from ._text import PackedStrings
from ._vectors import Rows
from .cancel import CancelToken
from .report import WriteReport, write, written

_Value = TypeVar("_Value")


class Writing(Handle):
  """Methods that write. Everywhere: `timeout` in seconds (infinity = none), `cancel` a CancelToken."""

  __slots__ = ()
  _run: calls.Runner

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
    return self._upsert(written, [id], [vector], None if metadata is None else [metadata], call_options(timeout, cancel))

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
    return self._upsert(write, ids, vectors, metadata, call_options(timeout, cancel, extra))

  def _upsert(
    self,
    finish: Callable[..., _Value],
    ids: Iterable[str],
    vectors: Any,
    metadata: Optional[Iterable[Optional[Metadata]]],
    options: Any,
  ) -> _Value:
    packed, rows = PackedStrings(ids), Rows(vectors, self._handle)
    text = None if metadata is None else encode_metadata(metadata)
    length = 0 if text is None else len(text)
    return self._run(
      finish, calls.UPSERT, self._handle, byref(packed), byref(rows), text, length, options
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
    options = call_options(timeout, cancel, extra, c.VDB_REPLACE if replace else 0)
    return self._run(write, calls.UPDATE_METADATA, self._handle, byref(packed), text, len(text), options)

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
      return self._run(write, calls.DELETE_WHERE, self._handle, text, len(text), options)
    packed = PackedStrings([ids] if isinstance(ids, str) else ids)
    return self._run(write, calls.DELETE, self._handle, byref(packed), options)

  def clear(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> None:
    """Deletes every record of this namespace."""
    return self._run(succeed, calls.CLEAR, self._handle, call_options(timeout, cancel))

  def drop(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> None:
    """Deletes the collection itself, with all namespaces: every later call raises NotFoundError. Not from a view."""
    return self._run(succeed, calls.DROP, self._handle, call_options(timeout, cancel))

  def flush(self, *, timeout: Optional[float] = None, cancel: Optional[CancelToken] = None) -> None:
    """Returns when what was written is durable and visible, as far as the backend can promise."""
    return self._run(succeed, calls.FLUSH, self._handle, call_options(timeout, cancel))

  def create_index(
    self,
    /,
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
    return self._run(succeed, calls.CREATE_INDEX, self._handle, text, length, call_options(timeout, cancel))
