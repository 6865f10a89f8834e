"""Every test of the contract runs once for each backend of `backends.BACKENDS`.

pytest Tests/Contract --backends memory,redis --seeds 20
"""

import itertools
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# Before it is imported: its asserts show what they compared.
pytest.register_assert_rewrite("pair")

import vectordb
from backends import BACKENDS
from pair import Pair
from servers.fixtures import chosen_backends

_numbers = itertools.count()


def pytest_addoption(parser):
  parser.addoption("--seeds", type=int, default=3, help="runs of each test with random data")
  parser.addoption("--first-seed", type=int, default=1)


def pytest_configure(config):
  config.addinivalue_line("markers", "essential: run on slow backends too")


def pytest_collection_modifyitems(config, items):
  left_out = [item for item in items if is_slow(item) and item.get_closest_marker("essential") is None]
  config.hook.pytest_deselected(items=left_out)
  items[:] = [item for item in items if item not in left_out]


def is_slow(item):
  backend = getattr(item, "callspec", None) and item.callspec.params.get("backend")
  return backend is not None and backend.slow


def pytest_generate_tests(metafunc):
  if "backend" in metafunc.fixturenames:
    chosen = chosen_backends(metafunc.config, BACKENDS)
    metafunc.parametrize("backend", [BACKENDS[name] for name in chosen], ids=chosen, scope="session")
  if "seed" in metafunc.fixturenames:
    first = metafunc.config.getoption("--first-seed")
    metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("--seeds")))


@pytest.fixture
def server(backend, servers):
  """The running server of the backend; None for memory."""
  return servers.of(backend.server or backend.name) if backend.remote else None


@pytest.fixture
def reach(backend, server):
  """Options that reach the backend."""
  return server.options if backend.remote else {"backend": "memory"}


@pytest.fixture
def fresh_name():
  """Makes names that no other collection has, and that every backend accepts."""
  return lambda: f"contract_{os.getpid()}_{next(_numbers)}"


@pytest.fixture
def make(backend, reach, fresh_name):
  """Makes an empty database; what was made is dropped after the test."""
  made = []

  def open_database(name=None, **options):
    db = vectordb.create(name or fresh_name(), **{"dimensions": 4, "metric": "l2", **reach, **options})
    made.append(db)
    return db

  yield open_database
  for db in made:
    if not db.closed:
      try:
        db.drop()
      except vectordb.StateError:
        pass  # dropped by the test
      db.close()


@pytest.fixture
def pair(backend, make):
  """Makes an empty database of the backend beside a memory database."""
  oracles = []

  def open_pair(dimensions=4, metric="l2", **options):
    oracle = vectordb.create("oracle", dimensions=dimensions, metric=metric)
    oracles.append(oracle)
    return Pair(backend, make(dimensions=dimensions, metric=metric, **options), oracle, metric)

  yield open_pair
  for oracle in oracles:
    oracle.close()


@pytest.fixture(autouse=True)
def no_leaks():
  """No test may leave a handle of results, reports or tokens behind."""
  yield
  counts = vectordb.live_handles()
  assert (counts["results"], counts["write_report"]) == (0, 0)
