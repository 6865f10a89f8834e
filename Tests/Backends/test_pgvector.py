"""What is particular to pgvector, on a real server."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
import uuid
from urllib.parse import quote

import numpy as np
import pytest
import vectordb
from servers.postgres import Postgres


@pytest.fixture
def table(postgres_server):
  """A name for a table that is dropped afterwards."""
  name = f"t_{uuid.uuid4().hex[:12]}"
  yield name
  postgres_server.psql(f'DROP TABLE IF EXISTS "{name}"')


@pytest.fixture
def connect(postgres_server, table):
  opened = []

  def open_database(dimensions=2, **options):
    options = {"metric": "l2", **postgres_server.options, "table_name": table, **options}
    opened.append(vectordb.create("docs", dimensions=dimensions, **options))
    return opened[-1]

  yield open_database
  for database in opened:
    database.close()


def indexes(server, table):
  return server.psql(f"SELECT indexdef FROM pg_indexes WHERE tablename = '{table}'")


def test_a_new_table_has_its_index_and_tells_its_metric(connect, postgres_server, table):
  connect(index={"kind": "hnsw", "m": 8, "ef_construction": 32})
  found = indexes(postgres_server, table)
  assert "vector_l2_ops" in found and "m='8'" in found and "ef_construction='32'" in found and "gin" in found
  with pytest.raises(vectordb.VectorDBError) as refused:
    connect(metric="cosine")
  assert refused.value.code == "VDB_E_CONFLICT"


def test_metric_and_dimensions_are_those_of_the_table(connect, postgres_server, table):
  connect(dimensions=3, metric="dot", index="flat").add("a", [1, 2, 3])
  options = {**postgres_server.options, "table_name": table}
  with vectordb.create("docs", mode="open", **options) as again:
    assert again.search([2, 0, 0])[0].distance == -2


def test_an_ivf_index_is_built_when_there_are_rows(connect, postgres_server, table):
  db = connect(index="ivf")
  assert "ivfflat" not in indexes(postgres_server, table)
  points = np.random.default_rng(1).normal(size=(500, 2)).astype("<f4")
  db.upsert([str(i) for i in range(500)], points, [{"odd": bool(i % 2)} for i in range(500)])
  exact = [hit.id for hit in db.search(points[0], top_k=20)]
  db.create_index("ivf", lists=10)
  assert "lists='10'" in indexes(postgres_server, table)
  hits = db.search(points[0], top_k=20)
  assert len(set(exact) & {hit.id for hit in hits}) >= 15
  assert [hit.id for hit in db.search(points[0], top_k=20, exact=True)] == exact
  assert len(db.search(points[0], top_k=300, filter={"odd": True})) == 250
  db.create_index("ivf")
  assert indexes(postgres_server, table).count("ivfflat") == 1


def hnsw_indexes(server, table):
  """Name and validity of each."""
  found = server.psql(
    f"SELECT x.relname, i.indisvalid FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam"
    f" WHERE i.indrelid = '{table}'::regclass AND m.amname = 'hnsw'")
  return sorted(tuple(line.split("|")) for line in found.split())


@contextlib.contextmanager
def writer_at_work(server, table):
  """A transaction that has written, and for whose end a build CONCURRENTLY waits."""

  def write():
    with contextlib.suppress(subprocess.CalledProcessError):  # it is ended
      server.psql(f"BEGIN; DELETE FROM {table} WHERE false; SELECT pg_sleep(60)")

  psql = threading.Thread(target=write)
  sleeping = "FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid() AND state = 'active'"
  psql.start()
  until(lambda: server.psql(f"SELECT count(*) {sleeping}").strip() == "1")
  try:
    yield
  finally:
    server.psql(f"SELECT pg_terminate_backend(pid) {sleeping}")
    psql.join()


def until(condition):
  deadline = time.monotonic() + 10
  while not condition():
    assert time.monotonic() < deadline, "it never came"
    time.sleep(0.02)


def builders(server):
  """Sessions that build an index, or take one away."""
  found = "FROM pg_stat_activity WHERE query SIMILAR TO '(CREATE|DROP) INDEX CONCURRENTLY%' AND state = 'active'"
  return int(server.psql(f"SELECT count(*) {found}"))


def test_what_an_interrupted_build_left_behind_is_built_anew(connect, postgres_server, table):
  db = connect(index="flat")
  db.upsert([str(i) for i in range(100)], np.random.default_rng(5).normal(size=(100, 2)).astype("<f4"))
  with writer_at_work(postgres_server, table):
    for _ in range(2):
      with pytest.raises(vectordb.TimeoutError):
        db.create_index("hnsw", timeout=0.5)
      until(lambda: builders(postgres_server) == 0)
  left = hnsw_indexes(postgres_server, table)
  assert {valid for _, valid in left} == {"f"}
  db.create_index("hnsw", m=8)
  (name, valid), = hnsw_indexes(postgres_server, table)
  assert valid == "t" and not name.startswith("vdb_") and "m='8'" in indexes(postgres_server, table)
  assert len(db.search([0, 0], top_k=5)) == 5


def test_an_index_that_somebody_else_builds_is_waited_for(connect, postgres_server, table):
  first, second = connect(index="flat"), connect()
  first.upsert(["a", "b"], np.eye(2, dtype="<f4"))
  both = [threading.Thread(target=db.create_index, args=("hnsw",)) for db in (first, second)]
  with writer_at_work(postgres_server, table):
    both[0].start()
    until(lambda: builders(postgres_server) == 1)
    both[1].start()
    until(lambda: postgres_server.psql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LOCK%'").strip() != "0")
    with pytest.raises(vectordb.TimeoutError):
      second.create_index("hnsw", timeout=0.3)
  for thread in both:
    thread.join(20)
  assert [valid for _, valid in hnsw_indexes(postgres_server, table)] == ["t"]


def test_wide_vectors_are_indexed_at_half_precision_and_compared_in_full(connect, postgres_server, table):
  db = connect(dimensions=2500, metric="cosine")
  assert "halfvec(2500)" in indexes(postgres_server, table)
  vectors = np.random.default_rng(2).normal(size=(30, 2500)).astype("<f4")
  db.upsert([str(i) for i in range(30)], vectors)
  hit = db.search(vectors[7], top_k=5, include_vectors=True)[0]
  assert hit.id == "7" and abs(hit.distance) < 1e-6 and np.array_equal(hit.vector, vectors[7])
  with pytest.raises(vectordb.VectorDBError) as refused:
    connect(dimensions=20_000, table_name=table + "_wide")
  assert refused.value.code == "VDB_E_UNSUPPORTED"


def test_filters_through_an_index_find_as_many_as_there_are(connect):
  db = connect()
  points = np.random.default_rng(3).normal(size=(2000, 2)).astype("<f4")
  db.upsert([str(i) for i in range(2000)], points, [{"rare": i % 200 == 0} for i in range(2000)])
  assert len(db.search([0, 0], top_k=10, filter={"rare": True})) == 10
  assert len(db.search([0, 0], top_k=50, filter={"rare": True})) == 10
  assert len(db.search([0, 0], top_k=1500)) == 1500


def test_namespaces_share_an_index_and_find_their_own(connect):
  db = connect()
  points = np.random.default_rng(4).normal(size=(1000, 2)).astype("<f4")
  db.upsert([str(i) for i in range(1000)], points)
  small = db.namespace("small")
  small.upsert(["0", "1"], np.array([[50, 50], [60, 60]], "<f4"))
  assert [hit.id for hit in small.search([0, 0], top_k=10)] == ["0", "1"]
  assert len(db.search([55, 55], top_k=30)) == 30
  assert db.get("0").vector[0] == points[0][0]


def test_search_options_are_checked(connect):
  db = connect()
  db.add("a", [1, 2])
  assert len(db.search([0, 0], extra={"iterative_scan": "relaxed_order", "probes": 3})) == 1
  for extra in ({"iterative_scan": "sometimes"}, {"probes": 0}, {"probs": 1}):
    with pytest.raises(vectordb.VectorDBError) as refused:
      db.search([0, 0], extra=extra)
    assert refused.value.code == "VDB_E_INVALID_OPTION"


@pytest.mark.parametrize("kind, ids", [
  ("bigint", ["1", "-5", "9223372036854775807"]),
  ("uuid", ["6169363d-e81d-5a08-97b9-8163aefc3d3f", "00000000-0000-0000-0000-000000000001"]),
])
def test_tables_of_others_with_keys_of_their_own(connect, postgres_server, table, kind, ids):
  postgres_server.psql(
    f"CREATE TABLE {table} (doc {kind} PRIMARY KEY, title text, v vector(2) NOT NULL, extra jsonb)")
  columns = {"id_column": "doc", "vector_column": "v", "metadata_column": "extra"}
  db = connect(**columns)
  db.upsert(ids, np.array([[i, 0] for i in range(len(ids))], "<f4"), [{"n": i} for i in range(len(ids))])
  postgres_server.psql(f"UPDATE {table} SET extra = NULL, title = 'kept' WHERE doc::text = '{ids[0]}'")
  assert [hit.id for hit in db.search([0, 0])] == ids
  assert db.get(ids[0]).metadata == {} and db.get(ids[1]).metadata == {"n": 1}
  assert db.count(filter={"n": {"$ne": 1}}) == len(ids) - 1
  db.update_metadata(ids[0], {"x": 5})
  db.upsert([ids[1]], np.array([[9, 9]], "<f4"), [{"y": 1}])
  assert db.get(ids[0]).metadata == {"x": 5} and db.get(ids[1]).metadata == {"y": 1}
  assert postgres_server.psql(f"SELECT title FROM {table} WHERE doc::text = '{ids[0]}'").strip() == "kept"
  assert {record.id for record in db.iterate(batch_size=1)} == set(ids)
  assert db.get("no such form") is None and db.delete(["05", "x"]).deleted == 0
  with pytest.raises(vectordb.VectorDBError) as refused:
    db.add("05", [1, 1])
  assert refused.value.code == "VDB_E_INVALID_ID"
  with pytest.raises(vectordb.VectorDBError) as refused:
    db.namespace("other").search([0, 0])
  assert refused.value.code == "VDB_E_UNSUPPORTED" and "namespace_column" in str(refused.value)
  assert db.delete(ids).deleted == len(ids)


@pytest.mark.parametrize("options, word", [
  ({"vector_column": "missing"}, "vector_column"), ({"id_column": "missing"}, "id_column"),
  ({"namespace_column": "missing"}, "namespace_column"), ({"id_type": "uuid"}, "id_type"),
  ({"vector_column": "metadata"}, "jsonb"),
])
def test_columns_that_do_not_fit_are_named(connect, options, word):
  connect()
  with pytest.raises(vectordb.VectorDBError) as refused:
    connect(**options)
  assert refused.value.code == "VDB_E_CONFLICT" and word in str(refused.value)


@pytest.mark.parametrize("name", ["x" * 64, 'a"b', "x'); DROP TABLE y; --", "Ünïcode", "ſ"])
def test_names_are_quoted_or_refused(connect, postgres_server, name):
  if len(name.encode()) > 63:
    with pytest.raises(vectordb.VectorDBError) as refused:
      connect(table_name=name)
    assert refused.value.code == "VDB_E_INVALID_OPTION"
    return
  db = connect(table_name=name, schema="public", vector_column='v"1', id_column="i d")
  db.add("a", [1, 2], {"x": 1})
  assert db.search([1, 2])[0].id == "a" and name in db.collections()
  db.drop()
  assert name not in postgres_server.psql("SELECT tablename FROM pg_tables")


def test_schemas(connect, postgres_server, table):
  postgres_server.psql("CREATE SCHEMA IF NOT EXISTS \"s 1\"")
  connect(table_name=f"s 1.{table}").add("a", [1, 2])
  assert postgres_server.psql(f'SELECT count(*) FROM "s 1".{table}').strip() == "1"
  assert connect(schema="s 1").count() == 1 and connect().count() == 0
  postgres_server.psql("DROP SCHEMA \"s 1\" CASCADE")


def test_a_batch_is_one_transaction_whatever_way_it_goes(connect, postgres_server, table):
  db = connect(index="flat")
  rows = 1500
  ids = [f"id {i}" for i in range(rows)]
  vectors = np.arange(2 * rows, dtype="<f4").reshape(rows, 2)
  db.upsert(ids, vectors, [{"n": i} for i in range(rows)])
  # Half of them are there now, the last one twice in the batch.
  again = ids[750:] + [f"new {i}" for i in range(750)] + ["id 1499"]
  db.upsert(again, np.ones((len(again), 2), "<f4"), [{"m": i} for i in range(len(again))])
  assert db.count() == 2250
  assert db.get("id 1499").metadata == {"m": len(again) - 1} and db.get("id 0").metadata == {"n": 0}
  postgres_server.psql(f"ALTER TABLE {table} ADD CHECK (id <> 'bad')")
  for size in (3, 1000):
    batch = [f"other {i}" for i in range(size - 1)] + ["bad"]
    with pytest.raises(vectordb.VectorDBError) as failed:
      db.upsert(batch, np.ones((size, 2), "<f4"))
    assert "23514" in str(failed.value)
    assert db.count() == 2250
  db.add("after", [1, 1])


def test_many_changes_of_metadata_are_all_or_nothing(connect):
  db = connect()
  db.upsert(["a", "b"], np.ones((2, 2), "<f4"), [{"x": 1, "y": 2}, {"z": "w"}])
  with pytest.raises(vectordb.VectorDBError) as failed:
    db.update_metadata("c", {"x": 1})
  assert failed.value.code == "VDB_E_NOT_FOUND"
  db.update_metadata("a", {"x": None, "new": ["l"]})
  assert db.get("a").metadata == {"y": 2, "new": ["l"]}
  huge = "x" * 600_000
  db.update_metadata("b", {"one": huge})
  with pytest.raises(vectordb.VectorDBError) as failed:
    db.update_metadata("b", {"two": huge})
  assert failed.value.code == "VDB_E_TOO_LARGE"
  assert set(db.get("b").metadata) == {"z", "one"}


def test_connections_that_the_server_ended_are_replaced_without_a_word(connect, postgres_server):
  db = connect()
  db.add("a", [1, 2])
  for _ in range(3):
    postgres_server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'libvectordb'")
    assert db.count() == 1
  assert db.metrics()["failed_requests"] == 0


@pytest.mark.parametrize("how", ["timeout", "token"])
def test_what_nobody_waits_for_is_stopped_on_the_server(connect, postgres_server, table, how):
  db = connect()
  db.add("a", [1, 2])
  lock = threading.Thread(target=postgres_server.psql, args=(f"BEGIN; LOCK TABLE {table}; SELECT pg_sleep(3)",))
  lock.start()
  time.sleep(0.5)
  start = time.monotonic()
  with pytest.raises(vectordb.VectorDBError) as ended:
    db.count(timeout=0.3)
  assert ended.value.code == "VDB_E_TIMEOUT" and time.monotonic() - start < 1
  waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%count(*) FROM \"%'"
  deadline = time.monotonic() + 2
  while postgres_server.psql(waiting).strip() != "0":
    assert time.monotonic() < deadline, "the statement goes on"
    time.sleep(0.05)
  lock.join()
  assert db.count() == 1


@pytest.mark.parametrize("prepared", ["auto", "on", "off"])
def test_statements_prepared_or_not(connect, postgres_server, table, prepared):
  db = connect(prepared=prepared, resilience={"pool": {"hard_limit": 1}})
  for i in range(8):
    db.add(f"{i}", [i, 0])
    assert db.search([0, 0])[0].id == "0"
  # The plan of a statement that was prepared does not fit any more.
  postgres_server.psql(f"ALTER TABLE {table} ALTER COLUMN metadata DROP DEFAULT, ALTER COLUMN id TYPE varchar(100)")
  assert db.search([0, 0])[0].id == "0" and db.get("3").id == "3"


def test_more_statements_than_are_kept(connect):
  db = connect(resilience={"pool": {"hard_limit": 1}})
  db.upsert(["a", "b"], np.ones((2, 2), "<f4"), [{"x": 1}, {"x": 2}])
  for size in range(1, 260):
    assert db.count(filter={"$or": [{"x": 1}] * size}) == 1


def test_passwords(connect, postgres_server, monkeypatch):
  import servers

  secret = "p@ss wörd/?&'\""
  with servers.postgres(password=secret) as server:
    with vectordb.create("docs", dimensions=2, **server.options) as db:
      db.add("a", [1, 2])
      assert secret not in repr(db) and secret not in str(db.describe() if hasattr(db, "describe") else "")
    plain = {"backend": "pgvector", "host": server.host, "port": server.port, "user": "postgres", "database": "postgres"}
    with vectordb.create("docs", mode="open", password=secret, **plain) as db:
      assert db.count() == 1
    # What the environment knows is not for a server that an option names.
    monkeypatch.setenv("PGPASSWORD", secret)
    for password in ({}, {"password": "wrong-secret"}):
      with pytest.raises(vectordb.VectorDBError) as refused:
        vectordb.create("docs", mode="open", **plain, **password)
      assert refused.value.code == "VDB_E_UNAUTHENTICATED" and "wrong-secret" not in str(refused.value)
    monkeypatch.setenv("PGHOST", server.host)
    monkeypatch.setenv("PGPORT", str(server.port))
    monkeypatch.setenv("PGUSER", "postgres")
    monkeypatch.setenv("PGDATABASE", "postgres")
    with vectordb.create("docs", backend="pgvector", mode="open") as db:
      assert db.count() == 1
    monkeypatch.delenv("PGHOST")
    monkeypatch.setenv("DATABASE_URL", server.options["connection_string"])
    with vectordb.create("docs", backend="pgvector", mode="open") as db:
      assert db.count() == 1


@pytest.mark.parametrize("text", ["postgresql://u:s3cret@h:x", "password=s3cret nonsense", "postgresql://u:s3cret@h/?s3cret=1"])
def test_connection_strings_are_not_repeated(text):
  with pytest.raises(vectordb.VectorDBError) as refused:
    vectordb.create("docs", dimensions=2, backend="pgvector", connection_string=text)
  assert "s3cret" not in str(refused.value)


def test_what_is_not_there_is_said(connect, postgres_server):
  with pytest.raises(vectordb.VectorDBError) as refused:
    connect(database="no_such_database")
  assert refused.value.code == "VDB_E_NOT_FOUND" and "3D000" in str(refused.value)
  with pytest.raises(vectordb.VectorDBError) as refused:
    connect(connection_string=postgres_server.url_at("no-such-host.invalid", 5432), resilience={"retry": {"max_attempts": 1}})
  assert refused.value.code == "VDB_E_UNAVAILABLE" and "no-such-host.invalid" in str(refused.value)


def test_the_next_server_is_tried(connect, postgres_server):
  address = f"host=127.0.0.1,127.0.0.1 port=1,{postgres_server.port} user=postgres dbname=postgres"
  assert connect(connection_string=address).count() == 0


def test_two_create_the_same_table_at_once(postgres_server, table):
  failures = []

  def create():
    try:
      vectordb.create("docs", dimensions=2, **postgres_server.options, table_name=table).close()
    except vectordb.VectorDBError as error:
      failures.append(error)

  threads = [threading.Thread(target=create) for _ in range(8)]
  for thread in threads: thread.start()
  for thread in threads: thread.join()
  assert failures == []


def test_a_socket_in_the_file_system(table):
  class Local(Postgres):
    def command(self):
      return [*super().command(), "-c", f"unix_socket_directories={self.folder}/data", "-c", "listen_addresses="]

    def is_ready(self):
      return (self.folder / f"data/.s.PGSQL.{self.port}").exists()

  common = {"backend": "pgvector", "dimensions": 2, "timeout": 5}
  with Local(password="s3cret-word").started() as server:
    folder, port = f"{server.folder}/data", server.port
    for reach in (
      {"host": folder, "port": port, "user": "postgres", "password": "s3cret-word"},
      {"connection_string": f"host={folder} port={port} user=postgres password=s3cret-word"},
      {"url": f"postgresql://postgres:s3cret-word@{quote(folder, safe='')}:{port}/postgres"},
    ):
      with vectordb.create(table, **common, **reach) as db:
        db.upsert(["a", "b"], np.eye(2, dtype="<f4"))
        assert db.count() == 2 and db.search([1, 0])[0].id == "a"
    for nowhere, says in ((f"{folder}/missing", "missing"), ("/" + "x" * 200, "too long")):
      with pytest.raises(vectordb.UnavailableError, match=says):
        vectordb.create(table, **common, host=nowhere, port=port, user="postgres", resilience={"retry": False})
