"""Every operation does what its name says."""

import math

import numpy as np
import pytest
import vectordb


def ids(rows):
  return [row.id for row in rows]


def test_search_gives_matches_by_distance(filled):
  hits = filled.search([0.1, 0, 0], top_k=2)
  assert ids(hits) == ["a", "b"]
  assert hits[0].distance == pytest.approx(0.1) and hits[0].score == pytest.approx(1 / 1.1)
  assert hits[0].metadata == {"lang": "en", "year": 2020} and hits[0].vector is None
  assert "'a'" in repr(hits[0])


def test_search_with_vectors_and_without_metadata(filled):
  (hit,) = filled.search([2, 0, 0], 1, include_vectors=True, include_metadata=False)
  assert hit.metadata is None
  assert hit.vector.dtype == np.float32 and hit.vector.tolist() == [2, 0, 0]


def test_a_record_without_metadata_has_an_empty_dict(filled):
  assert filled.search([2, 0, 0], 1)[0].metadata == {}
  assert filled.get("c").metadata == {}


def test_search_filter_and_bounds(filled):
  assert ids(filled.search([0, 0, 0], filter={"lang": "de"})) == ["b"]
  assert ids(filled.search([0, 0, 0], filter={"year": {"$gte": np.int64(2020)}})) == ["a"]
  assert ids(filled.search([0, 0, 0], filter={"tags": "y"})) == ["b"]
  assert ids(filled.search([0, 0, 0], filter={})) == ["a", "b", "c"]
  assert ids(filled.search([0, 0, 0], max_distance=1.5)) == ["a", "b"]
  assert ids(filled.search([0, 0, 0], min_score=0.9)) == ["a"]
  assert ids(filled.search([0, 0, 0], exact=True, ef=50, timeout=5)) == ["a", "b", "c"]
  assert filled.search([0, 0, 0], filter={"lang": "fr"}) == []


def test_search_batch_keeps_queries_apart(filled):
  many = filled.search_batch([[0, 0, 0], [2, 0, 0]], top_k=2)
  assert [ids(hits) for hits in many] == [["a", "b"], ["c", "b"]]
  assert many[1][1].metadata == {"lang": "de", "tags": ["x", "y"]}


def test_search_arrays(filled):
  found, scores = filled.search_arrays([[0, 0, 0], [2, 0, 0]], top_k=2)
  assert found.tolist() == [["a", "b"], ["c", "b"]]
  assert scores.shape == (2, 2) and scores.dtype == np.float32
  scores[0, 0] = 7  # the arrays are the caller's
  found, scores, distances = filled.search_arrays([2, 0, 0], top_k=9, include_distances=True)
  assert found.tolist() == ["c", "b", "a"] and distances.tolist() == [0, 1, 2]
  assert filled.search_arrays(np.zeros((1, 3)), top_k=2)[0].tolist() == [["a", "b"]]


def test_search_arrays_fills_short_answers_up(filled):
  found, scores, distances = filled.search_arrays(
    [[0, 0, 0], [9, 0, 0]], max_distance=1.5, include_distances=True
  )
  assert found.tolist() == [["a", "b"], [None, None]]
  assert np.isnan(scores[1]).all() and np.isnan(distances[1]).all() and not np.isnan(scores[0]).any()
  found, scores = filled.search_arrays([[0, 0, 0]] * 2, filter={"lang": "fr"})
  assert found.shape == scores.shape == (2, 0)
  assert filled.search_arrays([0, 0, 0], filter={"lang": "fr"})[0].shape == (0,)


def test_search_by_id_leaves_itself_out(filled):
  assert ids(filled.search_by_id("b", 5)) == ["a", "c"]
  with pytest.raises(vectordb.NotFoundError, match="zzz"):
    filled.search_by_id("zzz")


def test_k_larger_than_the_database_gives_what_there_is(filled):
  assert len(filled.search([0, 0, 0], 1000)) == 3
  assert len(filled.search([0, 0, 0], 2**63)) == 3


def test_get(filled):
  record = filled.get("b")
  assert record.id == "b" and record.vector.tolist() == [1, 0, 0] and record.metadata["lang"] == "de"
  assert filled.get("nope") is None
  rows = filled.get_many(["c", "nope", "a", "c"])
  assert [row and row.id for row in rows] == ["c", None, "a", "c"]
  assert filled.get_many(["a"], include_vectors=False, include_metadata=False)[0].vector is None
  assert filled.get_many([]) == []


