"""How an answer was made: what a read tells beside its rows, for those who ask."""

from __future__ import annotations

from typing import Any


class AnswerInfo:
  """Filled by the read that it is given to: `info = AnswerInfo(); db.search(vector, info=info); info.cached`.

  Asking costs some microseconds, so no read tells it unasked. A read that fails leaves it alone: its error tells.
  """

  __slots__ = ("age", "attempts", "cached", "exact", "index", "stale")

  def __init__(self) -> None:
    self.exact = True
    """Whether the neighbours are certainly the nearest."""
    self.index = ""
    """Kind of index that answered: "flat", ..."""
    self.cached = False
    """Whether the answer came from the cache, or was shared with a call that asked the same at the same time."""
    self.stale = False
    """Whether it is beyond its time to live, and served because the backend failed (option cache.stale_on_error)."""
    self.age = 0.0
    """Seconds since it was made; 0 for a new one."""
    self.attempts = 0
    """Requests this call sent: 0 when the cache had the answer, above 1 when some were repeated."""

  def _fill(self, document: dict[str, Any]) -> None:
    self.exact = document["exact"]
    self.index = document["index"]
    self.cached = document["cached"]
    self.stale = document["stale"]
    self.age = document["age_ms"] / 1000
    self.attempts = document["attempts"]

  def __repr__(self) -> str:
    return f"AnswerInfo({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"
