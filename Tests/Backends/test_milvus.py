"""What is special about backend "milvus": what others see of a collection, collections of others, options, loading."""

import json
import os
import threading

import numpy as np
import pytest
import vectordb

grpc = pytest.importorskip("grpc")
milvus_pb2 = pytest.importorskip("pymilvus.grpc_gen.milvus_pb2")
from pymilvus.grpc_gen import milvus_pb2_grpc, schema_pb2  # noqa: E402

DIMENSIONS = 4
VECTORS = np.eye(DIMENSIONS, dtype=np.float32)
_numbers = iter(range(10**6))


@pytest.fixture
def name():
  return f"milvus_{os.getpid()}_{next(_numbers)}"


@pytest.fixture
def make(milvus_server, name):
  """Opens a collection; it is dropped after the test."""
  made = []

  def open_database(**options):
    options = {"dimensions": DIMENSIONS, "index": "flat", "collection": name, **milvus_server.options, **options}
    made.append(vectordb.create("docs", **{key: value for key, value in options.items() if value is not None}))
    return made[-1]

  yield open_database
  for db in made:
    try:
      db.drop()
    except vectordb.VectorDBError:
      pass
    db.close()


@pytest.fixture
def milvus(milvus_server):
  """Calls of the protocol, as another client makes them."""
  with grpc.insecure_channel(f"{milvus_server.host}:{milvus_server.port}") as channel:
    yield milvus_pb2_grpc.MilvusServiceStub(channel)


def rows(milvus, name, expression='id != ""'):
  """Keys and documents of a collection."""
  answer = milvus.Query(
    milvus_pb2.QueryRequest(collection_name=name, expr=expression, output_fields=["id", "metadata"]))
  assert answer.status.code == 0, answer.status
  columns = {field.field_name: field for field in answer.fields_data}
  return dict(zip(columns["id"].scalars.string_data.data, columns["metadata"].scalars.json_data.data))


def test_what_others_see(make, milvus, name):
  db = make()
  db.upsert(["a", "b"], VECTORS[:2], [{"s": "x", "n": 1}, {"t": True}])
  db.namespace("t/1").add("a", VECTORS[2])
  found = rows(milvus, name)
  assert sorted(found) == ["_vdb_ns_t_2f1:a", "a", "b"]
  assert json.loads(found["a"]) == {"s": "x", "n": 1}
  assert json.loads(found["b"])["t"] is True
  partitions = milvus.ShowPartitions(milvus_pb2.ShowPartitionsRequest(collection_name=name)).partition_names
  assert sorted(partitions) == ["_default", "ns_t_2f1"]
  assert db.get("b").metadata == {"t": True}


def test_an_id_that_looks_like_a_key_of_a_namespace_is_an_id(make):
  db = make()
  view = db.namespace("t")
  view.add("a", VECTORS[0], {"w": "view"})
  db.add("_vdb_ns_t:a", VECTORS[1], {"w": "id"})
  assert view.get("a").metadata == {"w": "view"} and db.get("_vdb_ns_t:a").metadata == {"w": "id"}
  assert [record.id for record in db.iterate()] == ["_vdb_ns_t:a"]
  view.clear()
  assert db.count() == 1 and view.count() == 0


def test_a_name_too_long_for_a_partition_is_told_by_its_records(make):
  db = make()
  long = "é" * 127
  db.namespace(long).add("a", VECTORS[0], {"k": "v"})
  assert db.namespaces() == [long]
  record = db.namespace(long).get("a")
  assert record.id == "a" and record.metadata == {"k": "v"}


@pytest.mark.parametrize("dynamic", [False, True])
def test_a_collection_of_others(make, milvus, name, dynamic):
  schema = schema_pb2.CollectionSchema(name=name, enable_dynamic_field=dynamic)
  schema.fields.add(name="key", is_primary_key=True, data_type=21).type_params.add(key="max_length", value="64")
  schema.fields.add(name="emb", data_type=101).type_params.add(key="dim", value=str(DIMENSIONS))
  if not dynamic:
    schema.fields.add(name="payload", data_type=23)
  assert milvus.CreateCollection(
    milvus_pb2.CreateCollectionRequest(collection_name=name, schema=schema.SerializeToString())).code == 0
  with pytest.raises(vectordb.ConflictError, match="no index"):
    make(dimensions=None)
  request = milvus_pb2.CreateIndexRequest(collection_name=name, field_name="emb")
  for key, value in {"index_type": "FLAT", "metric_type": "L2", "params": "{}"}.items():
    request.extra_params.add(key=key, value=value)
  assert milvus.CreateIndex(request).code == 0
  db = make(dimensions=None, mode="open")
  db.upsert(["a", "b"], VECTORS[:2], [{"n": 1}, {"n": 2}])
  assert [hit.id for hit in db.search(VECTORS[1], top_k=1, filter={"n": {"$gt": 1}})] == ["b"]
  assert db.search(VECTORS[0], top_k=1)[0].distance == 0
  assert db.get("a").metadata == {"n": 1}
  if dynamic:
    with pytest.raises(vectordb.UnsupportedError, match="dynamic"):
      db.count(filter={"s": "x"})
  with pytest.raises(vectordb.ConflictError, match="metric"):
    make(dimensions=None, metric="cosine")
  with pytest.raises(vectordb.ConflictError, match="id_field"):
    make(dimensions=None, id_field="emb")


