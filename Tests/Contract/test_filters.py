"""Every operator means on every backend what it means in memory, or is refused by name."""

import numpy as np
import pytest
import vectordb
from pair import settle, unit

RECORDS = [
  {"lang": "en", "year": 2020, "ok": True, "tags": ["a", "b"], "price": 1.5},
  {"lang": "en", "year": 2021, "ok": False, "tags": ["b"], "price": 2},
  {"lang": "de", "year": 2020, "ok": True, "tags": ["c", "a b", "é"]},
  {"lang": "fr", "year": 1999, "tags": "a"},
  {"lang": "Fr", "year": -5, "ok": True},
  {"lang": "é", "year": 2020.5},
  {"lang": "e\u0301", "year": "2020"},
  {"year": 0},
  {"ok": False},
  {"tags": [""], "lang": ""},
  {},
  None,
  {"lang": "en", "year": 2020, "ok": True, "tags": ["a", "b"], "price": 1.5, "a.b": "dot", "a": "plain"},
  {"a.b": "other", "price": -0.5, "year": 10**15},
  {"lang": ["en", "de"], "year": True, "ok": "true", "tags": [str(n) for n in range(50)]},
  {"lang": "zz", "price": 1e300, "year": 2019},
]

FILTERS = [
  {"lang": "en"},
  {"lang": {"$eq": "de"}},
  {"lang": ""},
  {"lang": "EN"},
  {"lang": "é"},
  {"lang": "e\u0301"},
  {"year": 2020},
  {"year": 2020.0},
  {"year": 2020.5},
  {"year": "2020"},
  {"year": True},
  {"ok": True},
  {"ok": False},
  {"ok": "true"},
  {"ok": 1},
  {"tags": "a"},
  {"tags": "b"},
  {"tags": ""},
  {"tags": "a b"},
  {"tags": "é"},
  {"tags": "49"},
  {"tags": 1},
  {"nothing": "x"},
  {"a.b": "dot"},
  {"a": "plain"},
  {"lang": {"$ne": "en"}},
  {"year": {"$ne": 2020}},
  {"ok": {"$ne": True}},
  {"tags": {"$ne": "a"}},
  {"nothing": {"$ne": 1}},
  {"year": {"$gt": 2020}},
  {"year": {"$gte": 2020}},
  {"year": {"$lt": 2020}},
  {"year": {"$lte": 2020}},
  {"year": {"$gt": -1e9}},
  {"price": {"$gt": -1, "$lt": 1.75}},
  {"price": {"$gte": 1.5, "$lte": 1.5}},
  {"tags": {"$gt": 0}},
  {"ok": {"$gte": 0}},
  {"lang": {"$gt": "en"}},
  {"lang": {"$gte": "en"}},
  {"lang": {"$lt": "f"}},
  {"lang": {"$lte": "é"}},
  {"tags": {"$gte": "a"}},
  {"year": {"$gte": "2"}},
  {"lang": {"$in": ["en", "fr"]}},
  {"lang": {"$in": ["en"]}},
  {"lang": {"$in": []}},
  {"year": {"$in": [2020, 0, "2020"]}},
  {"ok": {"$in": [True, "true"]}},
  {"tags": {"$in": ["b", "c"]}},
  {"tags": {"$in": ["49", 5, False]}},
  {"lang": {"$nin": ["en", "fr"]}},
  {"lang": {"$nin": []}},
  {"year": {"$nin": [2020, 2021]}},
  {"tags": {"$nin": ["a", "c"]}},
  {"lang": {"$exists": True}},
  {"lang": {"$exists": False}},
  {"a.b": {"$exists": True}},
  {"tags": {"$exists": True, "$ne": "a"}},
  {"lang": "en", "year": 2020},
  {"lang": {"$ne": "en"}, "ok": True},
  {"$and": [{"lang": "en"}, {"year": {"$gte": 2020}}, {"ok": True}]},
  {"$and": [{"lang": "en"}]},
  {"$or": [{"lang": "de"}, {"year": {"$lt": 2000}}]},
  {"$or": [{"lang": "de"}]},
  {"$or": [{"lang": "de"}, {"lang": {"$in": []}}]},
  {"$and": [{"lang": "en"}, {"lang": {"$nin": []}}]},
  {"$or": [{"lang": "de"}, {"lang": {"$nin": []}}]},
  {"$and": [{"$or": [{"ok": True}, {"tags": "b"}]}, {"$or": [{"year": 2020}, {"price": 2}]}]},
  {"lang": "en", "$or": [{"ok": False}, {"price": {"$lt": 2}}]},
  {"lang": {"$not": {"$eq": "en"}}},
  {"lang": {"$not": {"$in": ["en", "de"]}}},
  {"lang": {"$not": {"$ne": "en"}}},
  {"lang": {"$not": {"$exists": True}}},
  {"$not": {"lang": "en"}},
  {"$not": {"lang": "en", "year": 2020}},
  {"$not": {"$or": [{"lang": "en"}, {"ok": True}]}},
  {"$not": {"$and": [{"lang": "en"}, {"ok": True}]}},
  {"$not": {"$not": {"lang": "en"}}},
  {"$not": {"tags": "a"}},
  {"$not": {"lang": {"$in": []}}},
  {"$not": {"lang": {"$nin": []}}},
  {"year": {"$not": {"$gt": 2020}}},
  {"year": {"$not": {"$gte": 2020}}},
  {"year": {"$not": {"$lt": 2020, "$gte": 0}}},
  {"$not": {"year": {"$lte": 2020}}},
  {"$not": {"$not": {"year": {"$gt": 2019}}}},
  {"$not": {"lang": {"$gt": "en"}}},
  {"$and": [{"$not": {"ok": True}}, {"$not": {"lang": "en"}}, {"year": {"$not": {"$gt": 2020}}}]},
]