def test_upsert_replaces_whole_records(filled):
  filled.add("a", [5, 5, 5])
  assert filled.get("a").metadata == {} and filled.count() == 3
  report = filled.upsert(["d", "d"], [[1, 1, 1], [2, 2, 2]])
  assert report.failed == () and filled.get("d").vector.tolist() == [2, 2, 2]


@pytest.mark.parametrize(
  "vectors",
  [
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.arange(6, dtype=np.float64).reshape(2, 3),
    np.arange(6, dtype=np.int32).reshape(2, 3),
    np.arange(6, dtype=np.float16).reshape(2, 3),
    np.arange(6, dtype=">f4").reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    np.hstack([np.arange(6, dtype=np.float32).reshape(2, 3)] * 2)[:, :3],
    np.repeat(np.arange(6, dtype=np.float32).reshape(2, 3), 2, axis=0)[::2],
    np.arange(6, dtype=np.float32).reshape(2, 3)[::-1][::-1],
    [[0, 1, 2], [3.0, 4, 5]],
    [np.array([0, 1, 2], np.float32), (3, 4, 5)],
    memoryview(np.arange(6, dtype=np.float32).reshape(2, 3)),
  ],
)
def test_every_kind_of_array_is_understood(db, vectors):
  db.upsert(["a", "b"], vectors)
  assert db.get("a").vector.tolist() == [0, 1, 2] and db.get("b").vector.tolist() == [3, 4, 5]
  assert db.search_batch(vectors, 1)[1][0].id == "b"


def test_reversed_and_read_only_rows(db):
  rows = np.arange(6, dtype=np.float32).reshape(2, 3)
  rows.setflags(write=False)
  db.upsert(["b", "a"], rows[::-1])
  assert db.get("a").vector.tolist() == [0, 1, 2]
  assert db.search(rows[0], 1)[0].id == "a"
  assert db.search(np.arange(12, dtype=np.float32)[::2][:3] / 2, 1)[0].id == "a"


def test_delete(filled):
  assert filled.delete(["a", "nope"]).deleted == 1
  assert filled.delete("b").deleted == 1
  assert filled.delete(filter={"lang": "en"}).deleted == 0
  assert ids(filled.iterate()) == ["c"]


def test_ids_beyond_ascii_stay_apart(db):
  ids = ["a", "é", "日本", "😀z", "plain"]
  db.upsert(ids, [[row, 0, 0] for row in range(5)], [{"id": id} for id in ids])
  hits = db.search([0, 0, 0], 5, include_vectors=True)
  assert [hit.id for hit in hits] == ids == [hit.metadata["id"] for hit in hits]
  assert [hit.vector[0] for hit in hits] == [0, 1, 2, 3, 4]
  assert db.search_arrays([0, 0, 0], 5)[0].tolist() == ids


def test_delete_by_filter(filled):
  assert filled.delete(filter={"lang": {"$in": ["en", "de"]}}).deleted == 2
  assert filled.count() == 1


def test_update_metadata(filled):
  filled.update_metadata("a", {"year": None, "ok": True})
  assert filled.get("a").metadata == {"lang": "en", "ok": True}
  filled.update_metadata("a", {"x": 1.5}, replace=True)
  assert filled.get("a").metadata == {"x": 1.5}
  filled.update_metadata(["b", "c"], [{"lang": "fr"}, {"n": 1}])
  assert filled.get("b").metadata["lang"] == "fr" and filled.get("c").metadata == {"n": 1}
  with pytest.raises(vectordb.NotFoundError, match="nope"):
    filled.update_metadata(["a", "nope"], [{"q": 1}, {"q": 1}])
  assert filled.get("a").metadata == {"x": 1.5}


