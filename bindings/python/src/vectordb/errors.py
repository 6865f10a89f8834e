"""Exceptions. Every failure of the library is a VectorDBError; each status has a class, each family of statuses a base.

  InvalidArgumentError (ValueError)   the call is wrong and will fail again unchanged
  StateError                          the state of the database refuses it
  CallEndedError                      the call was ended before it finished
  BackendError                        the backend or the way to it failed
  SystemFailure                       the machine or the library failed

A value of a type that cannot be meant (an integer as id, a set in metadata) is a plain TypeError, as elsewhere in
Python.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import Any, Optional

from . import _prototypes as c


class VectorDBError(Exception):
  """A call of the library failed. `str(error)` says in one line what, with which value, and what was expected.

  Attributes that are not known are None: a memory database has no `http_status`.
  """

  status: int = 0
  """The number in C, such as -301. Never reused."""

  def __init__(self, message: str = "", *, status: Optional[int] = None, details: Optional[dict[str, Any]] = None):
    super().__init__(message)
    if status is not None:
      self.status = status
    self.message: str = message
    self._details: dict[str, Any] = details or {}

  @property
  def code(self) -> str:
    """Name of the status in C, such as "VDB_E_TIMEOUT"."""
    return c.STATUS_NAMES.get(self.status, "VDB_E_UNKNOWN")

  @property
  def backend(self) -> Optional[str]:
    """The backend that was called."""
    return self._details.get("backend")

  @property
  def operation(self) -> Optional[str]:
    """The operation that failed, such as "upsert"."""
    return self._details.get("operation")

  @property
  def index(self) -> Optional[int]:
    """Position of the item of a batch that is to blame."""
    return self._details.get("index")

  @property
  def http_status(self) -> Optional[int]:
    """What a remote backend answered."""
    return self._details.get("http_status")

  @property
  def attempts(self) -> Optional[int]:
    """How often a request was sent."""
    return self._details.get("attempts")

  @property
  def retry_after(self) -> Optional[float]:
    """Seconds the backend asks to wait."""
    milliseconds = self._details.get("retry_after_ms")
    return None if milliseconds is None else milliseconds / 1000

  @property
  def request_id(self) -> Optional[str]:
    """The backend's own name for the request, for its support."""
    return self._details.get("request_id")

  @property
  def applied(self) -> Optional[str]:
    """Whether a failed write changed anything: "no", "unknown" or "partly"."""
    return self._details.get("applied")

  def __str__(self) -> str:
    # KeyError among the bases would print the repr.
    return self.message

  def __reduce__(self) -> tuple[Any, ...]:
    return _rebuild, (type(self), self.message, self.status, self._details)


def _rebuild(kind: type[VectorDBError], message: str, status: int, details: dict[str, Any]) -> VectorDBError:
  return kind(message, status=status, details=details)


class InvalidArgumentError(VectorDBError, ValueError):
  """An argument outside its documented range. Base of the family."""

  status = c.VDB_E_INVALID_ARGUMENT


class InvalidHandleError(InvalidArgumentError):
  """A handle that is none, or of another type."""

  status = c.VDB_E_INVALID_HANDLE


class ClosedError(InvalidArgumentError):
  """The database, view or token was closed before."""

  status = c.VDB_E_CLOSED


class InvalidIdError(InvalidArgumentError):
  """An id that is empty, longer than 512 bytes, or holds a NUL character."""

  status = c.VDB_E_INVALID_ID


class InvalidTextError(InvalidArgumentError):
  """Text that cannot be written in UTF-8: it holds a lone surrogate."""

  status = c.VDB_E_INVALID_UTF8


class InvalidJSONError(InvalidArgumentError):
  """Text that is not JSON, or nested too deeply."""

  status = c.VDB_E_INVALID_JSON


class InvalidMetadataError(InvalidArgumentError):
  """A metadata key or value outside the model."""

  status = c.VDB_E_INVALID_METADATA


class InvalidFilterError(InvalidArgumentError):
  """A filter with an unknown operator, a wrong operand, or too large."""

  status = c.VDB_E_INVALID_FILTER


class InvalidOptionError(InvalidArgumentError):
  """An unknown option, or a value outside its range."""

  status = c.VDB_E_INVALID_OPTION


class InvalidVectorError(InvalidArgumentError):
  """A vector with NaN or infinity, with a norm above 1e18, or zero under cosine."""

  status = c.VDB_E_INVALID_VECTOR


