"""Whatever is wrong: an exception of its own, one line that names the value, and the database as it was."""

import math
import pickle

import numpy as np
import pytest
import vectordb


@pytest.fixture
def unchanged(filled):
  """The database of three records, which must be the same afterwards."""

  def state():
    return sorted((row.id, row.vector.tolist(), str(row.metadata)) for row in filled.iterate(include_vectors=True))

  before = state()
  yield filled
  assert state() == before


def refused(kind, call, *words):
  with pytest.raises(kind) as caught:
    call()
  text = str(caught.value)
  assert text and "\n" not in text
  for word in words:
    assert word in text, (word, text)
  return caught.value


@pytest.mark.parametrize(
  "bad, kind, word",
  [
    ([1, 2], vectordb.DimensionMismatchError, "2"),
    ([1, 2, 3, 4], vectordb.DimensionMismatchError, "4"),
    ([], vectordb.DimensionMismatchError, "0"),
    ([1, math.nan, 3], vectordb.InvalidVectorError, "nan"),
    ([1, math.inf, 3], vectordb.InvalidVectorError, "inf"),
    ([1, -math.inf, 3], vectordb.InvalidVectorError, "inf"),
    ([1e19, 0, 0], vectordb.InvalidVectorError, "1e"),
    ([1, 1e39, 0], vectordb.InvalidVectorError, "1e+39"),
    (["a", "b", "c"], TypeError, "U1"),
    ([1j, 0, 0], TypeError, "complex"),
    ([True, False, True], TypeError, "bool"),
    ([None, 1, 2], TypeError, "object"),
    (None, (TypeError, vectordb.InvalidArgumentError), ""),
    (3.0, vectordb.InvalidArgumentError, "()"),
    ([[1, 2, 3]], vectordb.InvalidArgumentError, "(1, 3)"),
  ],
)
def test_vectors(unchanged, bad, kind, word):
  def lower(call):
    error = refused(kind, call)
    assert word.lower() in str(error).lower(), str(error)

  lower(lambda: unchanged.search(bad))
  if bad != [[1, 2, 3]]:
    refused((TypeError, vectordb.InvalidArgumentError), lambda: unchanged.add("new", bad))


def test_a_bad_row_of_a_batch_is_named(unchanged):
  rows = np.zeros((5, 3), np.float32)
  rows[3, 1] = np.nan
  error = refused(vectordb.InvalidVectorError, lambda: unchanged.upsert(list("vwxyz"), rows), "3")
  assert error.index == 3
  refused(vectordb.InvalidVectorError, lambda: unchanged.search_batch(rows), "3")
  double = np.zeros((5, 3))
  double[2, 2] = -1e300
  error = refused(vectordb.InvalidVectorError, lambda: unchanged.upsert(list("vwxyz"), double), "2, 2", "-1e+300")
  assert error.index == 2


def test_ragged_rows_and_lengths_that_differ(unchanged):
  refused(vectordb.InvalidArgumentError, lambda: unchanged.upsert(["x", "y"], [[1, 2, 3], [1, 2]]))
  refused(vectordb.InvalidArgumentError, lambda: unchanged.upsert(["x"], [[1, 2, 3]] * 2), "1", "2")
  refused(vectordb.InvalidArgumentError, lambda: unchanged.upsert(["x", "y"], [[1, 2, 3]]), "1", "2")
  refused(vectordb.InvalidArgumentError, lambda: unchanged.upsert(["x"], np.zeros((1, 1, 3))), "(1, 1, 3)")


def test_a_zero_vector_under_cosine():
  with vectordb.create("cosine", dimensions=2, metric="cosine") as db:
    refused(vectordb.InvalidVectorError, lambda: db.add("a", [0, 0]), "zero")
    refused(vectordb.InvalidVectorError, lambda: db.search([0, 0]), "zero")
    assert db.count() == 0


@pytest.mark.parametrize("id", ["", "x" * 513, "é" * 257, "nul\0inside"])
def test_ids(unchanged, id):
  for call in (
    lambda: unchanged.add(id, [0, 0, 0]),
    lambda: unchanged.upsert(["fine", id], np.zeros((2, 3))),
    lambda: unchanged.get(id),
    lambda: unchanged.delete([id]),
    lambda: unchanged.search_by_id(id),
    lambda: unchanged.update_metadata(id, {"x": 1}),
  ):
    error = refused(vectordb.InvalidIdError, call)
    assert error.code == "VDB_E_INVALID_ID" and error.status == -103


def test_ids_that_cannot_be_utf8(unchanged):
  for call in (
    lambda: unchanged.upsert(["fine", "bad\ud800"], np.zeros((2, 3))),
    lambda: unchanged.get_many(["fine", "bad\ud800"]),
  ):
    refused(vectordb.InvalidTextError, call, "id 1", r"bad\ud800")
  refused(vectordb.InvalidTextError, lambda: unchanged.search_by_id("\udfff"), r"\udfff")


