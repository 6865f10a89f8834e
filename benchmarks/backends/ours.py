"""Collections of a real server, opened by the library."""

import json

import vectordb
from data import DIMENSIONS


def ours(peer, name, kind):
  """A new one, empty."""
  return vectordb.create(name, dimensions=DIMENSIONS, metric="cosine", index=kind, **peer.options(name))


def options(peer, name):
  """What `ours` was made with, as a program in C opens it."""
  return json.dumps({"dimensions": DIMENSIONS, "metric": "cosine", **peer.options(name)})


def searchable(module, peer, name, rows):
  """A new one with rows, and the index that searches are measured with."""
  db = ours(peer, name, module.index)
  db.upsert(rows.ids, rows.vectors, rows.metadata)
  if hasattr(peer, "settle"):
    peer.settle(name)
  if module.search_index != module.index:
    if module.name == "redis-py":  # an index is part of its collection
      db.drop()
      db = ours(peer, name, module.search_index)
      db.upsert(rows.ids, rows.vectors, rows.metadata)
    else:
      db.create_index(module.search_index)
  db.flush()
  return db
