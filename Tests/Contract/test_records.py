"""Records: written, read, replaced, changed, deleted."""

import numpy as np
import pytest
import vectordb
from pair import settle, unit

METADATA = [
  {"lang": "en", "year": 2020, "ok": True, "tags": ["x", "y"]},
  {"lang": "de", "price": 1.5},
  None,
  {"lang": "en", "year": 1999},
]


@pytest.fixture
def filled(pair):
  both = pair()
  both.upsert(["a", "b", "c", "d"], np.eye(4), METADATA)
  return both


@pytest.mark.essential
def test_what_is_written_is_read(filled):
  filled.same_records()
  filled.same_search([1, 0.5, 0.2, 0.1])


def test_get_answers_in_the_order_asked(filled):
  found = filled.db.get_many(["d", "nobody", "a", "d"])
  assert [record and record.id for record in found] == ["d", None, "a", "d"]
  assert filled.db.get("nobody") is None and filled.db.get_many([]) == []


def test_only_what_is_asked_for_comes_back(filled):
  record = filled.db.get("a", include_vectors=False)
  assert record.vector is None and record.metadata == METADATA[0]
  record = filled.db.get("a", include_metadata=False)
  assert record.metadata is None and record.vector.tolist() == [1, 0, 0, 0]
  (hit,) = filled.db.search([0, 1, 0, 0], 1, include_vectors=True, include_metadata=False)
  assert hit.id == "b" and hit.metadata is None and hit.vector.tolist() == [0, 1, 0, 0]
  (hit,) = filled.db.search([0, 1, 0, 0], 1)
  assert hit.vector is None and hit.metadata == METADATA[1]


@pytest.mark.essential
def test_an_upsert_replaces_the_whole_record(filled):
  filled.upsert(["a", "b", "c"], [[9, 0, 0, 1]] * 3, [{"new": "key"}, None, {"year": 1}])
  filled.same_records()
  assert filled.db.get("a").metadata == {"new": "key"} and filled.db.get("b").metadata == {}
  for filter in ({"lang": "en"}, {"new": "key"}, {"year": 2020}, {"ok": True}, {"tags": "x"}, {"price": 1.5}):
    assert filled.same_filter(filter, [1, 1, 1, 1])


def test_of_an_id_twice_in_a_batch_the_last_wins(pair):
  both = pair()
  ids = ["a", "b", "a", "c", "a", "b"]
  both.upsert(ids, [[n, 1, 0, 0] for n in range(6)], [{"n": n} for n in range(6)])
  both.same_records()
  assert both.db.get("a").metadata == {"n": 4} and both.db.count() == 3


def test_vectors_come_back_unchanged_where_that_is_said(pair):
  both = pair(dimensions=32, metric="cosine")
  rows = np.random.default_rng(1).standard_normal((20, 32)).astype(np.float32) * 7
  both.upsert([f"v{n}" for n in range(20)], rows)
  found = np.array([record.vector for record in both.db.get_many(f"v{n}" for n in range(20))])
  assert found.dtype == np.float32
  if both.db.capabilities()["vectors_unchanged"]:
    assert (found == rows).all()
  else:
    np.testing.assert_allclose(found, rows, rtol=1e-6)


def test_delete_by_id_counts_or_says_that_it_does_not(filled):
  report = filled.db.delete(["a", "nobody", "c", "a"])
  assert report.deleted in (2, None)
  settle(filled.db)
  filled.oracle.delete(["a", "c"])
  filled.same_records()
  filled.same_search([1, 1, 1, 1])
  report = filled.db.delete(["a", "nobody"])
  assert report.deleted in (0, None)
  filled.db.delete([])
  assert filled.db.count() == 2


@pytest.mark.essential
def test_delete_by_filter(filled):
  report = filled.db.delete(filter={"lang": "en"})
  assert report.deleted in (2, None)
  settle(filled.db)
  filled.oracle.delete(filter={"lang": "en"})
  filled.same_records()
  assert filled.db.delete(filter={"lang": "en"}).deleted in (0, None)
  with pytest.raises(vectordb.InvalidFilterError):
    filled.db.delete(filter={})
  assert filled.db.count() == 2


def test_clear_takes_everything_and_the_collection_stays(filled):
  filled.db.clear()
  settle(filled.db)
  assert filled.db.count() == 0 and filled.db.search([1, 0, 0, 0]) == [] and list(filled.db.iterate()) == []
  assert filled.db.get("a") is None
  filled.oracle.clear()
  filled.upsert(["a"], [[1, 2, 3, 4]], [{"k": "v"}])
  filled.same_records()


def test_after_drop_everything_is_not_found(make):
  db = make()
  db.add("a", [1, 0, 0, 0])
  db.drop()
  for call in (
    lambda: db.search([1, 0, 0, 0]),
    lambda: db.get("a"),
    lambda: db.count(),
    lambda: db.add("b", [1, 0, 0, 0]),
    lambda: db.delete("a"),
    lambda: list(db.iterate()),
  ):
    with pytest.raises(vectordb.NotFoundError):
      call()


def test_a_dropped_collection_can_be_made_anew_and_is_empty(make, fresh_name):
  name = fresh_name()
  db = make(name)
  db.add("a", [1, 0, 0, 0], {"old": 1})
  db.drop()
  db.close()
  again = make(name, dimensions=3, metric="cosine")
  assert again.count() == 0
  again.add("a", [1, 0, 0])
  settle(again)
  assert again.get("a").metadata == {}


