"""One score contract: distance, score and order mean the same on every backend."""

import numpy as np
import pytest
import vectordb
from pair import unit

METRICS = ["cosine", "l2", "dot"]


@pytest.mark.parametrize("metric", METRICS)
def test_distances_and_scores(pair, metric):
  both = pair(dimensions=16, metric=metric)
  rows = np.random.default_rng(7).standard_normal((80, 16)).astype(np.float32)
  both.upsert([f"r{n}" for n in range(80)], rows)
  for query in [*np.random.default_rng(8).standard_normal((5, 16)), rows[3], -rows[3], rows[3] * 1e-3]:
    both.same_search(query, 80)
    both.same_search(query, 10)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1e-3, 30.0])
def test_other_magnitudes(pair, metric, scale):
  both = pair(dimensions=8, metric=metric)
  both.upsert([f"r{n}" for n in range(20)], unit(1, 20, 8) * scale)
  both.same_search(unit(2, 1, 8)[0] * scale, 20)


@pytest.mark.parametrize("metric", METRICS)
def test_the_same_direction_and_the_opposite(pair, metric):
  both = pair(dimensions=4, metric=metric)
  both.upsert(["same", "opposite", "across", "double"], [[1, 2, 3, 4], [-1, -2, -3, -4], [2, -1, 4, -3], [2, 4, 6, 8]])
  both.same_search([1, 2, 3, 4])
  hits = {hit.id: hit for hit in both.db.search([1, 2, 3, 4])}
  if metric == "cosine":
    assert 0 <= hits["same"].distance < 1e-5 and 2 - 1e-5 < hits["opposite"].distance <= 2
  if metric == "l2":
    assert 0 <= hits["same"].distance < 1e-3
  if metric == "dot":
    assert hits["double"].score == pytest.approx(60, rel=1e-5) and hits["opposite"].score == pytest.approx(
      -30, rel=1e-5
    )


@pytest.mark.parametrize("metric", METRICS)
def test_ties_come_by_id(pair, metric):
  both = pair(metric=metric)
  ids = ["b", "B", "a", "aa", "é", "e\u0301", "z", "10", "9"]
  both.upsert(ids, [[1, 1, 0, 0]] * len(ids))
  hits = both.db.search([1, 0.5, 0, 0], 100)
  assert [hit.id for hit in hits] == sorted(ids, key=str.encode)
  assert len({hit.distance for hit in hits}) == 1
  few = both.db.search([1, 0.5, 0, 0], 4)
  assert len(few) == 4 and [hit.id for hit in few] == sorted((hit.id for hit in few), key=str.encode)


def test_a_zero_vector_has_no_direction(pair):
  both = pair(metric="cosine")
  with pytest.raises(vectordb.InvalidVectorError):
    both.db.add("zero", [0, 0, 0, 0])
  with pytest.raises(vectordb.InvalidVectorError):
    both.db.search([0, 0, 0, 0])
  both.upsert(["a"], [[1, 0, 0, 0]])
  both.same_records()


@pytest.mark.parametrize("metric", ["l2", "dot"])
def test_zero_vectors_elsewhere(pair, metric):
  both = pair(metric=metric)
  both.upsert(["zero", "one"], [[0, 0, 0, 0], [1, 0, 0, 0]])
  both.same_search([0, 0, 0, 0])
  both.same_search([1, 1, 0, 0])


def test_more_than_there_are(pair):
  both = pair()
  assert both.db.search([1, 0, 0, 0], 10) == []
  both.upsert(["a", "b"], [[1, 0, 0, 0], [0, 1, 0, 0]])
  cap = both.db.capabilities()["max_top_k"]
  for k in (1, 2, 3, 100, cap or 2**40):
    both.same_search([1, 0.2, 0, 0], k)
  with pytest.raises(vectordb.InvalidKError):
    both.db.search([1, 0, 0, 0], 0)
  if cap is not None:
    with pytest.raises(vectordb.InvalidKError, match=str(cap)):
      both.db.search([1, 0, 0, 0], cap + 1)


def test_k_beyond_what_an_index_looks_at_by_default(pair):
  both = pair(dimensions=8)
  both.upsert([f"r{n}" for n in range(600)], unit(1, 600, 8))
  hits = both.db.search(unit(2, 1, 8)[0], both.bounded(500))
  assert len(hits) == both.bounded(500)
