"""Servers as pytest fixtures, started when the first test asks and shared by all of a run.

Tests that kill, pause or change a server start one of their own: `with servers.postgres() as server`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import pytest

from . import SERVERS, VARIANTS, NotInstalled, Server
from .process import running


def pytest_addoption(parser: pytest.Parser) -> None:
  """`--backends redis,chroma` runs the tests of these alone."""
  parser.addoption("--backends", help="names of backends, separated by commas; all unless given")


def chosen_backends(config: pytest.Config, known: Iterable[str]) -> list[str]:
  """Those of `known` that the run is for."""
  chosen = config.getoption("--backends")
  return [name for name in known if chosen is None or name in chosen.split(",")]


class Pool:
  """Servers by backend, each started at its first use."""

  def __init__(self) -> None:
    self._servers: dict[str, Server] = {}
    self._stack = contextlib.ExitStack()

  def of(self, name: str) -> Server:
    """A server of `servers.VARIANTS`; skips the test where only some machines can run it and this one cannot."""
    if name not in self._servers:
      try:
        self._servers[name] = self._stack.enter_context(VARIANTS[name]())
      except NotInstalled as reason:
        if name in SERVERS:
          raise
        pytest.skip(str(reason))
    return self._servers[name]

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
      report.sections.append((f"log of {server!r}", server.tail(8)))
