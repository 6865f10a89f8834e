"""Opening: looks first, never recreates, and says what does not fit."""

import numpy as np
import pytest
import vectordb
from hostile import NAMES
from pair import settle


@pytest.fixture
def remote(backend):
  """For tests that open a collection twice: each memory database is one of its own."""
  if not backend.remote:
    pytest.skip("a memory database is private to its handle")


@pytest.fixture
def stored(remote, make, fresh_name):
  """Name of a collection of two records."""
  name = fresh_name()
  make(name).upsert(["a", "b"], np.eye(4)[:2], [{"k": 1}, None])
  return name


@pytest.mark.essential
def test_reopening_finds_everything(stored, make):
  for mode in ("open", "create_or_open"):
    db = make(stored, mode=mode)
    assert db.count() == 2 and db.get("a").metadata == {"k": 1}
    assert [hit.id for hit in db.search([1, 0, 0, 0])] == ["a", "b"]


def test_dimensions_and_metric_may_be_left_out(stored, make, reach):
  with vectordb.create(stored, **reach, mode="open", metric="l2") as db:
    assert db.describe()["dimensions"] == 4 and db.count() == 2
    with pytest.raises(vectordb.DimensionMismatchError):
      db.add("c", [1, 2, 3])


@pytest.mark.essential
def test_another_dimension_is_a_conflict_and_changes_nothing(stored, make):
  for mode in ("open", "create_or_open"):
    with pytest.raises(vectordb.ConflictError, match="4") as caught:
      make(stored, dimensions=5, mode=mode)
    assert "5" in str(caught.value)
  assert make(stored).count() == 2


def test_another_metric_is_a_conflict_and_changes_nothing(stored, make):
  for metric in ("cosine", "dot"):
    with pytest.raises(vectordb.ConflictError, match="l2") as caught:
      make(stored, metric=metric)
    assert metric in str(caught.value)
  assert make(stored).count() == 2


def test_create_refuses_what_exists(stored, make):
  with pytest.raises(vectordb.AlreadyExistsError):
    make(stored, mode="create")
  assert make(stored).count() == 2


def test_open_refuses_what_does_not_exist(make, fresh_name):
  name = fresh_name()
  with pytest.raises(vectordb.NotFoundError):
    make(name, mode="open")
  with pytest.raises(vectordb.NotFoundError):
    make(name, mode="open")
  assert name not in make().collections()


def test_create_makes_what_does_not_exist(make, fresh_name):
  name = fresh_name()
  db = make(name, mode="create")
  assert db.count() == 0 and name in db.collections()


def test_creating_needs_dimensions(reach, fresh_name):
  with pytest.raises(vectordb.InvalidOptionError, match="dimensions"):
    vectordb.create(fresh_name(), **reach)


def test_lazy_opening_is_unknown_until_the_first_call(remote, make, fresh_name):
  db = make(connect="lazy")
  assert db.health()["status"] == "unknown"
  assert db.count() == 0
  assert db.health()["status"] == "ok"


def test_lazy_opening_tells_a_conflict_at_the_first_call(stored, make):
  db = make(stored, dimensions=5, connect="lazy")
  with pytest.raises(vectordb.ConflictError):
    db.count()


def test_a_user_who_may_only_read_opens_and_reads(stored, server):
  options = server.read_only_options()
  if options is None:
    pytest.skip("no such users")
  for mode in ("open", "create_or_open"):
    with vectordb.create(stored, dimensions=4, metric="l2", mode=mode, **options) as db:
      assert db.count() == 2 and db.get("a").metadata == {"k": 1}
      assert [hit.id for hit in db.search([1, 0, 0, 0])] == ["a", "b"]
      assert [record.id for record in db.iterate(filter={"k": 1})] == ["a"]
      assert db.health(probe=True)["status"] == "ok"
      for write in (lambda: db.add("c", [1, 0, 0, 0]), lambda: db.delete("a"), lambda: db.clear(), lambda: db.drop()):
        with pytest.raises(vectordb.PermissionDeniedError) as caught:
          write()
        assert caught.value.applied == "no"
      assert db.count() == 2


def test_several_handles_see_the_same(stored, make):
  first, second = make(stored), make(stored)
  first.add("c", [0, 0, 1, 0], {"new": True})
  settle(first)
  assert second.get("c").metadata == {"new": True} and second.count(filter={"new": True}) == 1


def test_opening_at_once_from_many_threads_creates_one(remote, make, fresh_name):
  from concurrent.futures import ThreadPoolExecutor

  name = fresh_name()
  with ThreadPoolExecutor(8) as threads:
    opened = list(threads.map(lambda _: make(name), range(8)))
  for n, db in enumerate(opened):
    db.add(f"r{n}", [n, 0, 0, 1])
  settle(opened[0])
  assert opened[0].count() == 8


def test_collections_are_listed(make, fresh_name):
  names = [fresh_name() for _ in range(3)]
  databases = [make(name) for name in names]
  if databases[0].backend == "memory":
    assert databases[0].collections() == names[:1]
  else:
    assert set(names) <= set(databases[0].collections())
    databases[1].drop()
    assert names[1] not in databases[0].collections()


def test_hostile_names_work_or_are_refused(remote, make, fresh_name, reach):
  victim = fresh_name()
  make(victim).add("here", [1, 0, 0, 0], {"k": "v"})
  make("victim").add("here", [1, 0, 0, 0])
  worked = []
  for name in NAMES:
    try:
      db = make(name)
    except (vectordb.InvalidArgumentError, vectordb.BackendError) as error:
      assert isinstance(error, vectordb.InvalidArgumentError), (name, error)
      continue
    db.upsert(["x"], [[1, 0, 0, 0]], [{"name": name}])
    settle(db)
    worked.append(name)
  for name in worked:
    with vectordb.create(name, mode="open", **{"dimensions": 4, "metric": "l2", **reach}) as again:
      assert again.get("x").metadata == {"name": name}
      assert [record.metadata for record in again.iterate()] == [{"name": name}], name
  assert make(victim).get("here").metadata == {"k": "v"} and make("victim").count() == 1


def test_unknown_options_name_the_nearest(reach, fresh_name):
  with pytest.raises(vectordb.InvalidOptionError, match="dimensions"):
    vectordb.create(fresh_name(), **reach, dimension=4)


def test_capabilities_are_told(backend, make):
  told = make().capabilities()
  assert told["backend"] == backend.name
  assert set(told["metrics"]) == {"cosine", "l2", "dot"}
  assert told["metadata_update"] in ("atomic", "read_modify_write")
  assert told["read_your_writes"] in ("strong", "flush", "best_effort")
  assert told["max_top_k"] is None or told["max_top_k"] >= 1000
  assert told["max_dimensions"] >= 2000 and "flat" in told["indexes"] or told["indexes"]


def test_more_dimensions_than_the_backend_has_are_refused(backend, make):
  most = make().capabilities()["max_dimensions"]
  if most < 65536:
    with pytest.raises(vectordb.InvalidArgumentError, match=str(most)):
      make(dimensions=most + 1)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 1536, 3072])
def test_dimensions(pair, dimensions):
  if pair().db.capabilities()["max_dimensions"] < dimensions:
    pytest.skip("beyond the backend")
  both = pair(dimensions=dimensions, metric="l2")
  rows = np.random.default_rng(1).standard_normal((12, dimensions)).astype(np.float32)
  both.upsert([f"r{n}" for n in range(12)], rows)
  both.same_search(rows[3] * 0.9)
  both.same_records()
