"""Turns a failed status of the C interface into the exception that fits."""

from __future__ import annotations

from typing import Any, Callable, NoReturn, Optional

from . import errors
from ._library import library
from ._room import Text


def _concrete(kind: type[errors.VectorDBError]) -> list[type[errors.VectorDBError]]:
  found = [kind]
  for child in kind.__subclasses__():
    found += _concrete(child)
  return found


_CLASSES = {kind.status: kind for kind in reversed(_concrete(errors.VectorDBError)) if "status" in vars(kind)}

# Statuses that a later library may add still get the class of their family.
_FAMILIES: dict[int, type[errors.VectorDBError]] = {
  1: errors.InvalidArgumentError,
  2: errors.StateError,
  3: errors.CallEndedError,
  4: errors.BackendError,
  5: errors.SystemFailure,
}


def class_of(status: int) -> type[errors.VectorDBError]:
  """The exception class of a status."""
  return _CLASSES.get(status) or _FAMILIES.get(-status // 100, errors.VectorDBError)


def failure(status: int, extra: Optional[dict[str, Any]] = None) -> errors.VectorDBError:
  """The exception for the call that just failed in this thread. `extra` joins what the library tells about it."""
  details = _last_error()
  message = details.get("message") or f"the call failed with status {status}"
  if extra:
    details.update(extra)
  return class_of(status)(message, status=status, details=details)


def fail(status: int) -> NoReturn:
  """Raises the exception for the call that just failed in this thread."""
  raise failure(status)


def check(status: int) -> None:
  """Raises unless the call went well."""
  if status:
    fail(status)


def succeed(call: Callable[..., int], *arguments: Any) -> None:
  """Calls a function of C that answers nothing but its status; raises unless it went well."""
  check(call(*arguments))


def _last_error() -> dict[str, Any]:
  text = Text()
  if text.read(library.vdb_last_error_json) or not text.value:
    lent = library.vdb_last_error_message()
    return {"message": lent.decode("utf-8", "replace")} if lent else {}
  details = text.decoded()
  return details if isinstance(details, dict) else {}