def test_ids_of_other_types(unchanged):
  refused(TypeError, lambda: unchanged.upsert(["fine", 7], np.zeros((2, 3))), "id 1", "int")
  refused(TypeError, lambda: unchanged.upsert("ab", np.zeros((2, 3))), "str")
  refused(TypeError, lambda: unchanged.get(7), "int")
  refused(TypeError, lambda: unchanged.get_many([b"a"]), "bytes")
  refused(TypeError, lambda: unchanged.delete(7), "int")
  refused(TypeError, lambda: unchanged.search_by_id(None), "NoneType")


def test_ids_are_bytes_not_letters(db):
  names = ["a", "A", "caf\u00e9", "cafe\u0301", "x" * 512, "ﬁ", "fi", " a", "日本"]
  db.upsert(names, np.arange(len(names) * 3).reshape(-1, 3))
  assert db.count() == len(names)
  assert [row.id for row in db.get_many(names)] == names
  assert db.search(db.get("cafe\u0301").vector, 1)[0].id == "cafe\u0301"
  assert db.delete(["caf\u00e9"]).deleted == 1 and db.get("cafe\u0301") is not None


@pytest.mark.parametrize("k", [0, -1, 2**64, 2**80, -(2**63)])
def test_k(unchanged, k):
  for call in (
    lambda: unchanged.search([0, 0, 0], k),
    lambda: unchanged.search_batch([[0, 0, 0]], k),
    lambda: unchanged.search_arrays([[0, 0, 0]], k),
    lambda: unchanged.search_arrays([0, 0, 0], k),
    lambda: unchanged.search_by_id("a", k),
  ):
    assert refused(vectordb.InvalidKError, call, str(k)).code == "VDB_E_INVALID_K"


def test_k_of_another_type(unchanged):
  refused(TypeError, lambda: unchanged.search([0, 0, 0], 1.5), "float")
  refused(TypeError, lambda: unchanged.search([0, 0, 0], "3"), "str")
  assert len(unchanged.search([0, 0, 0], np.int64(2))) == 2 and len(unchanged.search([0, 0, 0], True)) == 1


@pytest.mark.parametrize(
  "filter, word",
  [
    ({"year": {"$near": 1}}, "$near"),
    ({"$xor": []}, "$xor"),
    ({"year": {"$in": 3}}, "$in"),
    ({"$and": {"a": 1}}, "$and"),
    ({"year": {"$gt": True}}, "$gt"),
    ({"year": {"$exists": 1}}, "$exists"),
    ({"year": {"a": {"b": 1}}}, ""),
    ({"year": {"$gt": math.nan}}, ""),
    ({"year": 10**5000}, ""),
  ],
)
def test_filters(unchanged, filter, word):
  for call in (
    lambda: unchanged.search([0, 0, 0], filter=filter),
    lambda: unchanged.count(filter),
    lambda: unchanged.delete(filter=filter),
    lambda: list(unchanged.iterate(filter=filter)),
  ):
    refused(vectordb.InvalidFilterError, call, word)


def test_filters_that_are_none(unchanged):
  refused(vectordb.InvalidFilterError, lambda: unchanged.delete(filter={}))
  refused(TypeError, lambda: unchanged.count("year > 3"), "str")
  refused(TypeError, lambda: unchanged.count({3: 4}), "3")
  refused(TypeError, lambda: unchanged.count({"a": {"$in": [{"x"}]}}), "set")
  refused(TypeError, lambda: unchanged.delete())
  refused(TypeError, lambda: unchanged.delete(["a"], filter={"a": 1}))
  refused(vectordb.InvalidTextError, lambda: unchanged.count({"a": "\ud800"}), r"\ud800")


@pytest.mark.parametrize("depth", [65, 10_000, 100_000])
def test_deep_filters(unchanged, depth):
  filter = {"a": 1}
  for _ in range(depth):
    filter = {"$not": filter}
  refused((vectordb.InvalidFilterError, vectordb.InvalidJSONError), lambda: unchanged.count(filter))
  while "$not" in filter:
    filter = filter["$not"]


def test_a_filter_with_too_many_parts(unchanged):
  refused((vectordb.InvalidFilterError), lambda: unchanged.count({"$or": [{"a": n} for n in range(20_000)]}))


def test_options(unchanged):
  refused(vectordb.InvalidOptionError, lambda: vectordb.create("x", dimension=3), "dimension", "dimensions")
  refused(vectordb.InvalidOptionError, lambda: vectordb.create("x", dimensions=0), "0")
  refused(vectordb.InvalidOptionError, lambda: vectordb.create("x", dimensions=-5), "-5")
  refused(vectordb.InvalidOptionError, lambda: vectordb.create("x", dimensions="many"), "dimensions")
  refused(vectordb.InvalidOptionError, lambda: vectordb.create("x", dimensions=3, metric="taxi"), "taxi")
  refused((vectordb.InvalidOptionError, vectordb.UnsupportedError), lambda: vectordb.create("x", "mysql"), "mysql")
  refused(vectordb.InvalidArgumentError, lambda: vectordb.create("", dimensions=3))
  refused(vectordb.InvalidArgumentError, lambda: vectordb.create("n" * 256, dimensions=3))
  refused(vectordb.InvalidTextError, lambda: vectordb.create("\ud800", dimensions=3))
  refused(vectordb.InvalidTextError, lambda: vectordb.create("x", dimensions=3, metric="\ud800"))
  refused(TypeError, lambda: vectordb.create(3, dimensions=3), "int")
  refused(TypeError, lambda: vectordb.create("x", dimensions={1}), "set")
  refused(vectordb.InvalidOptionError, lambda: vectordb.create("x", dimensions=math.nan))


