"""What is special about backend "redis": its index, its records as others see them, and the ways to its server."""

import os
import socket
import struct
import threading

import numpy as np
import pytest
import servers
import vectordb
from servers.redis import Redis

DIMENSIONS = 4


@pytest.fixture
def send(redis_server):
  """Sends one command to the shared server and returns what it answers, as redis-cli would read it."""
  return lambda *words: command(redis_server, *words)


def command(server, *words):
  """One command over a connection of its own; the answer in Python's words, an error as RuntimeError."""
  parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
  with socket.create_connection((server.host, server.port), timeout=10) as connection:
    head = b"*%d\r\n" % len(parts)
    connection.sendall(head + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts))
    with connection.makefile("rb") as replies:
      return read(replies)


def read(replies):
  line = replies.readline()[:-2]
  kind, rest = line[:1], line[1:]
  if kind == b"-":
    raise RuntimeError(rest.decode())
  if kind == b":":
    return int(rest)
  if kind == b"$":
    return None if rest == b"-1" else replies.read(int(rest) + 2)[:-2]
  if kind == b"*":
    return None if rest == b"-1" else [read(replies) for _ in range(int(rest))]
  return rest


def vector(*values):
  return struct.pack(f"<{len(values)}f", *values)


_names = iter(range(10**6))


@pytest.fixture
def name():
  return f"redis_{os.getpid()}_{next(_names)}"


@pytest.fixture
def make(redis_server, name):
  """Opens a database on the shared server; what is left of its index is dropped after the test."""
  made = []

  def create(index_name=name, **options):
    settings = {"dimensions": DIMENSIONS, "metric": "l2", **redis_server.options, "index_name": index_name, **options}
    made.append(vectordb.create("redis", **settings))
    return made[-1]

  yield create
  for db in made:
    if not db.closed:
      try:
        db.drop()
      except vectordb.VectorDBError:
        pass  # dropped already, or not ours to drop
      db.close()


def test_records_are_hashes_that_others_can_read(make, name, send):
  db = make()
  db.add("a", [1, 2, 3, 4], {"lang": "en", "year": 2020, "ok": True, "tags": ["x", " y"]})
  fields = send("HGETALL", f"{name}:a")
  found = dict(zip(fields[::2], fields[1::2]))
  assert found[b"vec"] == vector(1, 2, 3, 4)
  assert found[b"_vdb_meta"] == b'{"lang":"en","year":2020,"ok":true,"tags":["x"," y"]}'
  assert found[b"lang__s"] == b"en\x1f~" and found[b"year__n"] == b"2020" and found[b"ok__b"] == b"true"
  assert found[b"tags__s"].startswith(b"x\x1f~") and len(found) == 7


def test_writing_again_leaves_nothing_of_the_old_record(make, name, send):
  db = make()
  db.add("a", [1, 0, 0, 0], {"old": "x", "both": 1})
  db.add("a", [0, 1, 0, 0], {"both": "now text"})
  fields = send("HGETALL", f"{name}:a")
  assert sorted(fields[::2]) == [b"_vdb_meta", b"_vdb_ns", b"both__s", b"vec"]
  assert db.count(filter={"old": "x"}) == 0 and db.count(filter={"both": 1}) == 0
  db.update_metadata("a", {"both": None, "third": True})
  assert sorted(send("HKEYS", f"{name}:a")) == [b"_vdb_meta", b"_vdb_ns", b"third__b", b"vec"]


def test_indexes_whose_names_begin_alike_keep_apart(make, name, send):
  outer, inner = make(name), make(f"{name}:inner")
  inner.add("a", [1, 0, 0, 0])
  outer.add("inner:b", [1, 0, 0, 0])
  assert [db.count() for db in (outer, inner)] == [1, 1]
  outer.clear()
  outer.drop()
  assert inner.get("a") is not None and inner.count() == 1