@pytest.fixture(scope="module")
def filled(backend, servers):
  import os

  from pair import Pair

  reach = servers.of(backend.server or backend.name).options if backend.remote else {"backend": "memory"}
  with vectordb.create("oracle", dimensions=4, metric="l2") as oracle:
    with vectordb.create(f"filters_{os.getpid()}", dimensions=4, metric="l2", **reach) as db:
      both = Pair(backend, db, oracle, "l2")
      both.upsert([f"r{n}" for n in range(len(RECORDS))], unit(1, len(RECORDS), 4), RECORDS)
      yield both
      db.drop()


@pytest.mark.parametrize("filter", FILTERS, ids=str)
def test_filter(filled, filter):
  works = filled.same_filter(filter, [0.4, 0.3, 0.2, 0.1])
  if works:
    filled.same_search([0.4, 0.3, 0.2, 0.1], 3, filter)
  else:
    assert filled.may_refuse(filter)


def test_an_empty_filter_filters_nothing(filled):
  assert filled.db.count(filter={}) == len(RECORDS)
  assert len(filled.db.search([1, 0, 0, 0], 100, filter={})) == len(RECORDS)


@pytest.mark.essential
def test_what_capabilities_promise_works_alone(filled):
  examples = {
    "$eq": {"lang": {"$eq": "en"}},
    "$ne": {"lang": {"$ne": "en"}},
    "$gt": {"year": {"$gt": 2019}},
    "$gte": {"year": {"$gte": 2020}},
    "$lt": {"year": {"$lt": 2020}},
    "$lte": {"year": {"$lte": 2020}},
    "$in": {"lang": {"$in": ["en"]}},
    "$nin": {"lang": {"$nin": ["en"]}},
    "$exists": {"lang": {"$exists": True}},
    "$and": {"$and": [{"lang": "en"}, {"ok": True}]},
    "$or": {"$or": [{"lang": "en"}, {"ok": True}]},
    "$not": {"$not": {"lang": "en"}},
  }
  for operator, filter in examples.items():
    if operator in filled.operators:
      assert filled.same_filter(filter, [1, 0, 0, 0]), operator
    else:
      with pytest.raises(vectordb.UnsupportedError) as caught:
        filled.db.search([1, 0, 0, 0], filter=filter)
      assert filled.backend.name in str(caught.value) and operator in str(caught.value)


@pytest.mark.parametrize("filter", FILTERS[::4], ids=str)
def test_delete_by_filter_takes_what_search_finds(pair, filter):
  both = pair()
  both.upsert([f"r{n}" for n in range(len(RECORDS))], unit(1, len(RECORDS), 4), RECORDS)
  expected = both.oracle.count(filter=filter)
  try:
    report = both.db.delete(filter=filter)
  except vectordb.UnsupportedError as error:
    both.says_why(error, filter, both.may_refuse(filter))
  else:
    assert report.deleted in (expected, None)
    settle(both.db)
    both.oracle.delete(filter=filter)
  both.same_records()


def test_a_large_filter(pair):
  both = pair()
  both.upsert([f"r{n}" for n in range(200)], unit(1, 200, 4), [{"n": n, "s": f"s{n}"} for n in range(200)])
  assert both.same_filter({"s": {"$in": [f"s{n}" for n in range(0, 2000, 3)]}}, [1, 0, 0, 0])
  assert both.same_filter({"n": {"$in": list(range(0, 1500, 7))}}, [1, 0, 0, 0])
  assert both.same_filter({"$or": [{"n": n} for n in range(0, 100, 2)]}, [1, 0, 0, 0])
  assert both.same_filter({"s": {"$nin": [f"s{n}" for n in range(150)]}}, [1, 0, 0, 0])
  deep = {"n": 5}
  for _ in range(12):
    deep = {"$and": [{"$or": [deep, {"n": 7}]}, {"s": {"$ne": "s7"}}]}
  assert both.same_filter(deep, [1, 0, 0, 0])


def test_filters_that_are_none_change_nothing(pair):
  both = pair()
  both.upsert(["a"], [[1, 0, 0, 0]], [{"k": "v"}])
  for filter in (
    {"k": {"$regex": "."}},
    {"k": None},
    {"k": {"a": 1}},
    {"$or": []},
    {"k": {"$in": "v"}},
    {"_vdb_ns": "x"},
  ):
    for call in (lambda: both.db.search([1, 0, 0, 0], filter=filter), lambda: both.db.delete(filter=filter)):
      with pytest.raises(vectordb.InvalidFilterError):
        call()
  both.same_records()


def test_selective_filters_still_find_k(pair):
  both = pair(dimensions=8)
  rows = np.random.default_rng(5).standard_normal((3000, 8)).astype(np.float32)
  both.upsert([f"r{n}" for n in range(3000)], rows, [{"rare": n % 100 == 0, "n": n} for n in range(3000)])
  for query in rows[:3] + 0.01:
    hits = both.db.search(query, top_k=25, filter={"rare": True})
    assert len(hits) == 25 and all(hit.metadata["rare"] for hit in hits)
    assert len(both.db.search(query, top_k=5, filter={"n": {"$lt": 3}})) == 3