class DimensionMismatchError(InvalidArgumentError):
  """A vector of another dimension than the database's."""

  status = c.VDB_E_DIMENSION_MISMATCH


class InvalidKError(InvalidArgumentError):
  """`top_k` is zero, negative, or above the backend's cap."""

  status = c.VDB_E_INVALID_K


class TooLargeError(InvalidArgumentError):
  """A size that exceeds a documented limit."""

  status = c.VDB_E_TOO_LARGE


class UnsupportedError(InvalidArgumentError, NotImplementedError):
  """This backend, build or version cannot do it."""

  status = c.VDB_E_UNSUPPORTED


class StateError(VectorDBError):
  """The state of the database refuses the call. Base of the family."""


class NotFoundError(StateError, KeyError):
  """The record, collection or page does not exist."""

  status = c.VDB_E_NOT_FOUND


class AlreadyExistsError(StateError):
  """Opened with mode "create", and it is there."""

  status = c.VDB_E_ALREADY_EXISTS


class ConflictError(StateError):
  """It exists with another dimension or metric, or changed underneath."""

  status = c.VDB_E_CONFLICT


class ReadOnlyError(StateError):
  """Opened, or turned, read-only."""

  status = c.VDB_E_READ_ONLY


class ForkedError(StateError):
  """A handle that does not survive fork was used in the child."""

  status = c.VDB_E_FORKED


class CallEndedError(VectorDBError):
  """The call was ended before it finished. Base of the family."""


class CancelledError(CallEndedError):
  """Ended by its cancel token."""

  status = c.VDB_E_CANCELLED


class TimeoutError(CallEndedError, builtins.TimeoutError):
  """The deadline passed. Also the TimeoutError of Python."""

  status = c.VDB_E_TIMEOUT


@dataclass(frozen=True)
class ItemFailure:
  """What happened to one item of a batch."""

  index: int
  """Position in the batch."""
  code: str
  """Name of the status, such as "VDB_E_THROTTLED"."""
  message: str
  """One line about the item."""


class PartialFailure(CallEndedError):
  """Some items of a batch failed after it was checked; the others are written."""

  status = c.VDB_E_PARTIAL

  @property
  def failed(self) -> list[ItemFailure]:
    """The items that failed, in the order of the batch."""
    return list(self._details.get("failed", ()))

  @property
  def written(self) -> int:
    """Number of items that are written."""
    return int(self._details.get("written", 0))

  @property
  def not_attempted(self) -> int:
    """Number of items that were never sent."""
    return int(self._details.get("not_attempted", 0))


class BackendError(VectorDBError):
  """The backend refused the request, or the way to it failed. Base of the family."""

  status = c.VDB_E_BACKEND


class UnavailableError(BackendError, ConnectionError):
  """The backend cannot be reached, or does not answer properly."""

  status = c.VDB_E_UNAVAILABLE


class CircuitOpenError(BackendError):
  """Refused without trying: the circuit breaker is open."""

  status = c.VDB_E_CIRCUIT_OPEN


class ThrottledError(BackendError):
  """The backend asks to slow down."""

  status = c.VDB_E_THROTTLED


class OverloadedError(BackendError):
  """A queue or pool of this library is full."""

  status = c.VDB_E_OVERLOADED


class UnauthenticatedError(BackendError):
  """Credentials are missing or refused."""

  status = c.VDB_E_UNAUTHENTICATED


class PermissionDeniedError(BackendError, PermissionError):
  """The credentials do not allow it."""

  status = c.VDB_E_PERMISSION_DENIED


class ProtocolError(BackendError):
  """An answer that cannot be understood."""

  status = c.VDB_E_PROTOCOL


class SystemFailure(VectorDBError):
  """The machine or the library failed. Base of the family."""


class OutOfMemoryError(SystemFailure, MemoryError):
  """Not enough memory. Nothing is changed."""

  status = c.VDB_E_OUT_OF_MEMORY


class StorageError(SystemFailure, OSError):
  """The file system failed."""

  status = c.VDB_E_IO


class CorruptError(SystemFailure):
  """Stored data fails its checks."""

  status = c.VDB_E_CORRUPT


class MissingLibraryError(SystemFailure):
  """An optional shared library is not installed; the message names its package."""

  status = c.VDB_E_MISSING_LIBRARY


class InternalError(SystemFailure):
  """A defect of the library: please report it."""

  status = c.VDB_E_INTERNAL
