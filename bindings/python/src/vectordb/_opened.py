"""What every open database has, whether its calls are waited for or awaited, and how one is opened."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from ctypes import byref
from typing import Any, Callable, Optional, TypeVar

from . import _calls as calls
from ._failures import check
from ._library import library
from ._metadata import convert
from ._observing import Observing
from ._options import call_options
from ._room import Room, closed_by
from ._text import encode
from .cancel import CancelToken
from .errors import InvalidOptionError, InvalidTextError

_Self = TypeVar("_Self", bound="Opened")


class _Room(Room):
  __del__ = closed_by(library.vdb_database_close)


class Opened(Observing):
  """A database under a name, and how its calls are run."""

  __slots__ = ("_backend", "_name", "_namespace", "_run")

  def __init__(self, room: Room, run: calls.Runner, name: str, backend: str, namespace: Optional[str] = None):
    super().__init__(room)
    self._run, self._name, self._backend, self._namespace = run, name, backend, namespace

  @property
  def name(self) -> str:
    """The name it was opened by."""
    return self._name

  @property
  def backend(self) -> str:
    """The word of its backend, such as "memory"."""
    return self._backend

  def namespace(self: _Self, name: str) -> _Self:
    """A view of one namespace: cheap, closed on its own, alive without the database it came from. "" is the default."""
    text = encode(name, "namespace")
    room = _Room()
    check(library.vdb_database_namespace(self._handle, text, len(text), byref(room)))
    return type(self)(room, self._run, self._name, self._backend, name)

  def __repr__(self) -> str:
    view = "" if self._namespace is None else f" namespace={self._namespace!r}"
    kind = f"{type(self).__module__.replace('.database', '')}.{type(self).__name__}"
    return f"<{kind} {self._name!r} backend={self._backend!r}{view}{' closed' if self.closed else ''}>"


def opening(name: str, backend: str, cancel: Optional[CancelToken], options: Mapping[str, Any]) -> tuple[Any, ...]:
  """What a runner needs to open a database: how to finish the call, the call, and its arguments."""
  text = encode(name, "name")
  given = {"backend": backend, **{key: value for key, value in options.items() if value is not None}}
  try:
    encoded = _ENCODER.encode(given).encode()
  except UnicodeEncodeError:
    raise InvalidTextError("an option holds a lone surrogate and cannot be written in UTF-8") from None
  except (ValueError, RecursionError) as error:
    raise InvalidOptionError(f"the options cannot be written as JSON: {error}") from None
  return _take, calls.OPEN, text, len(text), encoded, len(encoded), call_options(None, cancel)


def _take(call: Callable[..., int], *arguments: Any) -> Room:
  room = _Room()
  check(call(*arguments, byref(room)))
  return room


def _convert_option(value: Any) -> Any:
  return os.fspath(value) if isinstance(value, os.PathLike) else convert(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_convert_option)
