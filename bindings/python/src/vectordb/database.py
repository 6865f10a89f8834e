"""Opening databases, and the class they are."""

from __future__ import annotations

from typing import Any, Optional

from . import _calls as calls
from ._handle import Closable
from ._opened import Opened, opening
from ._reading import Reading
from ._writing import Writing
from .cancel import CancelToken


class Database(Opened, Writing, Reading, Closable):
  """An open database, or a view of one of its namespaces. Made by `vectordb.create`; any thread may use it at any time.

  Closed by `close`, at the end of a `with` block, or when nobody holds it any more. In a forked child a memory database
  goes on as a copy.
  """

  __slots__ = ()


def create(
  name: str,
  backend: str = "memory",
  *,
  cancel: Optional[CancelToken] = None,
  **options: Any,
) -> Database:
  """Opens the database `name`, creating it when it is absent (option `mode`: "create_or_open", "open", "create").

  Options are those of docs/options.md, such as `dimensions=384`, `metric="cosine"`; None counts as not given, paths are
  taken as text. `timeout` among them bounds every later call that gives none itself. InvalidOptionError for an unknown
  option, naming the nearest known; UnsupportedError for a backend that this build does not hold.
  """
  room = calls.in_place(*opening(name, backend, cancel, options))
  return Database(room, calls.in_place, name, backend)
