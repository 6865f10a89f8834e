"""TLS between the library and each server: Redis has its own, the others stand behind a front that ends it."""

import contextlib
import json
import os
import random
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import servers
import vectordb
from servers.fixtures import chosen_backends
from servers.front import Front
from servers.proxy import Proxy
from servers.tls import Certificate

SECRET = "s3cret-word"
ONCE = {"retry": False, "circuit_breaker": False, "pool": {"connect_timeout": 1}}
PATIENT = {
  "retry": {"base_delay": 0.02, "max_delay": 0.3, "max_attempts": 8, "max_write_attempts": 8},
  "circuit_breaker": False,
}
COMMON = {"dimensions": 4, "metric": "l2", "timeout": 10}


class Secured:
  """A server behind TLS, and how options say so."""

  def __init__(self, backend, server, plain, place, authority):
    self.backend, self.server, self.plain = backend, server, plain
    self.host, self.port, self.authority = place.host, place.port, str(authority)

  def options(self, at=None, server=None, **trust):
    """`at` is another address; `trust` says whom, and None that the option is left out. By default the right authority."""
    place, server = at or self, server or self.server
    trust = trust or {"ca_file": self.authority}
    if self.backend == "pgvector":
      mode = trust.get("sslmode") or ("require" if trust.get("insecure") else "verify-full")
      root = f"&sslrootcert={trust['ca_file']}" if trust.get("ca_file") else ""
      url = f"postgresql://postgres:{SECRET}@{place.host}:{place.port}/postgres?sslmode={mode}{root}"
      return {"backend": "pgvector", "connection_string": url}
    credentials = {"redis": "password", "chroma": "api_key", "milvus": "token"}
    options = {"backend": self.backend, "host": place.host, "port": place.port, "tls": True}
    return {**options, credentials[self.backend]: SECRET, **trust}


@pytest.fixture(scope="module", params=servers.SERVERS)
def secured(request, tmp_path_factory):
  backend = request.param
  if backend not in chosen_backends(request.config, servers.SERVERS):
    pytest.skip("not chosen")
  pool = request.getfixturevalue("servers")
  with contextlib.ExitStack() as stack:
    if backend == "redis":
      server = stack.enter_context(servers.redis(password=SECRET, tls=True))
      yield Secured(backend, server, pool.of("redis"), server, server.certificate.authority)
      return
    server = stack.enter_context(servers.postgres(password=SECRET)) if backend == "pgvector" else pool.of(backend)
    certificate = Certificate(tmp_path_factory.mktemp("tls"))
    alpn = {"pgvector": (), "chroma": ["http/1.1"], "milvus": ["h2"]}[backend]
    front = stack.enter_context(Front(server, certificate, alpn, asked=backend == "pgvector"))
    yield Secured(backend, server, server, front, certificate.authority)


@pytest.fixture
def name():
  return f"tls_{time.monotonic_ns()}"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
  """The authority of somebody else."""
  return str(Certificate(tmp_path_factory.mktemp("stranger")).authority)


def refused(name, options, **more):
  """The error of opening, which is soon there and tells no secret."""
  began = time.monotonic()
  with pytest.raises(vectordb.VectorDBError) as caught:
    vectordb.create(name, **COMMON, resilience=ONCE, **options, **more)
  assert time.monotonic() - began < 5
  assert SECRET not in str(caught.value) + repr(caught.value)
  return caught.value


def fill(db, count):
  vectors = np.arange(count * 4, dtype=np.float32).reshape(count, 4)
  db.upsert([f"r{n}" for n in range(count)], vectors, [{"n": n, "text": "x" * 200} for n in range(count)])
  db.flush()
  return vectors


def test_everything_goes_through_it(secured, name):
  with vectordb.create(name, **COMMON, **secured.options()) as db:
    vectors = fill(db, 1500)
    hits = db.search(vectors[700], top_k=1000, include_vectors=True)
    assert hits[0].id == "r700" and len({hit.id for hit in hits}) == 1000
    assert all(np.array_equal(hit.vector, vectors[int(hit.id[1:])]) for hit in hits)
    db.delete("r3")
    db.update_metadata("r4", {"n": -1})
    assert db.get("r3") is None and db.get("r4").metadata["n"] == -1
    assert db.count(filter={"n": {"$lt": 5}}) == 4
    assert sum(1 for _ in db.iterate()) == 1499
    assert SECRET not in str(db.describe()) + str(db.health()) + str(db.metrics())
    db.drop()


def test_a_certificate_that_nobody_vouches_for_is_refused(secured, stranger, name):
  for trust in ({"ca_file": None}, {"ca_file": stranger}):
    error = refused(name, secured.options(**trust))
    assert isinstance(error, vectordb.UnavailableError) and "certificate" in str(error)
  missing = refused(name, secured.options(ca_file="/nowhere.pem"))
  assert "ca_file" in str(missing) or "/nowhere.pem" in str(missing)