def test_iterate_pages_through_everything(db):
  db.upsert([f"id{n}" for n in range(257)], np.ones((257, 3)), [{"n": n} for n in range(257)])
  rows = list(db.iterate(batch_size=10, include_vectors=True))
  assert sorted(ids(rows)) == sorted(f"id{n}" for n in range(257))
  assert rows[0].vector.tolist() == [1, 1, 1] and rows[0].id == f"id{rows[0].metadata['n']}"
  assert len(list(db.iterate(filter={"n": {"$lt": 7}}))) == 7
  assert list(db.namespace("empty").iterate()) == []


def test_count(filled):
  assert filled.count() == 3 and filled.count({"lang": "en"}) == 1 and filled.count({}) == 3


def test_namespaces_are_apart(filled):
  with filled.namespace("t1") as view:
    assert view.count() == 0
    view.add("a", [7, 7, 7])
    assert filled.get("a").vector.tolist() == [0, 0, 0] and view.get("a").vector.tolist() == [7, 7, 7]
    assert filled.namespaces() == ["", "t1"]
    assert "t1" in repr(view)
    with pytest.raises(vectordb.InvalidArgumentError):
      view.drop()
    view.clear()
    assert view.count() == 0 and filled.count() == 3
  assert filled.count() == 3


def test_a_view_outlives_its_database():
  database = vectordb.create("outlived", dimensions=1)
  view = database.namespace("x")
  database.close()
  view.add("a", [1])
  assert view.count() == 1
  view.close()


def test_clear_drop_flush(filled):
  filled.flush(timeout=math.inf)
  filled.clear()
  assert filled.count() == 0
  filled.drop()
  with pytest.raises(vectordb.NotFoundError):
    filled.count()


def test_observing(filled):
  filled.search([0, 0, 0])
  assert filled.health()["status"] == "ok" and filled.health(probe=True)["status"] == "ok" and filled.healthy() is True
  metrics = filled.metrics()
  assert metrics["backend"] == "memory" and metrics["total_requests"] >= 2 and metrics["failed_requests"] == 0
  assert filled.cache_stats() == {"enabled": False}
  filled.clear_cache()
  assert filled.circuit_breaker() == "closed"
  assert filled.capabilities()["backend"] == "memory"
  described = filled.describe()
  assert described["dimensions"] == 3 and described["metric"] == "l2"
  assert "test" in filled.collections()
  assert filled.name == "test" and filled.backend == "memory"


def test_what_memory_cannot_do(filled):
  with pytest.raises(vectordb.UnsupportedError, match="memory"):
    filled.set_credentials(api_key="x")
  with pytest.raises(vectordb.UnsupportedError, match="hnsw"):
    filled.create_index("hnsw")
  with pytest.raises(NotImplementedError):
    vectordb.create("x", backend="qdrant", dimensions=3)


def test_process():
  assert vectordb.version() == vectordb.__version__
  names = {backend["name"]: backend["available"] for backend in vectordb.backends()}
  assert names["memory"] is True and names["qdrant"] is False
  assert {"architecture", "kernels"} <= set(vectordb.cpu_features())


@pytest.mark.parametrize("metric", ["cosine", "l2", "dot"])
def test_exact_neighbours_are_those_of_numpy(metric):
  random = np.random.default_rng(hash(metric) % 1000)
  for count, dimensions in [(1, 1), (17, 5), (300, 33), (1000, 128)]:
    rows = random.standard_normal((count, dimensions)).astype(np.float32)
    queries = random.standard_normal((9, dimensions)).astype(np.float32)
    wide, asked = rows.astype(float), queries.astype(float)
    if metric == "l2":
      expected = np.sqrt(((asked[:, None] - wide[None]) ** 2).sum(-1))
    else:
      expected = -asked @ wide.T
      if metric == "cosine":
        norms = np.linalg.norm(asked, axis=1)[:, None] * np.linalg.norm(wide, axis=1)
        expected = 1 + expected / norms
    order = np.argsort(expected, axis=1, kind="stable")[:, :10]
    with vectordb.create("property", dimensions=dimensions, metric=metric) as db:
      db.upsert([str(n) for n in range(count)], rows)
      found, scores, distances = db.search_arrays(queries, 10, include_distances=True)
      assert np.allclose(distances, np.take_along_axis(expected, order, 1), rtol=1e-5, atol=1e-5)
      assert found.astype(int).tolist() == order.tolist()
      for query, row in zip(queries, found):
        assert [hit.id for hit in db.search(query)] == list(row)
