"""Pages: every record at least once, whatever happens meanwhile."""

import pytest
from hostile import IDS
from pair import settle, unit

COUNT = 500


@pytest.fixture
def filled(pair):
  both = pair()
  both.upsert(
    [f"r{n:04}" for n in range(COUNT)], unit(1, COUNT, 4), [{"n": n, "even": n % 2 == 0} for n in range(COUNT)]
  )
  return both


@pytest.mark.parametrize("batch_size", [1000, COUNT, 100, 33])
def test_pages_of_any_size(filled, batch_size):
  seen = [record.id for record in filled.db.iterate(batch_size=batch_size)]
  assert set(seen) == {f"r{n:04}" for n in range(COUNT)}
  assert len(seen) < COUNT * 1.1


def test_pages_of_one(pair):
  both = pair()
  both.upsert(IDS[:20], unit(1, 20, 4))
  assert {record.id for record in both.db.iterate(batch_size=1)} == set(IDS[:20])


def test_pages_with_a_filter(filled):
  seen = {record.metadata["n"] for record in filled.db.iterate(batch_size=60, filter={"even": True})}
  assert seen == set(range(0, COUNT, 2))
  assert list(filled.db.iterate(filter={"even": "no"})) == []


def test_pages_hold_what_was_asked(filled):
  record = next(iter(filled.db.iterate(include_vectors=True, include_metadata=False)))
  assert record.metadata is None and record.vector.tolist() == filled.oracle.get(record.id).vector.tolist()
  record = next(iter(filled.db.iterate()))
  assert record.vector is None and "n" in record.metadata


def test_an_empty_collection_has_no_pages(pair):
  assert list(pair().db.iterate()) == []


def test_what_stays_is_seen_while_others_go_and_come(filled):
  seen = []
  for position, record in enumerate(filled.db.iterate(batch_size=50)):
    seen.append(record.id)
    if position % 50 == 25:
      round = position // 50
      filled.db.delete([f"r{n:04}" for n in range(round * 20, round * 20 + 10)])
      filled.db.upsert([f"a{round}", f"z{round}"], unit(round, 2, 4))
      settle(filled.db)
  gone = {f"r{n:04}" for round in range(COUNT // 50 + 1) for n in range(round * 20, round * 20 + 10)}
  assert {f"r{n:04}" for n in range(COUNT)} - gone <= set(seen)


def test_deleting_what_each_page_shows_empties_the_collection(filled):
  gone = []
  for record in filled.db.iterate(batch_size=40):
    gone.append(record.id)
    if len(gone) % 40 == 0:
      filled.db.delete(gone[-40:])
  filled.db.delete(gone[-40:])
  settle(filled.db)
  assert filled.db.count() == 0