def test_namespaces_that_another_handle_makes_are_kept_apart_at_once(make):
  first, second = make(), make()
  first.add("mine", [1, 0, 0, 0], {"k": 1})
  assert [hit.id for hit in first.search([1, 0, 0, 0])] == ["mine"]
  other = second.namespace("t")
  other.upsert([f"o{n}" for n in range(20)], np.tile([1, 0, 0, 0], (20, 1)), [{"k": 1}] * 20)
  for _ in range(2):
    assert [hit.id for hit in first.search([1, 0, 0, 0])] == ["mine"]
    assert [hit.id for hit in first.search([1, 0, 0, 0], filter={"k": 1})] == ["mine"]
  assert len(other.search([1, 0, 0, 0], top_k=50)) == 20
  assert first.count() == 1 and first.namespaces() == ["", "t"]
  other.clear()
  assert first.namespaces() == [""]


def test_a_namespace_with_any_name(make):
  db = make()
  names = [" ", "a b", "~", "\x1f", "é", "e\u0301", "x" * 255, "1:a", "a|b", "\\", "*"]
  for n, each in enumerate(names):
    db.namespace(each).add("id", [n, 0, 0, 0], {"n": n})
  assert db.namespaces() == sorted(names, key=lambda each: each.encode())
  for n, each in enumerate(names):
    view = db.namespace(each)
    assert view.count() == 1 and view.get("id").metadata == {"n": n}
    assert [hit.metadata["n"] for hit in view.search([0, 0, 0, 0], top_k=99)] == [n]
    assert [record.metadata["n"] for record in view.iterate()] == [n]


def test_columns_that_another_handle_added_are_found(make):
  first, second = make(), make()
  second.add("a", [1, 0, 0, 0], {"fresh": "x"})
  assert first.count(filter={"fresh": "x"}) == 1
  first.add("b", [1, 0, 0, 0], {"fresh": "y", "other": 1})
  assert second.count(filter={"fresh": {"$exists": True}, "other": {"$exists": False}}) == 1


def test_many_writers_with_new_keys_lose_nothing(make):
  handles = [make() for _ in range(6)]

  def write(n):
    for step in range(10):
      handles[n].add(f"{n}-{step}", [n, step, 0, 0], {f"key {step}": n, f"own {n} {step}": "x"})

  run(write, range(6))
  assert handles[0].count() == 60
  for step in range(10):
    assert handles[0].count(filter={f"key {step}": {"$exists": True}}) == 6
    assert handles[1].count(filter={f"own 3 {step}": "x"}) == 1


def test_metadata_that_many_change_loses_no_change(make):
  db = make()
  db.add("a", [1, 0, 0, 0])

  def change(n):
    for step in range(8):
      while True:
        try:
          db.update_metadata("a", {f"{n} {step}": True})
          break
        except vectordb.VectorDBError as error:
          assert "keep changing" in str(error), error

  run(change, range(4))
  assert len(db.get("a").metadata) == 32


def run(work, items):
  problems = []

  def guarded(item):
    try:
      work(item)
    except BaseException as error:
      problems.append(error)

  threads = [threading.Thread(target=guarded, args=(item,)) for item in items]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  if problems:
    raise problems[0]


def test_declared_fields_are_there_before_the_first_record(make, name, send):
  make(fields={"lang": "string", "year": "number"})
  assert {b"lang__s", b"year__n"} <= set(attributes(send, name))


def attributes(send, name):
  info = send("FT.INFO", name)
  found = dict(zip(info[::2], info[1::2]))[b"attributes"]
  return {each[each.index(b"attribute") + 1]: each for each in found}


