"""What may be metadata, and what becomes of it."""

import datetime
import enum
from collections import OrderedDict, UserDict
from types import MappingProxyType

import numpy as np
import pytest
import vectordb


@pytest.mark.parametrize(
  "value, stored",
  [
    ("text", "text"),
    ("", ""),
    ("naïve ☃ 😀 \u0000", "naïve ☃ 😀 \u0000"),
    (True, True),
    (7, 7),
    (-0.25, -0.25),
    (2**53, 2**53),
    (["a", "b"], ["a", "b"]),
    (("a", "b"), ["a", "b"]),
    (np.array(["a", "b"]), ["a", "b"]),
    (np.int8(-3), -3),
    (np.uint64(3), 3),
    (np.float32(0.5), 0.5),
    (np.float64(0.1), 0.1),
    (np.bool_(True), True),
    (np.str_("s"), "s"),
    (datetime.date(2024, 5, 6), "2024-05-06"),
    (datetime.datetime(2024, 5, 6, 7, 8, 9), "2024-05-06T07:08:09"),
    (datetime.datetime(2024, 5, 6, tzinfo=datetime.timezone.utc), "2024-05-06T00:00:00+00:00"),
    (np.datetime64("2024-05-06"), "2024-05-06"),
    (enum.IntEnum("Color", "RED")(1), 1),
  ],
)
def test_values_come_back(db, value, stored):
  db.add("a", [0, 0, 0], {"key": value})
  got = db.get("a").metadata
  assert got == {"key": stored} and type(got["key"]) is type(stored)


@pytest.mark.parametrize("value", [None, []])
def test_values_that_count_as_absent(db, value):
  db.add("a", [0, 0, 0], {"key": value})
  assert db.get("a").metadata == {}


@pytest.mark.parametrize(
  "value", [{"a"}, b"bytes", object(), 1j, datetime.timedelta(1), np.datetime64("NaT", "s"), np.zeros((2, 2))]
)
def test_other_types_name_the_key(db, value):
  with pytest.raises(TypeError, match=r"record 1, key 'place'"):
    db.upsert(["a", "b"], np.zeros((2, 3)), [{"ok": 1}, {"fine": 1, "place": value}])
  assert db.count() == 0


@pytest.mark.parametrize(
  "value", [float("nan"), float("inf"), np.float32("nan"), np.float64("-inf"), pytest.param(10**5000, id="huge")]
)
def test_numbers_that_json_has_not_name_the_key(db, value):
  with pytest.raises(vectordb.InvalidMetadataError, match=r"record 1, key 'place'") as caught:
    db.upsert(["a", "b"], np.zeros((2, 3)), [None, {"place": value}])
  assert caught.value.index == 1 and db.count() == 0


@pytest.mark.parametrize("value", [{"nested": 1}, [1, 2], ["a", 1], [["a"]], 2**53 + 1, np.array([1, 2])])
def test_values_outside_the_model_are_refused(db, value):
  with pytest.raises(vectordb.InvalidMetadataError, match="place") as caught:
    db.upsert(["a", "b"], np.zeros((2, 3)), [None, {"place": value}])
  assert caught.value.code == "VDB_E_INVALID_METADATA" and "\n" not in str(caught.value) and db.count() == 0


@pytest.mark.parametrize("depth", [100, 10_000, 100_000])
@pytest.mark.parametrize("kind", ["list", "dict"])
def test_deep_values(db, depth, kind):
  value = "x"
  for _ in range(depth):
    value = [value] if kind == "list" else {"k": value}
  with pytest.raises((vectordb.InvalidMetadataError, vectordb.InvalidJSONError)):
    db.add("a", [0, 0, 0], {"key": value})
  assert db.count() == 0
  while isinstance(value, (list, dict)):  # taken apart by hand: old Pythons recurse when they free it
    value = value[0] if kind == "list" else value["k"]


def test_a_circle(db):
  circle = []
  circle.append(circle)
  with pytest.raises(vectordb.InvalidMetadataError, match="'key'"):
    db.add("a", [0, 0, 0], {"key": circle})


@pytest.mark.parametrize("key", [1, None, True, b"k", (1, 2)])
def test_keys_must_be_text(db, key):
  with pytest.raises(TypeError, match="record 0"):
    db.add("a", [0, 0, 0], {key: "value"})


@pytest.mark.parametrize("key", ["", "$eq", "_vdb", "k" * 256])
def test_keys_outside_the_model(db, key):
  with pytest.raises(vectordb.InvalidMetadataError):
    db.add("a", [0, 0, 0], {key: "value"})
  assert db.count() == 0


def test_lone_surrogates(db):
  for metadata in ({"key": "\ud800"}, {"\ud800": 1}, {"key": ["ok", "\udc00"]}):
    with pytest.raises(vectordb.InvalidTextError, match="record 0"):
      db.add("a", [0, 0, 0], metadata)


@pytest.mark.parametrize("kind", [OrderedDict, UserDict, MappingProxyType])
def test_any_mapping(db, kind):
  db.upsert(["a", "b"], np.zeros((2, 3)), (row for row in [kind({"x": 1}), {np.str_("y"): 2}]))
  assert [row.metadata for row in db.get_many(["a", "b"])] == [{"x": 1}, {"y": 2}]


def test_rows_that_are_no_mappings(db):
  for metadata in ({"x": 1}, "text", [1], [["k", "v"]]):
    with pytest.raises(TypeError):
      db.upsert(["a"], np.zeros((1, 3)), metadata)


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_any_number_of_rows(db, count):
  rows = [{"at": at} if at % 7 else None for at in range(count)]
  db.upsert([str(at) for at in range(count)], np.ones((count, 3)), rows)
  assert [db.get(str(at)).metadata for at in range(count)] == [row or {} for row in rows]


def test_what_is_wrong_far_down_is_named(db):
  rows = [{"at": at} for at in range(2500)]
  rows[2100]["at"] = object()
  with pytest.raises(TypeError, match="record 2100, key 'at'"):
    db.upsert([str(at) for at in range(2500)], np.ones((2500, 3)), rows)
  rows[2100] = {1: "x"}
  with pytest.raises(TypeError, match="record 2100: the key 1"):
    db.upsert([str(at) for at in range(2500)], np.ones((2500, 3)), rows)
  assert db.count() == 0


def test_metadata_of_another_length(db):
  with pytest.raises(vectordb.InvalidArgumentError):
    db.upsert(["a", "b"], np.zeros((2, 3)), [None])
  assert db.count() == 0


def test_metadata_is_decoded_once(filled):
  hit = filled.search([0, 0, 0], 1)[0]
  assert hit.metadata is hit.metadata
