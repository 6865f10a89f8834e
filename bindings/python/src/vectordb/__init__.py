"""One interface to ten vector databases, in process and remote.

  import vectordb

  with vectordb.create("docs", dimensions=3) as db:
    db.add("a", [1, 0, 0], {"lang": "en"})
    for match in db.search([0.9, 0.1, 0], top_k=5, filter={"lang": "en"}):
      print(match.id, match.score, match.metadata)
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from ._options import Filter
from ._metadata import Metadata
from ._prototypes import VERSION as __version__
from .cancel import CancelToken
from .database import Database, create
from .errors import (
  AlreadyExistsError,
  BackendError,
  CallEndedError,
  CancelledError,
  CircuitOpenError,
  ClosedError,
  ConflictError,
  CorruptError,
  DimensionMismatchError,
  ForkedError,
  InternalError,
  InvalidArgumentError,
  InvalidFilterError,
  InvalidHandleError,
  InvalidIdError,
  InvalidJSONError,
  InvalidKError,
  InvalidMetadataError,
  InvalidOptionError,
  InvalidTextError,
  InvalidVectorError,
  ItemFailure,
  MissingLibraryError,
  NotFoundError,
  OutOfMemoryError,
  OverloadedError,
  PartialFailure,
  PermissionDeniedError,
  ProtocolError,
  ReadOnlyError,
  StateError,
  StorageError,
  SystemFailure,
  ThrottledError,
  TimeoutError,
  TooLargeError,
  UnauthenticatedError,
  UnavailableError,
  UnsupportedError,
  VectorDBError,
)
from .info import AnswerInfo
from .logs import disable_logging, enable_logging
from .match import Match, Record
from .process import backends, cpu_features, library_path, live_handles, prometheus, version
from .report import WriteReport

__all__ = [
  "AlreadyExistsError",
  "AnswerInfo",
  "BackendError",
  "CallEndedError",
  "CancelToken",
  "CancelledError",
  "CircuitOpenError",
  "ClosedError",
  "ConflictError",
  "CorruptError",
  "Database",
  "DimensionMismatchError",
  "Filter",
  "ForkedError",
  "InternalError",
  "InvalidArgumentError",
  "InvalidFilterError",
  "InvalidHandleError",
  "InvalidIdError",
  "InvalidJSONError",
  "InvalidKError",
  "InvalidMetadataError",
  "InvalidOptionError",
  "InvalidTextError",
  "InvalidVectorError",
  "ItemFailure",
  "Match",
  "Metadata",
  "MissingLibraryError",
  "NotFoundError",
  "OutOfMemoryError",
  "OverloadedError",
  "PartialFailure",
  "PermissionDeniedError",
  "ProtocolError",
  "ReadOnlyError",
  "Record",
  "StateError",
  "StorageError",
  "SystemFailure",
  "ThrottledError",
  "TimeoutError",
  "TooLargeError",
  "UnauthenticatedError",
  "UnavailableError",
  "UnsupportedError",
  "VectorDBError",
  "WriteReport",
  "__version__",
  "backends",
  "cpu_features",
  "create",
  "disable_logging",
  "enable_logging",
  "library_path",
  "live_handles",
  "prometheus",
  "version",
]

if _TYPE_CHECKING:
  from . import aio as aio


def __getattr__(name: str) -> _Any:
  # Loaded when somebody asks for it: asyncio takes longer to load than everything here.
  if name == "aio":
    import importlib

    return importlib.import_module(".aio", __name__)
  raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
