"""The backends under contract. A new one joins with one line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backend:
  """A backend, and what the contract lets it refuse with VDB_E_UNSUPPORTED; everything else must work.

  Words of `refuses`:
    string ranges     `$gt`, `$gte`, `$lt`, `$lte` with a string
    negated ranges    a range below `$not`
    nul               NUL characters in metadata
    huge metadata     more than 60,000 bytes of metadata in a record
  """

  name: str
  refuses: frozenset[str] = frozenset()
  server: str = ""
  """Its server in `servers.VARIANTS`, when that has another name."""

  @property
  def remote(self) -> bool:
    """Whether a server is needed."""
    return self.name != "memory"


BACKENDS = {
  backend.server or backend.name: backend
  for backend in (
    Backend("memory"),
    Backend("pgvector", frozenset({"nul"})),
    Backend("redis", frozenset({"string ranges"})),
    Backend("chroma", frozenset({"string ranges", "negated ranges"})),
    Backend("milvus", frozenset({"huge metadata"})),
    Backend("milvus", frozenset({"huge metadata"}), "milvus-standalone"),
  )
}