def test_an_hnsw_index_has_its_parameters_and_can_be_made_exact(make, name, send):
  db = make(index={"kind": "hnsw", "m": 6, "ef_construction": 40}, dimensions=24)
  graph = attributes(send, name)[b"vec"]
  found = dict(zip(graph[::2], graph[1::2]))
  assert (found[b"algorithm"], found[b"M"], found[b"ef_construction"]) == (b"HNSW", 6, 40)
  rows = np.random.default_rng(3).standard_normal((3000, 24)).astype(np.float32)
  db.upsert([f"r{n}" for n in range(3000)], rows, [{"odd": n % 2} for n in range(3000)])
  query = np.random.default_rng(4).standard_normal(24).astype(np.float32)
  nearest = [f"r{n}" for n in np.argsort(((rows - query) ** 2).sum(1))]
  assert [hit.id for hit in db.search(query, top_k=50, exact=True)] == nearest[:50]
  near = {hit.id for hit in db.search(query, top_k=50, ef=2000)}
  assert len(near & set(nearest[:50])) >= 45
  odd = [hit.id for hit in db.search(query, top_k=20, filter={"odd": 1}, exact=True)]
  assert odd == [each for each in nearest if int(each[1:]) % 2][:20]


def test_an_index_stays_what_it_was_made_as(make):
  db = make()
  db.create_index("flat")
  with pytest.raises(vectordb.UnsupportedError, match="flat"):
    db.create_index("hnsw")


def test_many_records_go_in_many_requests(make):
  db = make(dimensions=64)
  rows = np.random.default_rng(5).standard_normal((9000, 64)).astype(np.float32)
  ids = [f"r{n}" for n in range(9000)]
  report = db.upsert(ids + ids[:10], np.concatenate([rows, rows[:10] + 1]), [{"n": n} for n in range(9010)])
  assert report.applied == 9010 and db.count() == 9000
  assert [record.metadata["n"] for record in db.get_many(["r0", "r10", "r8999"])] == [9000, 10, 8999]
  np.testing.assert_array_equal(db.get("r3").vector, rows[3] + 1)
  assert db.delete(ids[:7000]).deleted == 7000 and db.count() == 2000
  assert db.delete(filter={"n": {"$gte": 8000}}).deleted == 1000
  assert sum(1 for _ in db.iterate(batch_size=7)) == 1000


def test_pages_go_on_after_a_restart(name):
  with servers.redis() as server:
    db = vectordb.create(name, dimensions=2, metric="l2", **server.options)
    ids = {f"r{n}" for n in range(500)}
    db.upsert(sorted(ids), np.zeros((500, 2), np.float32))
    pages = db.iterate(batch_size=100)
    seen = {next(pages).id for _ in range(250)}
    server.restart()
    seen |= {record.id for record in pages}
    assert seen == ids
    db.close()


def test_an_index_made_over_old_records_finds_them_by_any_key(make, name, send):
  db = make()
  db.add("a", [1, 0, 0, 0], {"lang": "en"})
  db.close()
  send("FT.DROPINDEX", name)
  again = make()
  assert again.count() == 1 and b"_vdb_old" in attributes(send, name)
  again.add("b", [0, 1, 0, 0], {"lang": "de"})
  again.flush()
  assert again.count(filter={"lang": "en"}) == 1


def test_a_hash_that_cannot_be_indexed_is_told_by_flush(make, name, send):
  db = make()
  db.flush()
  send("HSET", f"{name}:bad", "vec", b"short", "_vdb_ns", "~")
  with pytest.raises(vectordb.VectorDBError, match="could not index 1"):
    db.flush()
  db.flush()
  assert db.get("bad") is None or db.get("bad").id == "bad"
  assert db.count() == 0


def test_tiny_and_huge_vectors_keep_their_direction(make):
  db = make(metric="cosine")
  db.upsert(["tiny", "huge"], np.array([[1e-30, 0, 0, 0], [0, 9e17, 0, 0]], np.float32))
  hits = {hit.id: hit.distance for hit in db.search(np.array([2e-30, 1e-30, 0, 0], np.float32))}
  assert hits == pytest.approx({"tiny": 1 - 2 / 5**0.5, "huge": 1 - 1 / 5**0.5}, abs=1e-5)


# Indexes of others.


