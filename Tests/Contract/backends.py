"""The backends under contract. A new one joins with one line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backend:
  """A backend, and what the contract lets it refuse with VDB_E_UNSUPPORTED; everything else must work.

  `whole_records`: reads show vector and metadata of the same write, and of two writes of a record at once one wins. Where
  the server keeps vectors apart from metadata, and merges metadata, only the last of several writes is shown whole.

  Words of `refuses`:
    string ranges     `$gt`, `$gte`, `$lt`, `$lte` with a string
    negated ranges    a range below `$not`
    nul               NUL characters in metadata
    huge metadata     more than 60,000 bytes of metadata in a record
  """

  name: str
  refuses: frozenset[str] = frozenset()
  whole_records: bool = True
  exact_floats: bool = True
  """Whether numbers keep their last bit; a server may read decimals less exactly than they were written."""
  slow: bool = False
  """Whether a call takes so long that only the tests marked `essential` are run."""
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
    Backend("chroma", frozenset({"string ranges", "negated ranges"}), whole_records=False, exact_floats=False),
    Backend("milvus", frozenset({"huge metadata"})),
    Backend("milvus", frozenset({"huge metadata"}), slow=True, server="milvus-standalone"),
  )
}