def test_timeouts_and_tokens(unchanged):
  for timeout in (0, -1, math.nan, -math.inf):
    refused(vectordb.InvalidArgumentError, lambda: unchanged.count(timeout=timeout), repr(timeout))
  refused(TypeError, lambda: unchanged.count(timeout="1"), "str")
  refused(TypeError, lambda: unchanged.count(cancel=3), "int")
  assert unchanged.count(timeout=1e300) == 3


def test_extra_and_page_sizes(unchanged):
  for size in (0, -1, 10_001, 2**64):
    refused(vectordb.InvalidArgumentError, lambda: list(unchanged.iterate(batch_size=size)), str(size))
  refused(TypeError, lambda: list(unchanged.iterate(batch_size=1.5)))
  refused(TypeError, lambda: unchanged.count(extra=[1]), "list")
  refused(vectordb.InvalidArgumentError, lambda: unchanged.search([0, 0, 0], ef=2**32), str(2**32))


def test_namespaces(unchanged):
  refused(vectordb.InvalidArgumentError, lambda: unchanged.namespace("n" * 256))
  refused(vectordb.InvalidArgumentError, lambda: unchanged.namespace("a\0b"))
  refused(TypeError, lambda: unchanged.namespace(1), "int")


def test_a_closed_database(filled):
  filled.close()
  filled.close()
  assert filled.closed and "closed" in repr(filled)
  for call in (
    lambda: filled.search([0, 0, 0]),
    lambda: filled.search_batch([[0, 0, 0]]),
    lambda: filled.search_arrays([[0, 0, 0]]),
    lambda: filled.search_by_id("a"),
    lambda: filled.add("a", [0, 0, 0]),
    lambda: filled.upsert(["a"], [[0, 0, 0]], [{"k": 1}]),
    lambda: filled.update_metadata("a", {"x": 1}),
    lambda: filled.delete(["a"]),
    lambda: filled.delete(filter={"a": 1}),
    lambda: filled.get("a"),
    lambda: list(filled.iterate()),
    filled.count,
    filled.clear,
    filled.drop,
    filled.flush,
    filled.create_index,
    filled.collections,
    filled.namespaces,
    filled.health,
    filled.healthy,
    filled.metrics,
    filled.cache_stats,
    filled.clear_cache,
    filled.circuit_breaker,
    lambda: filled.control_circuit_breaker("automatic"),
    filled.capabilities,
    filled.describe,
    lambda: filled.set_credentials(api_key="x"),
    lambda: filled.namespace("x"),
  ):
    assert refused(vectordb.ClosedError, call).code == "VDB_E_CLOSED"


def test_empty_batches(unchanged):
  assert unchanged.upsert([], np.zeros((0, 3))).applied == 0
  assert unchanged.upsert([], []).applied == 0
  assert unchanged.search_batch([]) == [] and unchanged.search_batch(np.zeros((0, 3))) == []
  assert unchanged.search_arrays(np.zeros((0, 3)))[0].shape == (0, 0)
  assert unchanged.delete([]).deleted in (0, None)


def test_errors_can_be_caught_the_way_python_does(filled):
  with pytest.raises(ValueError):
    filled.search([0, 0, 0], 0)
  with pytest.raises(KeyError) as caught:
    filled.search_by_id("zzz")
  assert str(caught.value) == caught.value.message
  again = pickle.loads(pickle.dumps(caught.value))
  assert type(again) is vectordb.NotFoundError and (again.code, str(again)) == ("VDB_E_NOT_FOUND", str(caught.value))
  assert caught.value.operation is None or isinstance(caught.value.operation, str)
  assert caught.value.http_status is None


def test_what_another_thread_may_change_is_read_once(filled):
  class Once(list):
    """A list whose first reader is the only one who sees what is in it."""

    def __iter__(self):
      yield from [self.pop(0) for _ in range(len(self))]

  class Vectors:
    """Answers with another number of dimensions each time."""

    turn = 0

    def __array__(self, dtype=None, copy=None):
      self.turn += 1
      return np.zeros((2, 2 + self.turn), np.float32)

  assert filled.upsert(Once(["d", "e"]), Vectors(), Once([{"n": 1}, None])).applied == 2
  assert filled.get("d").metadata == {"n": 1}
  assert [record.id for record in filled.get_many(Once(["a", "d"]))] == ["a", "d"]
  assert len(filled.search_batch(Vectors(), 1)) == len(filled.search_arrays(Vectors(), 1)[0]) == 2
  assert filled.delete(Once(["d", "e"])).deleted == 2
