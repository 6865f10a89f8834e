"""Random records and filters answer as in memory. A failing test tells its seed: --first-seed N --seeds 1."""

import random

import numpy as np
from hostile import IDS, KEYS, NUMBERS, VALUES
from pair import settle


def random_value(chance):
  kind = chance.randrange(10)
  if kind < 4:
    return chance.choice(VALUES[:40])
  if kind < 6:
    return chance.choice([chance.randrange(-3, 4), chance.choice(NUMBERS), chance.randrange(-6, 7) / 2])
  if kind < 8:
    return chance.random() < 0.5
  if kind < 9:
    return [chance.choice(VALUES[:40]) for _ in range(chance.randrange(1, 5))]
  return None


def random_metadata(chance, keys):
  return {key: random_value(chance) for key in keys if chance.random() < 0.6}


def random_operand(chance, strings=True):
  while True:
    value = random_value(chance)
    if isinstance(value, (bool, int, float)) or (strings and isinstance(value, str)):
      return value


def random_filter(chance, keys, depth=3):
  kind = chance.randrange(10)
  if depth > 0 and kind < 2:
    return {"$and": [random_filter(chance, keys, depth - 1) for _ in range(chance.randrange(1, 4))]}
  if depth > 0 and kind < 4:
    return {"$or": [random_filter(chance, keys, depth - 1) for _ in range(chance.randrange(1, 4))]}
  if depth > 0 and kind < 5:
    return {"$not": random_filter(chance, keys, depth - 1)}
  conditions = {}
  for key in chance.sample(keys, chance.randrange(1, 3)):
    conditions[key] = random_condition(chance)
  return conditions


def random_condition(chance):
  operator = chance.choice(["", "$eq", "$ne", "$in", "$nin", "$gt", "$gte", "$lt", "$lte", "$exists", "$not"])
  if operator == "":
    return random_operand(chance)
  if operator in ("$in", "$nin"):
    return {operator: [random_operand(chance) for _ in range(chance.randrange(0, 5))]}
  if operator == "$exists":
    return {operator: chance.random() < 0.5}
  if operator == "$not":
    inner = random_condition(chance)
    return {"$not": inner if isinstance(inner, dict) else {"$eq": inner}}
  if operator.startswith(("$g", "$l")):
    number = random_operand(chance, strings=chance.random() < 0.3)
    return {operator: int(number) if isinstance(number, bool) else number}
  return {operator: random_operand(chance)}


def test_random_records_and_filters(pair, seed):
  chance = random.Random(seed)
  metric = ["cosine", "l2", "dot"][seed % 3]
  both = pair(dimensions=8, metric=metric)
  keys = chance.sample(KEYS, 6)
  ids = [*chance.sample(IDS, 30), *(f"id {n}" for n in range(70))]
  print(f"seed {seed}: {metric}, keys {keys}")

  def some(count):
    chosen = chance.sample(ids, count)
    vectors = np.random.default_rng(chance.randrange(2**32)).standard_normal((count, 8)).astype(np.float32)
    return chosen, vectors, [random_metadata(chance, keys) for _ in chosen]

  both.upsert(*some(80))
  both.upsert(*some(30))
  for id in chance.sample(ids, 10):
    change = random_metadata(chance, keys)
    if both.oracle.get(id) is not None:
      replace = chance.random() < 0.5
      for db in (both.db, both.oracle):
        db.update_metadata(id, change, replace=replace)
  gone = chance.sample(ids, 10)
  for db in (both.db, both.oracle):
    db.delete(gone)
  settle(both.db)
  both.same_records()
  query = np.random.default_rng(seed).standard_normal(8).astype(np.float32)
  both.same_search(query)
  worked = 0
  for _ in range(60):
    filter = random_filter(chance, keys)
    worked += both.same_filter(filter, query)
  print(f"{worked} of 60 filters supported")
  assert worked >= 15
