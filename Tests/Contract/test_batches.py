"""Large batches and many writers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pair import settle, unit


@pytest.mark.essential
def test_ten_thousand_rows_at_once(pair):
  both = pair(dimensions=16, metric="cosine")
  rows = np.random.default_rng(3).standard_normal((10_000, 16)).astype(np.float32)
  metadata = [{"n": n, "group": f"g{n % 10}"} for n in range(10_000)]
  report = both.upsert([f"r{n}" for n in range(10_000)], rows, metadata)
  assert report.applied == 10_000
  assert both.db.count() == 10_000 and both.db.count(filter={"group": "g3"}) == 1000
  sample = [f"r{n}" for n in range(0, 10_000, 97)]
  for record, expected in zip(both.db.get_many(sample), both.oracle.get_many(sample)):
    assert record.id == expected.id and record.metadata == expected.metadata
    np.testing.assert_allclose(record.vector, expected.vector, rtol=1e-6)
  everything = both.db.get_many([f"r{n}" for n in range(10_000)], include_vectors=False)
  assert all(record is not None and record.metadata["n"] == n for n, record in enumerate(everything))
  assert sum(1 for _ in both.db.iterate(batch_size=3000)) == 10_000
  # Nearest by an approximate index: the answers must be good, not perfect.
  right = [both.oracle.search(query, 10) for query in rows[:20]]
  found = both.db.search_batch(rows[:20], 10)
  common = sum(len({hit.id for hit in one} & {hit.id for hit in other}) for one, other in zip(right, found))
  assert common >= 0.9 * 200
  assert all(one[0].id == f"r{n}" for n, one in enumerate(found))
  report = both.db.delete(filter={"group": {"$in": [f"g{n}" for n in range(9)]}})
  assert report.deleted in (9000, None)
  settle(both.db)
  assert both.db.count() == 1000
  report = both.db.delete([f"r{n}" for n in range(10_000)])
  assert report.deleted in (1000, None)
  settle(both.db)
  assert both.db.count() == 0


def test_batches_of_many_bytes(pair):
  both = pair(dimensions=1536)
  rows = np.random.default_rng(3).standard_normal((1800, 1536)).astype(np.float32)
  metadata = [{"text": f"{n} " + "x" * 5000} for n in range(1800)]
  both.upsert([f"r{n}" for n in range(1800)], rows, metadata)
  assert both.db.count() == 1800
  ids = [f"r{n}" for n in range(0, 1800, 53)]
  for record, expected in zip(both.db.get_many(ids), both.oracle.get_many(ids)):
    assert record.metadata == expected.metadata
    np.testing.assert_allclose(record.vector, expected.vector, rtol=1e-6)


def test_writers_on_records_of_their_own(pair):
  both = pair(dimensions=8)

  def write(writer):
    rows = unit(writer, 100, 8)
    for start in range(0, 100, 10):
      ids = [f"w{writer}-{n}" for n in range(start, start + 10)]
      both.db.upsert(ids, rows[start : start + 10], [{"writer": writer, "n": n} for n in range(start, start + 10)])
    both.db.delete([f"w{writer}-{n}" for n in range(0, 100, 4)])
    for n in range(1, 20, 4):
      both.db.update_metadata(f"w{writer}-{n}", {"more": f"key {writer}", f"own{writer}": True})

  with ThreadPoolExecutor(8) as threads:
    list(threads.map(write, range(8)))
  settle(both.db)
  for writer in range(8):
    kept = [n for n in range(100) if n % 4]
    rows = unit(writer, 100, 8)
    metadata = [{"writer": writer, "n": n} for n in kept]
    for values in metadata:
      if values["n"] in range(1, 20, 4):
        values |= {"more": f"key {writer}", f"own{writer}": True}
    both.oracle.upsert([f"w{writer}-{n}" for n in kept], rows[kept], metadata)
  both.same_records()
  both.same_search(unit(9, 1, 8)[0], 20)


def test_writers_on_the_same_record_leave_one_of_theirs(pair):
  both = pair()

  def write(writer):
    for n in range(20):
      both.db.upsert(["same", "other"], [[writer, n, 0, 1]] * 2, [{"writer": writer, "n": n, f"w{writer}": True}] * 2)

  with ThreadPoolExecutor(6) as threads:
    list(threads.map(write, range(6)))
  settle(both.db)
  for record in both.db.get_many(["same", "other"]):
    writer = record.metadata["writer"]
    if both.backend.whole_records:
      assert record.metadata == {"writer": writer, "n": 19, f"w{writer}": True}, "a mixture of two writes"
      assert record.vector.tolist() == [writer, 19, 0, 1], "vector and metadata of two writes"
    else:
      assert {"writer": writer, "n": 19, f"w{writer}": True}.items() <= record.metadata.items()
  assert both.db.count() == 2


def test_merges_at_once_lose_nothing_where_updates_are_atomic(pair):
  both = pair()
  both.db.add("a", [1, 0, 0, 0], {"start": True})
  with ThreadPoolExecutor(6) as threads:
    list(threads.map(lambda writer: both.db.update_metadata("a", {f"k{writer}": writer}), range(24)))
  settle(both.db)
  if both.db.capabilities()["metadata_update"] == "atomic":
    assert both.db.get("a").metadata == {"start": True, **{f"k{n}": n for n in range(24)}}


def test_readers_see_whole_records_while_they_are_replaced(pair):
  both = pair()
  both.db.upsert(["a", "b"], [[1, 0, 0, 0]] * 2, [{"n": 0, "same": 0}] * 2)
  stop = threading.Event()
  problems = []

  def read():
    while not stop.is_set():
      for record in [*both.db.get_many(["a", "b"]), *both.db.search([1, 0, 0, 0], 2, include_vectors=True)]:
        if record is None:
          problems.append("a record vanished while it was replaced")
        elif record.metadata["n"] != record.metadata["same"]:
          problems.append(f"metadata of two writes: {record!r}")
        elif record.vector[1] != record.metadata["n"] and both.backend.whole_records:
          problems.append(f"vector and metadata of two writes: {record!r} {record.vector}")

  readers = [threading.Thread(target=read) for _ in range(2)]
  for reader in readers:
    reader.start()
  for n in range(1, 40):
    both.db.upsert(["a", "b"], [[1, n, 0, 0]] * 2, [{"n": n, "same": n}] * 2)
  stop.set()
  for reader in readers:
    reader.join()
  assert problems[:3] == []