@pytest.fixture
def foreign(name, send):
  """An index that another program made."""
  send(
    *("FT.CREATE", name, "PREFIX", "1", f"{name}/", "SCHEMA", "embedding", "VECTOR", "FLAT", "6", "TYPE", "FLOAT32"),
    *("DIM", "2", "DISTANCE_METRIC", "L2", "color", "TAG", "size", "NUMERIC", "body", "TEXT"),
  )
  for n, color in enumerate(["red", "green", "red,blue"]):
    send("HSET", f"{name}/{n}", "embedding", vector(n, 0), "color", color, "size", n * 1.5, "body", f"text {n}")
  return name


def test_an_index_of_others_is_searched_and_read(foreign, make):
  db = make(foreign, dimensions=None, metric=None)
  hits = db.search([0.9, 0], include_vectors=True)
  assert [(hit.id, hit.metadata["size"]) for hit in hits] == [("1", 1.5), ("0", 0), ("2", 3)]
  assert hits[0].metadata == {"body": "text 1", "color": "green", "size": 1.5} and list(hits[0].vector) == [1, 0]
  assert hits[2].metadata["color"] == ["red", "blue"]
  assert [hit.id for hit in db.search([0, 0], filter={"color": "red"})] == ["0", "2"]
  assert [hit.id for hit in db.search([0, 0], filter={"size": {"$gt": 1}, "color": {"$ne": "red"}})] == ["1"]
  assert db.count() == 3 and db.count(filter={"color": "blue"}) == 1
  assert db.get("2").metadata["body"] == "text 2" and db.get("9") is None
  assert sorted(record.id for record in db.iterate(filter={"color": "red"})) == ["0", "2"]
  assert [hit.id for hit in db.search_by_id("0", top_k=1)] == ["1"]


def test_an_index_of_others_is_not_written(foreign, make, send):
  db = make(foreign, dimensions=None, metric=None)
  for write in (
    lambda: db.add("x", [1, 2]), lambda: db.delete("0"), lambda: db.delete(filter={"color": "red"}), db.clear, db.drop,
    lambda: db.update_metadata("0", {"a": 1}),
  ):
    with pytest.raises(vectordb.VectorDBError, match="not made by this library"):
      write()
  assert send("HLEN", f"{foreign}/0") == 4 and db.count() == 3
  send("FT.DROPINDEX", foreign, "DD")


def test_a_vector_field_must_be_there(foreign, make):
  with pytest.raises(vectordb.NotFoundError, match="nothing"):
    make(foreign, dimensions=None, metric=None, vector_field="nothing")
  with make(foreign, dimensions=None, metric=None, vector_field="embedding") as db:
    assert db.count() == 3


# The way to the server.


def test_urls_and_hosts_reach_the_server(redis_server, name):
  address = f"{redis_server.host}:{redis_server.port}"
  for options in (
    {"url": f"redis://{address}"}, {"url": f"redis://{address}/0"}, {"host": address}, {"port": redis_server.port},
    {"host": "localhost", "port": redis_server.port}, {"env": {"REDIS_URL": f"redis://{address}"}},
  ):
    with vectordb.create(name, backend="redis", dimensions=2, **options) as db:
      assert db.count() == 0
  with vectordb.create(name, backend="redis", port=redis_server.port) as db:
    db.drop()


@pytest.mark.parametrize(
  ("options", "message"),
  [
    ({"url": "redis://h/3"}, "another database than 0"), ({"url": "http://h"}, "another scheme"),
    ({"url": "redis://h", "port": 1}, "both say"), ({"username": "u"}, "needs option \"password\""),
    ({"ca_file": "/x"}, "needs \"tls\""), ({"insecure": True}, "needs \"tls\""), ({"host": "/s", "tls": True}, "no TLS"),
    ({"url": "rediss://h", "tls": False}, "rediss"), ({"indexname": "x"}, "index_name"), ({"host": "h:1", "port": 2}, "port"),
  ],
)
def test_options_that_make_no_sense_are_refused(options, message):
  with pytest.raises(vectordb.InvalidArgumentError, match=message):
    vectordb.create("x", backend="redis", dimensions=2, **options)


