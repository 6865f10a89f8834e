"""Namespaces keep records apart, on every backend and for every operation."""

import numpy as np
import pytest
import vectordb
from hostile import IDS, VALUES
from pair import settle


@pytest.fixture
def spaces(make):
  """The default namespace and two others, with the same ids."""
  db = make()
  views = [db, db.namespace("one"), db.namespace("two")]
  for number, view in enumerate(views):
    view.upsert(["a", "b", "c"], np.eye(4)[:3] * (number + 1), [{"in": number, "lang": "en"}, {"in": number}, None])
  settle(db)
  return views


def contents(view):
  return {record.id: record.metadata for record in view.iterate()}


def expected(number):
  return {"a": {"in": number, "lang": "en"}, "b": {"in": number}, "c": {}}


@pytest.mark.essential
def test_each_sees_its_own(spaces):
  for number, view in enumerate(spaces):
    assert contents(view) == expected(number)
    assert view.count() == 3 and view.count(filter={"lang": "en"}) == 1
    assert view.get("a").vector.tolist() == [number + 1, 0, 0, 0]
    hits = view.search([0, 0, 0, 1], 100)
    assert sorted(hit.id for hit in hits) == ["a", "b", "c"]
    assert {hit.metadata.get("in", number) for hit in hits} == {number}
    assert [hit.id for hit in view.search([0, 0, 0, 1], 100, filter={"lang": "en"})] == ["a"]
    assert {hit.id for hit in view.search([0, 0, 0, 1], 100, filter={"lang": {"$ne": "en"}})} == {"b", "c"}
    assert {hit.id for hit in view.search_by_id("a")} == {"b", "c"}


def test_writes_stay_in_their_own(spaces):
  one = spaces[1]
  one.update_metadata("a", {"changed": True})
  one.delete("b")
  one.upsert(["d"], [[9, 9, 9, 9]], [{"lang": "en"}])
  settle(one)
  assert contents(one) == {"a": {"in": 1, "lang": "en", "changed": True}, "c": {}, "d": {"lang": "en"}}
  one.delete(filter={"lang": "en"})
  settle(one)
  assert contents(one) == {"c": {}}
  assert contents(spaces[0]) == expected(0) and contents(spaces[2]) == expected(2)


def test_clear_takes_one(spaces):
  spaces[0].clear()
  settle(spaces[0])
  assert [view.count() for view in spaces] == [0, 3, 3]
  spaces[1].clear()
  settle(spaces[0])
  assert [view.count() for view in spaces] == [0, 0, 3]
  assert contents(spaces[2]) == expected(2)


def test_they_are_listed(spaces, make):
  assert spaces[0].namespaces() == ["", "one", "two"]
  spaces[1].clear()
  settle(spaces[0])
  assert "one" not in spaces[0].namespaces() or spaces[0].namespace("one").count() == 0
  assert {"", "two"} <= set(spaces[0].namespaces())


def test_drop_refuses_from_a_view(spaces):
  with pytest.raises(vectordb.InvalidArgumentError):
    spaces[1].drop()
  assert [view.count() for view in spaces] == [3, 3, 3]


def test_a_namespace_is_an_option_too(make, fresh_name, reach):
  name = fresh_name()
  db = make(name)
  db.namespace("here").add("a", [1, 0, 0, 0], {"k": 1})
  settle(db)
  with vectordb.create(name, namespace="here", **{"dimensions": 4, "metric": "l2", **reach}) as other:
    if reach["backend"] != "memory":
      assert contents(other) == {"a": {"k": 1}}
    other.add("b", [0, 1, 0, 0])
    settle(other)
    assert other.get("b") is not None
  assert db.count() == 0


def test_names_are_bytes(make):
  """As ids and values are: each is its own, whatever it holds."""
  db = make()
  names = [
    "x",
    "X",
    " x",
    "x ",
    "é",
    "e\u0301",
    "a'b",
    'a"b',
    "a\\b",
    "a,b",
    "a|b",
    "a b",
    "{x}",
    "*",
    "%",
    "a:b",
    "a.b",
    "_default",
  ]
  names += ["'; DROP TABLE x; --", "日本", "😀", "n" * 255, "1", "-", "_", "$x", "~x", "a\nb", "a/b"]
  for n, name in enumerate(names):
    db.namespace(name).add("same", [n, 0, 0, 1], {"n": n})
  settle(db)
  for n, name in enumerate(names):
    assert contents(db.namespace(name)) == {"same": {"n": n}}, name
  assert db.count() == 0
  assert db.namespaces() == sorted(names, key=str.encode)


def test_hostile_ids_in_a_namespace(make):
  view = make().namespace("t:1")
  view.upsert(IDS, np.array([[n, 1, 0, 0] for n in range(len(IDS))], np.float32), [{"n": n} for n in range(len(IDS))])
  settle(view)
  assert contents(view) == {id: {"n": n} for n, id in enumerate(IDS)}
  assert {hit.id for hit in view.search([1, 0, 0, 0], 1000)} == set(IDS)
  view.delete(IDS[::2])
  settle(view)
  assert set(contents(view)) == set(IDS[1::2])


def test_a_namespace_and_an_id_never_run_together(make):
  db = make()
  db.namespace("a").add("b:c", [1, 0, 0, 0], {"n": 1})
  db.namespace("a:b").add("c", [1, 0, 0, 0], {"n": 2})
  db.add("a:b:c", [1, 0, 0, 0], {"n": 3})
  settle(db)
  assert contents(db.namespace("a")) == {"b:c": {"n": 1}}
  assert contents(db.namespace("a:b")) == {"c": {"n": 2}}
  assert contents(db) == {"a:b:c": {"n": 3}}


def test_hostile_values_in_a_namespace(make):
  view = make().namespace("tenant")
  view.upsert([f"v{n}" for n in range(len(VALUES))], np.ones((len(VALUES), 4)), [{"key": value} for value in VALUES])
  settle(view)
  for n, value in enumerate(VALUES[::4]):
    assert [record.id for record in view.iterate(filter={"key": value})] == [f"v{4 * n}"], value
