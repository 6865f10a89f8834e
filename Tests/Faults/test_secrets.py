"""A password, token or key appears nowhere: not in errors, logs, metrics, descriptions or `repr`; in no encoding."""

import base64
import json
import logging
import time
import urllib.parse

import pytest
import servers
import vectordb
from conftest import ONCE
from servers.fixtures import chosen_backends
from servers.process import free_port
from servers.proxy import Proxy

LOGGER = logging.getLogger("vectordb")
SECRET = "s3cr\u00e9t \"q\"/'x'@:%&+\\k"
"""Its encodings differ from each other and from itself."""

KEY = "s3cret-\"q\"/'x'@:%&+\\k"
"""The same of the characters that a header of HTTP may hold."""


def encodings(secret):
  raw = secret.encode()
  found = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), urllib.parse.quote_plus(secret)}
  found |= {
    json.dumps(secret)[1:-1],
    json.dumps(secret, ensure_ascii=False)[1:-1],
    json.dumps(json.dumps(secret))[3:-3],
  }
  found |= {raw.hex(), secret.replace("'", "\\'"), secret.replace("'", "''")}
  # Also inside of something longer, such as "user:password": base64 depends on what stands before.
  for before in (b"", b"x", b"xx", b"user:", b"root:", b"reader:", b"default:"):
    whole = base64.b64encode(before + raw).decode()
    found.add(whole[(len(before) * 4 + 2) // 3 + 1 : len(whole) - 4])
  found |= {part.replace("+", "-").replace("/", "_") for part in found if len(part) > 12}
  return {part for part in found if len(part) >= 8}


ENCODED = encodings(SECRET) | encodings(KEY)


class Ear:
  """Collects everything the library says."""

  def __init__(self):
    self.heard = []

  def hear(self, what):
    self.heard.append(what if isinstance(what, str) else repr(what))

  def attempt(self, call):
    """Does something that may fail, and listens to how."""
    try:
      self.hear(call())
    except Exception as error:
      self.hear(str(error))
      self.hear(repr(error))
      self.hear(repr(getattr(error, "_details", "")))

  def check(self):
    text = "\n".join(self.heard)
    assert len(text) > 500
    for encoded in ENCODED:
      position = text.find(encoded)
      assert position < 0, f"the secret is told: ...{text[max(0, position - 200) : position + 20]}"


@pytest.fixture
def ear():
  ear = Ear()
  handler = logging.Handler()
  handler.emit = lambda record: ear.hear(repr(record.__dict__))
  LOGGER.addHandler(handler)
  LOGGER.setLevel(logging.DEBUG)
  vectordb.enable_logging(logging.DEBUG)
  yield ear
  vectordb.disable_logging()
  LOGGER.removeHandler(handler)
  LOGGER.setLevel(logging.NOTSET)


def listen(ear, db):
  """Everything that can be asked of a database, while it works and while it does not."""
  for call in (
    lambda: db,
    db.describe,
    db.health,
    lambda: db.health(probe=True, timeout=1),
    db.metrics,
    db.cache_stats,
    db.capabilities,
    lambda: db.search([1, 2, 3, 4], timeout=1),
    lambda: db.add("a", [1, 2, 3, 4], timeout=1),
    lambda: db.delete("a", timeout=1),
    lambda: db.collections(timeout=1),
    lambda: list(db.iterate(timeout=1)),
    lambda: db.namespace("x"),
    lambda: db.create_index("hnsw", timeout=1),
    vectordb.prometheus,
  ):
    ear.attempt(call)


def options_with(backend, host, port):
  """Ways to give a secret to a backend."""
  quoted = urllib.parse.quote(SECRET, safe="")
  ways = {
    "pgvector": [
      {"connection_string": f"postgresql://root:{quoted}@{host}:{port}/postgres"},
      {"host": host, "port": port, "user": "root", "password": SECRET, "database": "postgres"},
    ],
    "redis": [
      {"url": f"redis://default:{quoted}@{host}:{port}"},
      {"host": host, "port": port, "username": "reader", "password": SECRET},
    ],
    "chroma": [{"host": host, "port": port, "api_key": KEY}],
    "milvus": [
      {"host": host, "port": port, "token": f"root:{SECRET}"},
      {"host": host, "port": port, "username": "root", "password": SECRET},
    ],
  }
  return [{"backend": backend, **way} for way in ways[backend]]


COMMON = {"dimensions": 4, "metric": "l2", "resilience": ONCE, "timeout": 2}


def test_where_nobody_listens(backend, ear):
  for options in options_with(backend, "127.0.0.1", free_port()):
    ear.attempt(lambda: vectordb.create("docs", **COMMON, **options))
    with vectordb.create("docs", connect="lazy", **COMMON, **options) as db:
      listen(ear, db)
  ear.check()


def test_where_a_server_refuses_or_ignores_it(server, proxy, ear):
  for options in options_with(server.options["backend"], proxy.host, proxy.port):
    ear.attempt(lambda: vectordb.create("docs", **COMMON, **options))
    with vectordb.create("docs", connect="lazy", **COMMON, **options) as db:
      listen(ear, db)
      proxy.cut(3, times=5)
      listen(ear, db)
      proxy.heal()
      ear.attempt(lambda: db.set_credentials(password=SECRET))
      ear.attempt(lambda: db.set_credentials(api_key=KEY))
      ear.attempt(lambda: db.set_credentials(token=SECRET))
      listen(ear, db)
  ear.check()


def test_in_options_that_are_wrong(backend, ear):
  for options in options_with(backend, "127.0.0.1", 1):
    for wrong in (
      {"metric": SECRET},
      {"dimension": 4},
      {"port": SECRET},
      {"url": f"ftp://u:{SECRET}@h"},
      {"timeout": -1},
    ):
      if "metric" in wrong or wrong.get("port") == SECRET:
        continue  # given where no secret belongs, it is quoted as the wrong value it is
      ear.attempt(lambda: vectordb.create("docs", **{**COMMON, **options, **wrong}))
    for key, value in options.items():
      if key in ("connection_string", "url"):
        for broken in (
          value.replace("//", "/"),
          value + "?unknown=1",
          value.replace("@", "@["),
          value + "#x",
          " " + value,
        ):
          ear.attempt(lambda: vectordb.create("docs", **COMMON, **{**options, key: broken}))
  ear.hear("x" * 501)
  ear.check()


@pytest.mark.parametrize("kind", ["pgvector", "redis"])
def test_with_a_server_that_knows_it(kind, ear, request):
  if kind not in chosen_backends(request.config, servers.SERVERS):
    pytest.skip("not chosen")
  start = servers.postgres if kind == "pgvector" else servers.redis
  with start(password=SECRET) as server, Proxy(server.host, server.port) as proxy:
    with vectordb.create("docs", **COMMON, **server.options_at(proxy.host, proxy.port)) as db:
      db.add("a", [1, 2, 3, 4])
      assert db.get("a") is not None, "it must work with the right password"
      listen(ear, db)
      proxy.refuse()
      listen(ear, db)
      proxy.heal()
      ear.attempt(lambda: db.set_credentials(password=SECRET + "wrong"))
      proxy.reset()
      time.sleep(0.05)
      listen(ear, db)
    wrong = {**server.options_at(proxy.host, proxy.port)}
    for key, value in wrong.items():
      if isinstance(value, str) and key in ("password", "connection_string"):
        wrong[key] = value.replace("s3cr", "S3CR")
    with pytest.raises((vectordb.UnauthenticatedError, vectordb.PermissionDeniedError)):
      vectordb.create("docs", **COMMON, **wrong)
  ear.check()
