"""Whoever sends a password over a network in plain text is told so, once for each database, without a connection being made."""

import logging
import threading
import uuid

import pytest
import vectordb

SECRET = "s3cret-word"
EXPOSED = [
  {"backend": "redis", "host": "db.invalid", "password": SECRET},
  {"backend": "chroma", "host": "db.invalid", "api_key": SECRET},
  {"backend": "milvus", "host": "db.invalid", "token": SECRET},
  {"backend": "pgvector", "host": "db.invalid", "password": SECRET},
  {"backend": "pgvector", "url": f"postgresql://me:{SECRET}@db.invalid/app?sslmode=disable"},
]
SAFE = [
  {"backend": "redis", "url": f"rediss://:{SECRET}@db.invalid"},
  {"backend": "chroma", "url": "https://db.invalid", "api_key": SECRET},
  {"backend": "milvus", "url": "https://db.invalid", "token": SECRET},
  {"backend": "pgvector", "url": f"postgresql://me:{SECRET}@db.invalid/app?sslmode=verify-full"},
  {"backend": "redis", "host": "127.0.0.1", "password": SECRET},
  {"backend": "chroma", "host": "localhost", "api_key": SECRET},
  {"backend": "milvus", "host": "::1", "token": SECRET},
  {"backend": "pgvector", "host": "/run/postgresql", "password": SECRET},
  {"backend": "chroma", "host": "db.invalid"},
]


@pytest.fixture
def warnings():
  """What is told while a database is opened and closed: warnings and worse."""
  logger, told, closed = logging.getLogger("vectordb"), [], threading.Event()

  def hear(record):
    told.append((record.levelname, record.vectordb))
    if record.vectordb["event"] == "database.closed":
      closed.set()

  handler = logging.Handler()
  handler.emit = hear
  logger.addHandler(handler)
  logger.setLevel(logging.INFO)
  vectordb.enable_logging(logging.INFO)

  def of(options):
    name = f"c_{uuid.uuid4().hex[:8]}"
    closed.clear()
    vectordb.create(name, dimensions=2, connect="lazy", env=False, **options).close()
    assert closed.wait(5)
    own = [(level, event) for level, event in told if event.get("db.collection.name") == name]
    assert SECRET not in str(told)
    return [event for level, event in own if level == "WARNING"]

  yield of
  vectordb.disable_logging()
  logger.removeHandler(handler)
  logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize("options", EXPOSED, ids=lambda options: options["backend"])
def test_a_credential_in_plain_text_is_warned_of(warnings, options):
  (warning,) = warnings(options)
  assert warning["event"] == "credentials.unencrypted" and warning["server.address"] == "db.invalid"
  assert warning["db.system.name"] == options["backend"]


@pytest.mark.parametrize("options", SAFE, ids=lambda options: options["backend"])
def test_nothing_is_warned_of_where_nobody_else_reads(warnings, options):
  assert warnings(options) == []
