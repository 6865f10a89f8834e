"""Servers as pytest fixtures, started when the first test asks and shared by all of a run.

Tests that kill, pause or change a server start one of their own: `with servers.postgres() as server`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from . import SERVERS, Server
from .process import running


class Pool:
  """Servers by backend, each started at its first use."""

  def __init__(self) -> None:
    self._servers: dict[str, Server] = {}
    self._stack = contextlib.ExitStack()

  def of(self, backend: str) -> Server:
    """The server of a backend."""
    if backend not in self._servers:
      self._servers[backend] = self._stack.enter_context(SERVERS[backend]())
    return self._servers[backend]

  def close(self) -> None:
    """Ends them all."""
    self._stack.close()


@pytest.fixture(scope="session")
def servers() -> Iterator[Pool]:
  """The shared servers: `servers.of("redis")`."""
  pool = Pool()
  yield pool
  pool.close()


@pytest.fixture
def postgres_server(servers: Pool) -> Server:
  """The shared PostgreSQL with pgvector."""
  return servers.of("pgvector")


@pytest.fixture
def redis_server(servers: Pool) -> Server:
  """The shared Redis."""
  return servers.of("redis")


@pytest.fixture
def chroma_server(servers: Pool) -> Server:
  """The shared Chroma."""
  return servers.of("chroma")


@pytest.fixture
def milvus_server(servers: Pool) -> Server:
  """The shared Milvus Lite."""
  return servers.of("milvus")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):  # type: ignore[no-untyped-def]
  """Shows what the servers said last beside a test that failed."""
  report = (yield).get_result()
  if report.failed:
    for server in running:
      report.sections.append((f"log of {server!r}", server.tail()))
