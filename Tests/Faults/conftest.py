"""What breaks between the library and a real server, and what the library says about it.

pytest Tests/Faults --backends redis
"""

import itertools
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import vectordb
from servers import SERVERS
from servers.fixtures import chosen_backends
from servers.proxy import Proxy

_numbers = itertools.count()

PATIENT = {
  "retry": {"base_delay": 0.02, "max_delay": 0.3, "max_attempts": 8, "max_write_attempts": 8},
  "attempt": {"read_timeout": 3, "write_timeout": 3},
  "pool": {"connect_timeout": 3},
  "circuit_breaker": False,
}
"""Repeats soon and often."""

ONCE = {**PATIENT, "retry": False}
"""Sends once: what happens to that attempt is what the caller sees."""


def pytest_generate_tests(metafunc):
  if "backend" in metafunc.fixturenames:
    metafunc.parametrize("backend", chosen_backends(metafunc.config, SERVERS), scope="session")


@pytest.fixture
def server(backend, servers):
  """The shared server of the backend."""
  return servers.of(backend)


@pytest.fixture
def proxy(server):
  """A proxy of the test's own before the shared server."""
  with Proxy(server.host, server.port) as proxy:
    yield proxy


@pytest.fixture
def fresh_name():
  """Makes names that no other collection has."""
  return lambda: f"faults_{os.getpid()}_{next(_numbers)}"


@pytest.fixture
def direct(server, fresh_name):
  """A collection of 50 records, reached without the proxy: what is really stored."""
  with vectordb.create(fresh_name(), dimensions=4, metric="l2", **server.options) as db:
    db.upsert(
      [f"r{n}" for n in range(50)], [[n, 1, 0, 0] for n in range(50)], [{"n": n, "text": "x" * 300} for n in range(50)]
    )
    db.flush()
    yield db
    db.drop()


@pytest.fixture
def connect(server, proxy, direct):
  """Opens that collection through the proxy."""
  made = []

  def open_database(resilience=PATIENT, **options):
    reach = server.options_at(proxy.host, proxy.port)
    db = vectordb.create(direct.name, dimensions=4, metric="l2", resilience=resilience, **reach, **options)
    made.append(db)
    return db

  yield open_database
  for db in made:
    db.close()


@pytest.fixture(autouse=True)
def no_leaks():
  """No test may leave a handle of results, reports or tokens behind."""
  yield
  counts = vectordb.live_handles()
  assert (counts["results"], counts["write_report"]) == (0, 0)
