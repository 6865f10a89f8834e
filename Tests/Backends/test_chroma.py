"""What is special about Chroma: other programs' collections, how records are stored, and what its server does differently."""

import json
import os
import threading
import urllib.error
import urllib.request

import numpy as np
import pytest
import vectordb

COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"


class Raw:
  """Chroma's own interface, for what another program would do."""

  def __init__(self, server):
    self.base = f"http://{server.host}:{server.port}{COLLECTIONS}"

  def call(self, method, path="", body=None):
    request = urllib.request.Request(
      self.base + path, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"},
      method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
      return json.loads(answer.read())

  def create(self, name, space="l2"):
    return "/" + self.call("POST", body={"name": name, "configuration": {"hnsw": {"space": space}}})["id"]

  def add(self, path, ids, vectors, metadata):
    self.call("POST", path + "/upsert", {"ids": ids, "embeddings": vectors, "metadatas": metadata})

  def drop(self, name):
    self.call("DELETE", "/" + name)

  def records(self, path):
    answer = self.call("POST", path + "/get", {"include": ["metadatas"]})
    return dict(zip(answer["ids"], answer["metadatas"]))

  def scalars(self, path):
    """The records without Chroma's own lists, which may be those of a collection that was dropped."""
    return {
      id: {key: value for key, value in (metadata or {}).items() if not isinstance(value, list)}
      for id, metadata in self.records(path).items()
    }


@pytest.fixture
def raw(chroma_server):
  return Raw(chroma_server)


@pytest.fixture
def name(request):
  return f"chroma-{os.getpid()}-{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture
def make(chroma_server, name, raw):
  made = []

  def create(own=name, **options):
    db = vectordb.create(own, **{**chroma_server.options, "dimensions": 2, "metric": "l2", **options})
    made.append(db)
    return db

  yield create
  for db in made:
    db.close()
  try:
    raw.drop(name)
  except urllib.error.HTTPError:
    pass


def test_a_collection_of_another_program_is_opened_as_it_is(chroma_server, raw, name, make):
  path = raw.create(name, "cosine")
  raw.add(path, ["a", "b", "c", "d"], [[1, 0], [0, 1], [1, 1], [-1, 0]], [
    {"tags": ["x", "y"], "n": 5, "big": 2**53 + 1}, {"tags": ["z"], "n": 5.5}, {"n": -5, "tags": "x"}, None,
  ])  # fmt: skip
  db = vectordb.create(name, **chroma_server.options, mode="open")
  described = db.describe()
  assert (described["dimensions"], described["metric"]) == (2, "cosine")
  assert db.get("a").metadata == {"tags": ["x", "y"], "n": 5, "big": 2**53 + 1}
  found = {
    '{"tags": "x"}': "ac", '{"tags": {"$ne": "x"}}': "bd", '{"tags": {"$in": ["y", "z"]}}': "ab",
    '{"n": 5}': "a", '{"n": 5.5}': "b", '{"n": {"$ne": 5.5}}': "acd", '{"n": {"$gt": 4.5}}': "ab",
    '{"n": {"$gte": 5.5}}': "b", '{"n": {"$lt": 5.5}}': "ac", '{"n": {"$lte": 5.5}}': "abc", '{"n": {"$gt": -5.5}}': "abc",
    '{"n": {"$lt": -4.5}}': "c", '{"n": {"$in": [-5, 5.5]}}': "bc", '{"n": {"$nin": [5, 5.5]}}': "cd",
  }  # fmt: skip
  for filter, ids in found.items():
    assert "".join(sorted(record.id for record in db.iterate(filter=json.loads(filter)))) == ids, filter
  with pytest.raises(vectordb.ConflictError, match="cosine"):
    make(metric="l2")
  with pytest.raises(vectordb.ConflictError, match="2 dimensions"):
    make(dimensions=3, metric="cosine")
  db.upsert(["e"], [[1, 2]], [{"tags": ["new"], "ok": True}])
  assert raw.records(path)["e"] == {"tags": ["new"], "ok": True}, "lists are lists for the others, too"
  db.upsert(["e"], [[1, 2]], [{"ok": False}])
  assert raw.records(path)["e"] == {"ok": False}
  db.close()


def test_records_of_ours_can_be_read_by_others(raw, name, make):
  db = make()
  db.upsert(["a", "_vdb:x"], [[1, 0], [0, 1]], [{"s": "v", "n": 5, "f": 0.5, "ok": True, "#k": 1, "tags": ["t", "t"]}, None])
  db.namespace("eu").upsert(["a"], [[1, 1]])
  [path] = ["/" + found["id"] for found in raw.call("GET", "?limit=1000") if found["name"] == name]
  assert raw.scalars(path) == {
    "a": {"s": "v", "n": 5, "f": 0.5, "ok": True, "_vdb_k:#k": 1, "_vdb_l:tags": '["t","t"]', "_vdb_i:4:tags:t": True},
    "_vdb:0::_vdb:x": {},
    "_vdb:2:eu:a": {"_vdb_ns": "eu", "_vdb_named": True},
  }
  assert {record.id: record.metadata for record in db.iterate()} == {
    "a": {"s": "v", "n": 5, "f": 0.5, "ok": True, "#k": 1, "tags": ["t", "t"]}, "_vdb:x": {},
  }  # fmt: skip


def test_every_form_of_a_key_makes_room_for_the_next(make):
  db = make()
  db.upsert(["a"], [[1, 0]], [{}])
  values = ["s", ["x", "y"], 5, ["y", "z"], True, ["z"], None, 0.5]
  for replace in (False, True):
    for value in values:
      db.update_metadata("a", {"k": value, "other": 1}, replace=replace)
      assert db.get("a").metadata == ({"other": 1} if value is None else {"k": value, "other": 1})
      for item in ["s", "x", "y", "z"]:
        holds = item == value or (isinstance(value, list) and item in value)
        assert db.count(filter={"k": item}) == int(holds), (value, item)
  for value in values:
    db.upsert(["a"], [[1, 0]], [{"k": value}])
    assert db.get("a").metadata == ({} if value is None else {"k": value})
    assert db.count(filter={"k": {"$in": ["x", "y"]}}) == int(isinstance(value, list) and bool({"x", "y"} & set(value)))


def test_lists_of_dropped_collections_do_not_show_in_other_records(raw, name, make):
  for _ in range(3):
    path = raw.create(name + "-gone")
    raw.add(path, [f"r{n}" for n in range(50)], [[1, 2]] * 50, [{"tags": ["secret"]}] * 50)
    raw.drop(name + "-gone")
  db = make()
  db.upsert([f"r{n}" for n in range(60)], np.ones((60, 2)), [{"n": n} for n in range(60)])
  assert db.count(filter={"tags": "secret"}) == 0
  assert all(set(record.metadata) == {"n"} for record in db.iterate())


def test_a_collection_that_was_made_anew_is_found_again(raw, name, make):
  db = make()
  db.add("old", [1, 0])
  raw.drop(name)
  with pytest.raises(vectordb.NotFoundError):
    db.add("nowhere", [1, 0])
  raw.create(name)
  db.add("new", [1, 0])
  assert [hit.id for hit in db.search([1, 0])] == ["new"]
  raw.drop(name)
  raw.add(raw.create(name), ["x"], [[1, 2, 3]], [None])
  with pytest.raises(vectordb.ConflictError):
    db.search([1, 0])


def test_more_than_the_server_takes_at_once(make):
  db = make(dimensions=16)
  vectors = np.random.default_rng(1).standard_normal((12_000, 16)).astype(np.float32)
  ids = [f"r{n}" for n in range(12_000)]
  assert db.upsert(ids, vectors).applied == 12_000
  assert db.count() == 12_000
  report = db.upsert(ids[:1200], vectors[:1200], [{"again": True}] * 1200)
  assert (report.applied, report.failed) == (1200, ())
  assert db.count(filter={"again": True}) == 1200
  assert sum(record is not None for record in db.get_many([*ids, "no"])) == 12_000
  assert db.delete(ids[:6000] + ["no"] + ids[:3]).deleted == 6000
  assert db.delete(filter={"again": {"$ne": True}}).deleted == 6000
  assert db.count() == 0


def test_a_repeated_id_is_written_once_and_counts_each_time(make):
  db = make()
  report = db.upsert(["a", "b", "a"], [[1, 0], [0, 1], [3, 4]], [{"n": 1}, None, {"m": 2}])
  assert report.applied == 3
  record = db.get("a", include_vectors=True)
  assert (record.metadata, list(record.vector)) == ({"m": 2}, [3, 4])


def test_pages_lose_nothing_while_records_are_deleted(make):
  db = make()
  db.upsert([f"r{n:03}" for n in range(300)], np.ones((300, 2)))
  seen = []
  for record in db.iterate(batch_size=20):
    seen.append(record.id)
    if len(seen) % 20 == 1:
      db.delete(seen[-1:])
  assert sorted(seen) == [f"r{n:03}" for n in range(300)]


def test_wide_filters_reach_the_server_and_do_not_end_it(make):
  db = make()
  db.upsert(["a", "b"], [[1, 0], [0, 1]], [{"k": 1999}, {"k": "x"}])
  assert db.count(filter={"$or": [{"k": n} for n in range(1500)] + [{"k": 1999}]}) == 1
  assert db.count(filter={"$and": [{"k": {"$ne": n}} for n in range(1500)]}) == 2
  assert db.count(filter={"k": {"$in": list(range(9000))}}) == 1
  with pytest.raises(vectordb.UnsupportedError, match="2000 conditions"):
    db.count(filter={"$or": [{"k": n} for n in range(5000)]})
  assert db.count() == 2


def test_a_database_that_does_not_exist(chroma_server):
  with pytest.raises(vectordb.NotFoundError, match="nowhere"):
    vectordb.create("docs", **chroma_server.options, dimensions=2, database="nowhere")
  for bad in ("ab", "a b", "-ab", "a" * 513):
    with pytest.raises(vectordb.InvalidOptionError, match="3 to 512"):
      vectordb.create("docs", **chroma_server.options, dimensions=2, collection=bad)


def test_what_a_search_cannot_be_told(make):
  db = make()
  with pytest.raises(vectordb.UnsupportedError, match="exact"):
    db.search([1, 0], exact=True)
  with pytest.raises(vectordb.UnsupportedError, match="ef"):
    db.search([1, 0], ef=50)


def test_creating_at_the_same_time_gives_one_collection(name, make):
  problems = []

  def create():
    try:
      make()
    except vectordb.VectorDBError as error:
      problems.append(error)

  threads = [threading.Thread(target=create) for _ in range(8)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert problems == []
  with pytest.raises(vectordb.AlreadyExistsError):
    make(mode="create")
  with pytest.raises(vectordb.ConflictError):
    make(dimensions=3)  # told by the collection, although it has no records yet


def test_the_address_comes_from_options_or_the_environment(chroma_server, name, make, monkeypatch):
  url = f"http://{chroma_server.host}:{chroma_server.port}/"
  monkeypatch.setenv("CHROMA_URL", url)
  db = vectordb.create(name, backend="chroma", dimensions=2)
  assert db.describe()["options"]["host"] == {"value": chroma_server.host, "source": "environment"}
  db.add("a", [1, 0])
  db.close()
  monkeypatch.setenv("CHROMA_URL", "http://127.0.0.1:1/")
  db = vectordb.create(name, backend="chroma", url=url)
  assert db.count() == 1
  db.close()
  for wrong in ({"url": "ftp://x"}, {"url": url, "port": 1}, {"host": "a:1", "port": 2}, {"url": url, "tls": True}):
    with pytest.raises(vectordb.InvalidOptionError):
      vectordb.create(name, backend="chroma", dimensions=2, **wrong)
