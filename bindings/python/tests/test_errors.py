"""The exception classes beside the statuses of the C interface."""

import builtins
import pickle

import pytest
import vectordb
from vectordb import _failures, _prototypes


@pytest.mark.parametrize("status", sorted(_prototypes.STATUS_NAMES))
def test_every_status_has_a_class_of_its_family(status):
  if status == 0:
    return
  kind = _failures.class_of(status)
  family = {1: "InvalidArgumentError", 2: "StateError", 3: "CallEndedError", 4: "BackendError", 5: "SystemFailure"}
  assert issubclass(kind, getattr(vectordb, family[-status // 100]))
  error = kind("one line", status=status, details={"attempts": 3, "retry_after_ms": 1500, "http_status": 429})
  assert error.code == _prototypes.STATUS_NAMES[status] and str(error) == "one line"
  assert (error.attempts, error.retry_after, error.http_status, error.applied) == (3, 1.5, 429, None)
  again = pickle.loads(pickle.dumps(error))
  assert (type(again), str(again), again.attempts) == (kind, "one line", 3)


def test_statuses_of_a_later_library_get_their_family():
  assert _failures.class_of(-199) is vectordb.InvalidArgumentError
  assert _failures.class_of(-599) is vectordb.SystemFailure
  assert _failures.class_of(-9999) is vectordb.VectorDBError


def test_classes_of_python_among_the_bases():
  assert issubclass(vectordb.TimeoutError, builtins.TimeoutError)
  assert issubclass(vectordb.OutOfMemoryError, MemoryError)
  assert issubclass(vectordb.UnavailableError, ConnectionError)
  assert issubclass(vectordb.StorageError, OSError)


def test_a_partial_failure_says_what_failed():
  failed = (vectordb.ItemFailure(3, "VDB_E_THROTTLED", "slow down"),)
  error = vectordb.PartialFailure("1 of 5 failed", details={"failed": failed, "written": 4, "not_attempted": 0})
  assert error.failed == list(failed) and error.written == 4 and error.not_attempted == 0
  assert pickle.loads(pickle.dumps(error)).failed == list(failed)