def test_merging_metadata(filled):
  for change in (
    {"year": 2021, "more": "x"},
    {"lang": None},
    {"tags": ["z"]},
    {"nothing": None},
    {},
    {"ok": "now text"},
  ):
    for db in (filled.db, filled.oracle):
      db.update_metadata("a", change)
    settle(filled.db)
    filled.same_records()
  for filter in ({"year": 2021}, {"lang": "en"}, {"tags": "x"}, {"tags": "z"}, {"ok": True}, {"ok": "now text"}):
    assert filled.same_filter(filter, [1, 1, 1, 1])


def test_replacing_metadata(filled):
  for db in (filled.db, filled.oracle):
    db.update_metadata(["a", "b"], [{"only": 1}, {}], replace=True)
  settle(filled.db)
  filled.same_records()
  for filter in ({"lang": "en"}, {"lang": "de"}, {"only": 1}, {"tags": "x"}):
    assert filled.same_filter(filter, [1, 1, 1, 1])
  filled.same_search([0.3, 0.1, 0.2, 0.4])


def test_metadata_of_a_missing_id_is_not_found_and_creates_nothing(filled):
  for replace in (False, True):
    with pytest.raises(vectordb.NotFoundError, match="nobody") as caught:
      filled.db.update_metadata("nobody", {"x": 1}, replace=replace)
    assert caught.value.applied == "no"
  settle(filled.db)
  assert filled.db.get("nobody") is None
  filled.same_records()


def test_metadata_of_many_with_one_missing(filled):
  with pytest.raises(vectordb.VectorDBError) as caught:
    filled.db.update_metadata(["a", "nobody", "b"], [{"n": 1}, {"n": 2}, {"n": 3}])
  error = caught.value
  settle(filled.db)
  changed = [record.metadata.get("n") for record in filled.db.get_many(["a", "b"])]
  if isinstance(error, vectordb.NotFoundError):
    assert error.index == 1
    if error.applied == "no":
      assert changed == [None, None]
  else:
    assert isinstance(error, vectordb.PartialFailure)
    assert [(item.index, item.code) for item in error.failed] == [(1, "VDB_E_NOT_FOUND")]
    assert changed == [1, 3]
  assert filled.db.get("nobody") is None and filled.db.count() == 4


def test_one_bad_item_refuses_the_batch_and_names_itself(filled):
  bad = [
    (["x", ""], np.ones((2, 4)), None, vectordb.InvalidIdError),
    (["x", "n\0l"], np.ones((2, 4)), None, vectordb.InvalidIdError),
    (["x", "i" * 513], np.ones((2, 4)), None, vectordb.InvalidIdError),
    (["x", "y"], [[1, 2, 3, 4], [1, 2, np.nan, 4]], None, vectordb.InvalidVectorError),
    (["x", "y"], [[1, 2, 3, 4], [1, 2, np.inf, 4]], None, vectordb.InvalidVectorError),
    (["x", "y"], np.ones((2, 4)), [{}, {"a": {"b": 1}}], vectordb.InvalidMetadataError),
    (["x", "y"], np.ones((2, 4)), [{}, {"n": 2**53 + 1}], vectordb.InvalidMetadataError),
    (["x", "y"], np.ones((2, 4)), [{}, {"$k": 1}], vectordb.InvalidMetadataError),
    (["x", "y"], np.ones((2, 4)), [{}, {"_vdb_meta": 1}], vectordb.InvalidMetadataError),
  ]
  for ids, vectors, metadata, kind in bad:
    with pytest.raises(kind) as caught:
      filled.db.upsert(ids, vectors, metadata)
    assert caught.value.index == 1, caught.value
  with pytest.raises(vectordb.DimensionMismatchError):
    filled.db.upsert(["x"], np.ones((1, 5)))
  with pytest.raises(vectordb.DimensionMismatchError):
    filled.db.search([1, 2, 3])
  settle(filled.db)
  filled.same_records()


def test_search_by_id_leaves_itself_out(filled):
  hits = filled.db.search_by_id("b", 10)
  expected = filled.oracle.search_by_id("b", 10)
  assert [hit.id for hit in hits] == [hit.id for hit in expected] == ["a", "c", "d"]
  assert [hit.id for hit in filled.db.search_by_id("a", 1, filter={"lang": "en"})] == ["d"]
  with pytest.raises(vectordb.NotFoundError, match="nobody"):
    filled.db.search_by_id("nobody")


def test_bounds_on_distance_and_score(filled):
  query = [1, 0.1, 0, 0]
  bound = filled.oracle.search(query)[1].distance + 0.01
  assert [hit.id for hit in filled.db.search(query, max_distance=bound)] == ["a", "b"]
  assert [hit.id for hit in filled.db.search(query, min_score=1 / (1 + bound))] == ["a", "b"]


def test_many_queries_at_once_answer_as_one_by_one(pair):
  both = pair(dimensions=8, metric="cosine")
  both.upsert([f"r{n}" for n in range(50)], unit(3, 50, 8), [{"even": n % 2 == 0} for n in range(50)])
  queries = unit(4, 9, 8)
  for filter in (None, {"even": True}):
    lists = both.db.search_batch(queries, top_k=7, filter=filter)
    assert len(lists) == 9
    for query, hits in zip(queries, lists):
      both.right_hits(hits, query, 7, filter)
  ids, scores = both.db.search_arrays(queries, top_k=5)
  assert ids.shape == scores.shape == (9, 5)
  assert both.db.search_batch(np.empty((0, 8), np.float32)) == []


def test_flush_and_health(filled):
  filled.db.flush()
  assert filled.db.healthy() and filled.db.health()["status"] == "ok"
  assert filled.db.health(probe=True)["status"] == "ok"
  metrics = filled.db.metrics()
  assert metrics["failed_requests"] == 0 and metrics["successful_requests"] > 0
