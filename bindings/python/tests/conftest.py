"""The tests run against the sources beside them and, unless VECTORDB_LIBRARY says otherwise, the release build."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve()
BUILT = HERE.parents[3] / ".build" / "release" / "libvectordb.so"

if not os.environ.get("VECTORDB_TEST_INSTALLED"):
  sys.path.insert(0, str(HERE.parents[1] / "src"))
  if BUILT.is_file():
    os.environ.setdefault("VECTORDB_LIBRARY", str(BUILT))

import vectordb  # noqa: E402


@pytest.fixture
def db():
  """An empty database of three dimensions."""
  with vectordb.create("test", dimensions=3, metric="l2") as database:
    yield database


@pytest.fixture
def filled(db):
  """Three records: a at the origin, b at distance 1, c at distance 2."""
  db.upsert(
    ["a", "b", "c"],
    [[0, 0, 0], [1, 0, 0], [2, 0, 0]],
    [{"lang": "en", "year": 2020}, {"lang": "de", "tags": ["x", "y"]}, None],
  )
  return db


@pytest.fixture(autouse=True)
def no_leaks():
  """No test may leave a handle of results, reports or requests behind."""
  yield
  counts = vectordb.live_handles()
  assert (counts["results"], counts["write_report"], counts["request"]) == (0, 0, 0)
