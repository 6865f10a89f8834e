"""Ids are bytes: whatever they hold, each is its own record."""

import numpy as np
import pytest
import vectordb
from hostile import IDS
from pair import settle


def test_the_list_of_hostile_ids_has_no_double():
  assert len(set(IDS)) == len(IDS) and all(1 <= len(id.encode()) <= 512 for id in IDS)


@pytest.fixture
def filled(pair):
  both = pair()
  vectors = np.array([[n, n % 7, n % 11, 1] for n in range(len(IDS))], np.float32)
  both.upsert(IDS, vectors, [{"n": n} for n in range(len(IDS))])
  return both


@pytest.mark.essential
def test_every_id_is_its_own_record(filled):
  assert filled.db.count() == len(IDS)
  records = filled.db.get_many(IDS)
  assert [(record.id, record.metadata["n"]) for record in records] == [(id, n) for n, id in enumerate(IDS)]
  filled.same_records()


def test_every_id_comes_back_from_search(filled):
  filled.same_search([3, 3, 3, 3])
  for n, id in enumerate(IDS):
    (hit,) = filled.db.search([n, n % 7, n % 11, 1], 1)
    assert (hit.id, hit.metadata) == (id, {"n": n})


def test_one_by_one(filled):
  for n, id in enumerate(IDS):
    assert filled.db.get(id).metadata == {"n": n}
    assert id not in [hit.id for hit in filled.db.search_by_id(id, 3)]


def test_each_can_be_replaced_and_changed_alone(filled):
  for n, id in enumerate(IDS[::3]):
    filled.upsert([id], [[n, 0, 0, 0.5]], [{"m": n}])
  for id in IDS[1::3]:
    for db in (filled.db, filled.oracle):
      db.update_metadata(id, {"changed": True})
  settle(filled.db)
  filled.same_records()


def test_each_is_deleted_alone(filled):
  for id in IDS[::2]:
    report = filled.db.delete(id)
    assert report.deleted in (1, None), id
  settle(filled.db)
  filled.oracle.delete(IDS[::2])
  filled.same_records()
  filled.db.delete(IDS)
  settle(filled.db)
  assert filled.db.count() == 0


def test_ids_that_are_only_similar_are_not_there(pair):
  both = pair()
  both.upsert(["caf\u00e9", "Key", " x", "550e8400-e29b-41d4-a716-446655440000"], np.eye(4))
  similar = ["cafe\u0301", "key", "KEY", "x", " x ", "550E8400-E29B-41D4-A716-446655440000", "*", "%", "Ke_"]
  assert both.db.get_many(similar) == [None] * len(similar)
  both.db.delete(similar)
  settle(both.db)
  both.same_records()
  with pytest.raises(vectordb.NotFoundError):
    both.db.update_metadata("cafe\u0301", {"x": 1})