def test_integer_keys_are_a_conflict(make, milvus, name):
  schema = schema_pb2.CollectionSchema(name=name)
  schema.fields.add(name="id", is_primary_key=True, data_type=5)
  schema.fields.add(name="vector", data_type=101).type_params.add(key="dim", value=str(DIMENSIONS))
  milvus.CreateCollection(
    milvus_pb2.CreateCollectionRequest(collection_name=name, schema=schema.SerializeToString()))
  with pytest.raises(vectordb.ConflictError, match="VarChar"):
    make()
  milvus.DropCollection(milvus_pb2.DropCollectionRequest(collection_name=name))


def test_a_collection_that_was_released_is_loaded_again(make, milvus, name):
  db = make()
  db.add("a", VECTORS[0], {"n": 1})
  for read in (
    lambda: db.search(VECTORS[0], top_k=1)[0].id == "a",
    lambda: db.get("a").id == "a",
    lambda: db.count(filter={"n": 1}) == 1,
    lambda: db.delete(filter={"n": 1}).deleted == 1,
  ):
    assert milvus.ReleaseCollection(milvus_pb2.ReleaseCollectionRequest(collection_name=name)).code == 0
    assert read()


def test_indexes(make, milvus, name):
  db = make(index={"kind": "hnsw", "m": 8, "ef_construction": 50}, metric="dot")
  rng = np.random.default_rng(7)
  vectors = rng.normal(size=(300, DIMENSIONS)).astype(np.float32)
  db.upsert([f"i{n}" for n in range(300)], vectors)
  assert len(db.search(vectors[0], top_k=200, ef=10)) == 200
  with pytest.raises(vectordb.UnsupportedError, match="flat"):
    db.search(vectors[0], top_k=1, exact=True)
  for kind in ("ivf", "flat"):
    db.create_index(kind)
    described = milvus.DescribeIndex(milvus_pb2.DescribeIndexRequest(collection_name=name)).index_descriptions
    kinds = [pair.value for index in described for pair in index.params if pair.key == "index_type"]
    assert kinds == [{"ivf": "IVF_FLAT", "flat": "FLAT"}[kind]]
    assert len(db.search(vectors[0], top_k=5)) == 5
  best = np.argsort(-(vectors @ vectors[5]))[:5]
  assert [hit.id for hit in db.search(vectors[5], top_k=5, exact=True)] == [f"i{n}" for n in best]


@pytest.mark.parametrize(
  ("options", "words"),
  [
    ({"collection": "a-b"}, "collection"),
    ({"collection": "x" * 256}, "collection"),
    ({"collection": "1a"}, "collection"),
    ({"database": "a/b"}, "database"),
    ({"consistency": "weak"}, "consistency"),
    ({"token": "a", "username": "b"}, "username"),
    ({"token": "a", "api_key": "b"}, "api_key"),
    ({"username": "b"}, "password"),
    ({"url": "http://localhost:1", "host": "localhost"}, "host"),
    ({"url": "localhost:1"}, "url"),
    ({"url": "http://localhost:1/a/b"}, "url"),
    ({"host": "localhost:1", "port": 2}, "port"),
    ({"metadata_field": "a b"}, "metadata_field"),
    ({"colection": "a"}, "collection"),
  ],
)
def test_wrong_options_are_named(options, words):
  with pytest.raises(vectordb.InvalidOptionError, match=words):
    vectordb.create("docs", backend="milvus", dimensions=2, connect="lazy", **options)


def test_the_name_of_a_database_may_be_no_name_of_a_collection():
  with pytest.raises(vectordb.InvalidOptionError, match="option \"collection\""):
    vectordb.create("my docs", backend="milvus", dimensions=2, connect="lazy")


def test_the_environment_names_server_and_token(monkeypatch, milvus_server, name):
  address = f"http://{milvus_server.host}:{milvus_server.port}"
  monkeypatch.setenv("MILVUS_URI", address)
  monkeypatch.setenv("MILVUS_TOKEN", "root:very-secret-word")
  with vectordb.create("docs", backend="milvus", dimensions=2, collection=name) as db:
    db.add("a", [1, 0])
    assert "very-secret-word" not in repr(db)
    db.drop()


def test_a_url_with_a_path_names_the_database(milvus_server):
  url = f"http://{milvus_server.host}:{milvus_server.port}/no_such_database"
  with pytest.raises(vectordb.VectorDBError, match="no_such_database"):
    vectordb.create("docs", backend="milvus", dimensions=2, url=url, resilience={"retry": False})


def test_many_databases_create_one_collection(make):
  made, errors = [], []

  def open_one():
    try:
      made.append(make())
    except Exception as error:  # noqa: BLE001
      errors.append(error)

  threads = [threading.Thread(target=open_one) for _ in range(6)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert not errors
  made[0].add("a", VECTORS[0])
  assert all(db.count() == 1 for db in made)


def test_pages_through_many_records_miss_none(make):
  db = make(dimensions=2)
  ids = [f"{n * 7919 % 5000:x}" for n in range(5000)]
  db.upsert(ids, np.ones((5000, 2), dtype=np.float32), [{"even": n % 2 == 0} for n in range(5000)])
  seen = [record.id for record in db.iterate(batch_size=999)]
  assert sorted(seen) == sorted(ids) and seen == sorted(seen)
  assert sum(1 for _ in db.iterate(batch_size=500, filter={"even": True})) == 2500
  assert db.delete(filter={"even": False}).deleted == 2500
  assert db.count() == 2500