def test_passwords_and_tls(name):
  try:
    server = servers.redis(password="s3cret-word", tls=True)
  except servers.NotInstalled as reason:
    pytest.skip(str(reason))
  with server:
    with vectordb.create(name, dimensions=2, metric="l2", **server.options) as db:
      db.upsert([f"r{n}" for n in range(3000)], np.ones((3000, 2), np.float32), [{"n": n} for n in range(3000)])
      assert db.count(filter={"n": {"$lt": 10}}) == 10
      assert len(db.search([1, 1], top_k=2000, include_vectors=True)) == 2000
      assert "s3cret" not in str(db.describe()) + str(db.health())
    authority = server.options["ca_file"]
    for changed, error in (
      ({"password": "wrong"}, vectordb.UnauthenticatedError), ({"password": None}, vectordb.UnauthenticatedError),
      ({"ca_file": None}, vectordb.UnavailableError), ({"ca_file": str(server.folder)}, vectordb.VectorDBError),
    ):
      with pytest.raises(error) as caught:
        vectordb.create(name, dimensions=2, **{**server.options, **changed})
      assert "s3cret" not in str(caught.value)
    url = f"rediss://:s3cret-word@{server.host}:{server.port}"
    with vectordb.create(name, backend="redis", url=url, ca_file=authority) as db:
      assert db.count() == 3000 and "s3cret" not in str(db.describe())
    with vectordb.create(name, backend="redis", url=url, insecure=True) as db:
      assert db.count() == 3000
    with pytest.raises(vectordb.VectorDBError):
      vectordb.create(name, backend="redis", host=server.host, port=server.port, password="s3cret-word", timeout=5)


def test_a_server_without_the_query_engine_is_told_so():
  class Plain(Redis):
    def prepare(self):
      super().prepare()
      self.modules = []

  with Plain().started() as server:
    with pytest.raises(vectordb.UnsupportedError, match="query engine"):
      vectordb.create("x", dimensions=2, **server.options)


def test_a_full_server_refuses_writes_and_says_so(name):
  with servers.redis(durable=False) as server:
    with vectordb.create(name, dimensions=DIMENSIONS, metric="l2", **server.options) as db:
      db.add("before", [1, 0, 0, 0])
      command(server, "CONFIG", "SET", "maxmemory", "1mb")
      with pytest.raises(vectordb.VectorDBError, match="maxmemory") as caught:
        db.add("after", [1, 0, 0, 0])
      assert caught.value.applied == "no" and caught.value.attempts == 1
      command(server, "CONFIG", "SET", "maxmemory", "0")
      assert db.get("after") is None and db.get("before") is not None


def test_a_socket_in_the_file_system(name):
  class Local(Redis):
    def command(self):
      return [*super().command(), "--unixsocket", self.folder / "socket"]

  with Local().started() as server:
    path = str(server.folder / "socket")
    for options in ({"host": path}, {"url": f"unix://{path}"}):
      with vectordb.create(name, backend="redis", dimensions=2, **options) as db:
        db.add("a", [1, 0])
        assert db.count() == 1


def test_a_replica_is_read_and_not_written(redis_server, name):
  with servers.redis(durable=False) as replica:
    db = vectordb.create(name, dimensions=2, metric="l2", **replica.options)
    db.add("a", [1, 0])
    command(replica, "REPLICAOF", "127.0.0.1", "1")
    try:
      with pytest.raises(vectordb.VectorDBError, match="replica") as caught:
        db.add("b", [1, 0], timeout=5)
      assert caught.value.applied == "no"
    finally:
      command(replica, "REPLICAOF", "NO", "ONE")
    db.add("b", [1, 0])
    db.close()
