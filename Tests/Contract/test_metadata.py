"""Metadata: every value comes back as it was, and can be filtered by."""

import json

import numpy as np
import pytest
import vectordb
from hostile import KEYS, NUMBERS, VALUES
from pair import settle, unit


def test_every_value_comes_back(pair):
  both = pair()
  values = [*VALUES, *NUMBERS, True, False, ["a"], ["b", "a", "b"], [""], VALUES[:30], ["x" * 2000, " "]]
  both.upsert([f"v{n}" for n in range(len(values))], unit(1, len(values), 4), [{"key": value} for value in values])
  both.same_records()
  hits = both.db.search([0.1, 0.2, 0.3, 0.4], top_k=both.bounded(1000))
  assert {hit.id: hit.metadata["key"] for hit in hits} == {f"v{n}": value for n, value in enumerate(values)}


def test_every_string_is_found_by_its_bytes(pair):
  both = pair()
  both.upsert([f"v{n}" for n in range(len(VALUES))], unit(1, len(VALUES), 4), [{"key": value} for value in VALUES])
  for value in VALUES:
    assert both.same_filter({"key": value}, [1, 0, 0, 0]), value
  for value in VALUES[::5]:
    assert both.same_filter({"key": {"$ne": value}}, [1, 0, 0, 0])
  assert both.same_filter({"key": {"$in": VALUES[::2]}}, [1, 0, 0, 0])
  assert both.same_filter({"key": {"$nin": VALUES[::3]}}, [1, 0, 0, 0])


def test_every_string_is_found_in_lists(pair):
  both = pair()
  lists = [[value, VALUES[(n * 7 + 3) % len(VALUES)], "common"] for n, value in enumerate(VALUES)]
  both.upsert([f"v{n}" for n in range(len(lists))], unit(1, len(lists), 4), [{"key": value} for value in lists])
  for value in VALUES:
    assert both.same_filter({"key": value}, [1, 0, 0, 0]), value
  assert both.same_filter({"key": "common"}, [1, 0, 0, 0])
  assert both.same_filter({"key": {"$nin": VALUES[::3]}}, [1, 0, 0, 0])


def test_every_number_is_found_by_its_value(pair):
  both = pair()
  both.upsert([f"n{n}" for n in range(len(NUMBERS))], unit(1, len(NUMBERS), 4), [{"key": value} for value in NUMBERS])
  for value in NUMBERS:
    for operator in ("$eq", "$gt", "$gte", "$lt", "$lte", "$ne"):
      assert both.same_filter({"key": {operator: value}}, [1, 0, 0, 0]), (operator, value)
  assert both.same_filter({"key": 5.0}, [1, 0, 0, 0])


def test_every_key_is_its_own(pair):
  both = pair()
  assert len(set(KEYS)) == len(KEYS)
  metadata = [{key: f"value {n}", "shared": n} for n, key in enumerate(KEYS)]
  both.upsert([f"k{n}" for n in range(len(KEYS))], unit(1, len(KEYS), 4), metadata)
  both.same_records()
  for n, key in enumerate(KEYS):
    assert both.same_filter({key: f"value {n}"}, [1, 0, 0, 0]), key
  for key in KEYS[::4]:
    assert both.same_filter({key: {"$ne": "other"}}, [1, 0, 0, 0]), key
    both.same_filter({key: {"$exists": True}}, [1, 0, 0, 0])


def test_many_hostile_keys_in_one_record(pair):
  both = pair()
  both.upsert(["all"], [[1, 0, 0, 0]], [{key: n for n, key in enumerate(KEYS)}])
  both.same_records()
  for db in (both.db, both.oracle):
    db.update_metadata("all", {key: None for key in KEYS[::2]})
  settle(both.db)
  both.same_records()


def test_one_key_with_several_types(pair):
  both = pair()
  values = [5, "5", 5.5, True, "true", ["5"], ["true", "x"], False, 1, 0, "1", "", ["", "5"], None]
  both.upsert([f"t{n}" for n in range(len(values))], unit(1, len(values), 4), [{"key": value} for value in values])
  both.same_records()
  for operand in (5, "5", 5.5, True, "true", False, 1, 0, "1", "", "x", 6, "absent"):
    for operator in ("$eq", "$ne"):
      assert both.same_filter({"key": {operator: operand}}, [1, 0, 0, 0]), (operator, operand)
  for operand in (5, 0, -1, 100.5):
    for operator in ("$gt", "$gte", "$lt", "$lte"):
      assert both.same_filter({"key": {operator: operand}}, [1, 0, 0, 0]), (operator, operand)
      both.same_filter({"key": {"$not": {operator: operand}}}, [1, 0, 0, 0])
  for operand in ("", "5", "a"):
    both.same_filter({"key": {"$gte": operand}}, [1, 0, 0, 0])
  assert both.same_filter({"key": {"$in": [5, "true", True]}}, [1, 0, 0, 0])
  assert both.same_filter({"key": {"$nin": [5, "true", True]}}, [1, 0, 0, 0])


