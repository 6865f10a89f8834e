"""Room for what a call hands over: made before the call, so that nothing is lost whatever interrupts the code after it.

A signal handler may raise between any two steps of Python, also between the return of a C function and the use of its
answer, and on the first step of a `__del__` written in Python. So each room is freed by C code alone: its `__del__` is
the closing function of the library itself, bound to the room without a step of Python.
"""

from __future__ import annotations

import ctypes
import json
from ctypes import byref
from functools import partial
from types import MethodType
from typing import Any, Callable, Optional

from ._library import library


def closed_by(function: Callable[..., Any]) -> Any:
  """A `__del__` for a Room that calls a C function with what is in the room; NULL, when nothing came, is fine."""
  return property(partial(MethodType, function))


class Room(ctypes.Structure):
  """Holds one pointer or handle; C writes it through `byref(room)`. May be passed to C itself in the handle's place."""

  _fields_ = [("_as_parameter_", ctypes.c_void_p)]

  _as_parameter_: Optional[int]

  @property
  def value(self) -> int:
    """What is in it, 0 for nothing."""
    return self._as_parameter_ or 0


class Text(Room):
  """A text that the library allocated, and its length."""

  _fields_ = [("length", ctypes.c_size_t)]

  length: int
  __del__ = closed_by(library.vdb_string_free)

  def read(self, call: Callable[..., int], *arguments: Any) -> int:
    """The status of a `_json` function, whose two outputs come after `arguments` and go into this room."""
    return call(*arguments, byref(self), byref(self, Text.length.offset))  # type: ignore[attr-defined]

  def decoded(self) -> Any:
    """The JSON in it."""
    return json.loads(ctypes.string_at(self.value, self.length))