def test_a_certificate_of_another_host_is_refused(secured, name):
  with Proxy(secured.host, secured.port, at="127.0.0.2") as elsewhere:
    error = refused(name, secured.options(at=elsewhere))
    assert isinstance(error, vectordb.UnavailableError) and "certificate" in str(error)


def test_insecure_takes_any_certificate(secured, name):
  with Proxy(secured.host, secured.port, at="127.0.0.2") as elsewhere:
    with vectordb.create(name, **COMMON, **secured.options(at=elsewhere, insecure=True)) as db:
      db.add("a", [1, 0, 0, 0])
      assert db.count() == 1
      assert SECRET.encode() not in elsewhere.heard
      db.drop()


def test_the_modes_of_postgres(secured, stranger, name):
  if secured.backend != "pgvector":
    pytest.skip("others have none")
  error = refused(name, secured.options(sslmode="require", ca_file=stranger))
  assert "certificate" in str(error)
  with Proxy(secured.host, secured.port, at="127.0.0.2") as elsewhere:
    for trust in ({"sslmode": "verify-ca", "ca_file": secured.authority}, {"sslmode": "prefer"}):
      with vectordb.create(name, **COMMON, **secured.options(at=elsewhere, **trust)) as db:
        assert db.count() == 0
        assert SECRET.encode() not in elsewhere.heard
        db.drop()


def test_nothing_is_told_to_a_server_without_tls(secured, name):
  with Proxy(secured.plain.host, secured.plain.port) as plain:
    for trust in ({"ca_file": secured.authority}, {"insecure": True}):
      error = refused(name, secured.options(at=plain, **trust))
      # Redis waits for the end of a line that never comes.
      assert isinstance(error, (vectordb.UnavailableError, vectordb.TimeoutError))
    assert len(plain.heard) > 0 and SECRET.encode() not in plain.heard and b"postgres" not in plain.heard


def test_plain_text_to_a_server_with_tls_fails(secured, name):
  refused(name, secured.options(sslmode="disable") if secured.backend == "pgvector" else secured.options(tls=False))


def test_trust_without_tls_is_a_mistake(secured, name):
  if secured.backend == "pgvector":
    pytest.skip("libpq's sslmode says it")
  for trust in ({"ca_file": secured.authority}, {"insecure": True}):
    error = refused(name, secured.options(tls=False, **trust))
    assert isinstance(error, vectordb.InvalidOptionError) and "tls" in str(error)


def test_trouble_within_it(secured, name):
  with Proxy(secured.host, secured.port) as proxy:
    with vectordb.create(name, **COMMON, **secured.options(at=proxy), resilience=PATIENT) as db:
      vectors = fill(db, 100)

      def right():
        hits = db.search(vectors[7], top_k=50, include_vectors=True)
        assert hits[0].id == "r7" and len(hits) == 50
        assert all(np.array_equal(hit.vector, vectors[int(hit.id[1:])]) for hit in hits)

      right()
      proxy.reset()
      right()
      for after in (0, 1, 5, 100, 1000, 5000):
        proxy.cut(after, times=1, hard=after % 2 == 1)
        right()
      proxy.heal()
      proxy.drip(200, 0.0005)
      right()
      proxy.heal()
      for ends in ({"timeout": 0.3}, {"cancel": vectordb.CancelToken()}):
        proxy.stall()
        began = time.monotonic()
        if "cancel" in ends:
          threading.Timer(0.3, ends["cancel"].cancel).start()
        with pytest.raises((vectordb.TimeoutError, vectordb.CancelledError)):
          db.search(vectors[7], **ends)
        assert 0.25 < time.monotonic() - began < 1.5
        proxy.heal()
        right()
      assert SECRET.encode() not in proxy.heard
      db.drop()


def test_a_process_may_end_while_calls_are_under_way(secured, name, tmp_path):
  """The libraries below take themselves apart in `exit`: nobody may be inside them then."""
  program, library = tmp_path / "exiting", Path(os.environ["VECTORDB_LIBRARY"]).resolve()
  source = Path(__file__).with_name("exiting.c")
  compiler = ["cc", "-std=gnu11", f"-I{source.parents[2] / 'include'}", source, library, f"-Wl,-rpath,{library.parent}"]
  subprocess.run([*compiler, "-o", program], check=True)
  with vectordb.create(name, **COMMON, **secured.options()) as db:
    fill(db, 1)
    options = json.dumps({**COMMON, **secured.options()})
    for _ in range(40):
      after = str(random.randrange(30_000))
      done = subprocess.run([program, name, options, after], capture_output=True, text=True, timeout=30)
      assert (done.returncode, done.stderr) == (0, ""), f"after {after} us"
    db.drop()
