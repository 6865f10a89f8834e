"""A database under test beside the memory database that knows the right answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional

import numpy as np
import pytest
import vectordb
from backends import Backend

TOLERANCE = 1e-4
"""Distances of servers are float32, and each has its own order of summing."""

RANGES = {"$gt", "$gte", "$lt", "$lte"}


class Pair:
  """Does every write twice, and compares every read."""

  def __init__(self, backend: Backend, db: vectordb.Database, oracle: vectordb.Database, metric: str):
    self.backend, self.db, self.oracle, self.metric = backend, db, oracle, metric
    self.operators = set(db.capabilities()["filter_operators"])

  def upsert(self, ids: Iterable[str], vectors: Any, metadata: Any = None) -> vectordb.WriteReport:
    """Writes to both."""
    ids = list(ids)
    report = self.db.upsert(ids, vectors, metadata)
    assert report.applied == len(ids) and not report.failed and report.not_attempted == 0
    self.oracle.upsert(ids, vectors, metadata)
    settle(self.db)
    return report

  def same_records(self) -> None:
    """Every page, every record by id, and the count agree."""
    expected = {record.id: record for record in self.oracle.iterate(include_vectors=True)}
    paged: dict[str, vectordb.Record] = {}
    for record in self.db.iterate(batch_size=1000, include_vectors=True):
      paged[record.id] = record
    assert sorted(paged) == sorted(expected)
    ids = sorted(expected)
    for record in [*paged.values(), *self.db.get_many(ids)]:
      assert record is not None
      same_record(record, expected[record.id])
    assert self.db.count() == len(expected)

  def same_search(self, query: Any, k: int = 1000, filter: Optional[Mapping[str, Any]] = None) -> None:
    """The hits are right, complete, sorted, and carry the numbers of the score contract."""
    hits = self.db.search(query, top_k=self.bounded(k), filter=filter)
    self.right_hits(hits, query, k, filter)

  def right_hits(self, hits: list[Any], query: Any, k: int, filter: Optional[Mapping[str, Any]] = None) -> None:
    """`hits` are what a search of the oracle says, up to the order of what is equally far."""
    everything = self.oracle.search(query, top_k=10**6, filter=filter)
    right = {hit.id: hit for hit in everything}
    assert [hit.id for hit in hits if hit.id not in right] == [], "hits that do not match"
    assert len({hit.id for hit in hits}) == len(hits), "an id twice"
    assert len(hits) == min(k, len(everything))
    for hit, expected in zip(hits, everything):
      assert hit.distance == pytest.approx(expected.distance, abs=TOLERANCE, rel=TOLERANCE), (hit, expected)
    for hit in hits:
      assert hit.distance == pytest.approx(right[hit.id].distance, abs=TOLERANCE, rel=TOLERANCE), hit
      assert hit.score == pytest.approx(score_of(self.metric, hit.distance), abs=1e-6, rel=1e-6), hit
      assert hit.metadata == right[hit.id].metadata
    order = [(hit.distance, hit.id.encode()) for hit in hits]
    assert order == sorted(order), "hits are not sorted by distance and id"

  def same_filter(self, filter: Mapping[str, Any], query: Any) -> bool:
    """A filter finds the same in search, count and pages. False when the backend refuses it, as it may."""
    may_refuse = self.may_refuse(filter)
    expected = sorted(record.id for record in self.oracle.iterate(filter=filter))
    works = True
    try:
      hits = self.db.search(query, top_k=self.bounded(1000), filter=filter)
      assert operators_of(filter) <= self.operators, f"{filter} works, but capabilities deny its operators"
      assert sorted(hit.id for hit in hits) == expected, filter
    except vectordb.UnsupportedError as error:
      self.says_why(error, filter, may_refuse)
      works = False
    try:
      assert sorted(record.id for record in self.db.iterate(filter=filter)) == expected, filter
    except vectordb.UnsupportedError as error:
      # Where records pass through the library anyway, it may know more than the server; never less.
      assert not works, f"{filter} works in search, but not in pages: {error}"
      return False
    if not works:
      return False
    if self.db.capabilities()["filtered_count"]:
      assert self.db.count(filter=filter) == len(expected), filter
    return True

  def may_refuse(self, filter: Mapping[str, Any]) -> set[str]:
    """Operators of a filter that the backend may say it does not support."""
    denied = operators_of(filter) - self.operators
    if "string ranges" in self.backend.refuses:
      denied |= {operator for operator, operand, _ in leaves(filter) if operator in RANGES and isinstance(operand, str)}
    if "negated ranges" in self.backend.refuses:
      denied |= {operator for operator, _, negated in leaves(filter) if operator in RANGES and negated}
    return denied

  def says_why(self, error: vectordb.UnsupportedError, filter: Mapping[str, Any], may_refuse: set[str]) -> None:
    """A refusal is one that is allowed, and names the backend and the operator."""
    assert may_refuse, f"{filter} must work, but: {error}"
    assert self.backend.name in str(error), error
    assert any(operator in str(error) for operator in may_refuse), (str(error), may_refuse)

  def bounded(self, k: int) -> int:
    """`k`, or the most the backend allows."""
    return min(k, self.db.capabilities()["max_top_k"] or k)


def settle(db: vectordb.Database) -> None:
  """Makes what was written visible, where the backend does not promise it anyway."""
  if db.capabilities()["read_your_writes"] != "strong":
    db.flush()


def same_record(record: vectordb.Record, expected: vectordb.Record) -> None:
  """Two records hold the same: ids and metadata with their types, vectors up to rounding."""
  assert (record.id, record.metadata) == (expected.id, expected.metadata)
  for key, value in expected.metadata.items():
    assert type(record.metadata[key]) is type(value), (record.id, key)
  if record.vector is not None and expected.vector is not None:
    np.testing.assert_allclose(record.vector, expected.vector, rtol=1e-6, atol=1e-6)


def score_of(metric: str, distance: float) -> float:
  """The score that belongs to a distance."""
  if metric == "l2":
    return 1 / (1 + distance)
  return 1 - distance if metric == "cosine" else -distance


def leaves(filter: Mapping[str, Any]) -> list[tuple[str, Any, bool]]:
  """(operator, operand, whether below a negation) of every condition of a filter."""
  found: list[tuple[str, Any, bool]] = []
  pending: list[tuple[Any, bool]] = [(filter, False)]
  while pending:
    node, negated = pending.pop()
    for key, value in node.items():
      if key in ("$and", "$or"):
        pending += [(branch, negated) for branch in value]
      elif key == "$not":
        pending.append((value, True))
      elif key.startswith("$"):
        found.append((key, value, negated))
      elif isinstance(value, Mapping):
        pending.append((value, negated))
      else:
        found.append(("$eq", value, negated))
  return found


def operators_of(filter: Mapping[str, Any]) -> set[str]:
  """Every operator in a filter, `$eq` also where it is not written."""
  found = {operator for operator, _, _ in leaves(filter)}
  pending: list[Any] = [filter]
  while pending:
    node = pending.pop()
    if isinstance(node, Mapping):
      found |= {key for key in node if key in ("$and", "$or", "$not")}
      pending += node.values()
    elif isinstance(node, list):
      pending += node
  return found


def unit(seed: int, count: int, dimensions: int) -> np.ndarray:
  """Random directions, the same for a seed."""
  rows = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
  return rows / np.linalg.norm(rows, axis=1, keepdims=True)
