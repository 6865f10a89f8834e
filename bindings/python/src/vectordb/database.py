"""Opening databases, and the class they are."""

from __future__ import annotations

import json
import os
from ctypes import byref
from typing import Any, Optional

from ._failures import check
from ._library import library
from ._metadata import convert
from ._observing import Observing
from ._options import call_options
from ._reading import Reading
from ._room import Room, closed_by
from ._text import encode
from ._writing import Writing
from .cancel import CancelToken
from .errors import InvalidOptionError, InvalidTextError


class _Room(Room):
  __del__ = closed_by(library.vdb_database_close)


class Database(Writing, Reading, Observing):
  """An open database, or a view of one of its namespaces. Made by `vectordb.create`; any thread may use it at any time.

  Closed by `close`, at the end of a `with` block, or when nobody holds it any more. In a forked child a memory database
  goes on as a copy.
  """

  __slots__ = ("_backend", "_name", "_namespace")

  def __init__(self, room: Room, name: str, backend: str, namespace: Optional[str] = None):
    super().__init__(room)
    self._name, self._backend, self._namespace = name, backend, namespace

  @property
  def name(self) -> str:
    """The name it was opened by."""
    return self._name

  @property
  def backend(self) -> str:
    """The word of its backend, such as "memory"."""
    return self._backend

  def namespace(self, name: str) -> Database:
    """A view of one namespace: cheap, closed on its own, alive without the database it came from. "" is the default."""
    text = encode(name, "namespace")
    room = _Room()
    check(library.vdb_database_namespace(self._handle, text, len(text), byref(room)))
    return Database(room, self._name, self._backend, name)

  def __repr__(self) -> str:
    view = "" if self._namespace is None else f" namespace={self._namespace!r}"
    return f"<vectordb.Database {self._name!r} backend={self._backend!r}{view}{' closed' if self.closed else ''}>"


def create(
  name: str,
  backend: str = "memory",
  *,
  cancel: Optional[CancelToken] = None,
  **options: Any,
) -> Database:
  """Opens the database `name`, creating it when it is absent (option `mode`: "create_or_open", "open", "create").

  Options are those of docs/options.md, such as `dimensions=384`, `metric="cosine"`; None counts as not given, paths are
  taken as text. `timeout` among them bounds every later call that gives none itself. InvalidOptionError for an unknown
  option, naming the nearest known; UnsupportedError for a backend that this build does not hold.
  """
  text = encode(name, "name")
  given = {"backend": backend, **{key: value for key, value in options.items() if value is not None}}
  try:
    encoded = _ENCODER.encode(given).encode()
  except UnicodeEncodeError:
    raise InvalidTextError("an option holds a lone surrogate and cannot be written in UTF-8") from None
  except (ValueError, RecursionError) as error:
    raise InvalidOptionError(f"the options cannot be written as JSON: {error}") from None
  room = _Room()
  check(library.vdb_database_open(text, len(text), encoded, len(encoded), call_options(None, cancel), byref(room)))
  return Database(room, name, backend)


def _convert_option(value: Any) -> Any:
  return os.fspath(value) if isinstance(value, os.PathLike) else convert(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_convert_option)