def test_a_key_may_change_its_type(pair):
  both = pair()
  for value in (5, "text", True, ["a", "b"], 1.5, None, "5"):
    both.upsert(["a"], [[1, 0, 0, 0]], [{"key": value}])
    both.same_records()
    for filter in ({"key": 5}, {"key": "text"}, {"key": True}, {"key": "a"}, {"key": {"$gt": 1}}, {"key": "5"}):
      assert both.same_filter(filter, [1, 0, 0, 0]), (value, filter)


def test_absent_empty_and_null(pair):
  both = pair()
  metadata = [None, {}, {"a": None}, {"a": []}, {"a": ""}, {"a": [""]}, {"a": 0}, {"a": False}, {"b": 1}]
  both.upsert([f"m{n}" for n in range(len(metadata))], unit(1, len(metadata), 4), metadata)
  both.same_records()
  for filter in ({"a": ""}, {"a": {"$ne": ""}}, {"a": 0}, {"a": False}, {"a": {"$in": ["", 0]}}, {"a": {"$nin": [0]}}):
    assert both.same_filter(filter, [1, 0, 0, 0]), filter
  for exists in (True, False):
    both.same_filter({"a": {"$exists": exists}}, [1, 0, 0, 0])


def test_numbers_keep_their_kind(pair):
  both = pair()
  both.upsert(["a"], [[1, 0, 0, 0]], [{"five": 5.0, "half": 0.5, "big": 2**53, "small": -(2**53), "tiny": 1e-300}])
  found = both.db.get("a").metadata
  assert found == {"five": 5, "half": 0.5, "big": 2**53, "small": -(2**53), "tiny": 1e-300}
  assert type(found["five"]) is int and type(found["big"]) is int
  with pytest.raises(vectordb.InvalidMetadataError, match="string"):
    both.db.add("b", [1, 0, 0, 0], {"n": 2**53 + 1})


def test_numbers_keep_their_last_bits(pair):
  both = pair()
  numbers = [123456789.12345679, 1 / 3, 0.1 + 0.2, 1e22, 9.007199254740993e15, 2.2250738585072014e-308]
  both.upsert([f"n{n}" for n in range(6)], unit(1, 6, 4), [{"key": number} for number in numbers])
  for n, number in enumerate(numbers):
    found = both.db.get(f"n{n}").metadata["key"]
    assert found == number or not both.backend.exact_floats and found == pytest.approx(number, rel=1e-15)
    assert both.same_filter({"key": number}, [1, 0, 0, 0])


def test_huge_metadata(pair, backend):
  both = pair()
  text = "".join(chr(97 + n % 26) for n in range(1000)) + " é\"\\'"
  huge = {f"k{n}": text for n in range(1000)}
  assert 2**20 * 0.95 < len(json.dumps(huge, ensure_ascii=False).encode()) <= 2**20
  try:
    both.upsert(["huge", "small"], np.eye(4)[:2], [huge, {"k0": text}])
  except vectordb.VectorDBError as error:
    assert "huge metadata" in backend.refuses, error
    assert isinstance(error, (vectordb.UnsupportedError, vectordb.TooLargeError, vectordb.InvalidMetadataError)), error
    assert error.index == 0 and both.db.count() == 0
    huge = {f"k{n}": text for n in range(58)}
    both.upsert(["huge", "small"], np.eye(4)[:2], [huge, {"k0": text}])
  both.same_records()
  assert both.same_filter({"k57": text}, [1, 0, 0, 0])
  with pytest.raises(vectordb.InvalidArgumentError):
    both.db.add("more", [1, 0, 0, 0], {"k": "x" * (2**20 + 1)})


def test_nul_in_metadata_is_kept_or_refused(pair, backend):
  both = pair()
  for metadata in ({"key": "a\0b"}, {"key": ["a\0b"]}, {"a\0b": "x"}):
    try:
      both.upsert(["a"], [[1, 0, 0, 0]], [metadata])
    except vectordb.VectorDBError as error:
      assert "nul" in backend.refuses, error
      assert isinstance(error, (vectordb.UnsupportedError, vectordb.InvalidMetadataError)), error
      assert error.index == 0 and both.db.count() == 0
    else:
      both.same_records()
      assert both.same_filter({"key": "a\0b"}, [1, 0, 0, 0])
      assert both.same_filter({"key": "a"}, [1, 0, 0, 0])
