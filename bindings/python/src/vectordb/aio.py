"""The same databases for asyncio: whatever can wait is awaited, and no thread waits for it.

  import vectordb.aio

  async with await vectordb.aio.create("docs", dimensions=3) as db:
    await db.add("a", [1, 0, 0], {"lang": "en"})
    for match in await db.search([0.9, 0.1, 0], top_k=5):
      print(match.id, match.score)

Arguments, answers and exceptions are those of `vectordb.Database`. Cancelling the task that awaits a call ends the call.
Any event loop will do, several loops in several threads may share a database, and a loop may end with calls under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Coroutine, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, cast

from . import _calls as calls
from . import _news as news
from . import _results as results
from ._opened import Opened, opening
from ._options import Filter, include_flags, page_options
from ._reading import Reading
from ._requests import Request
from ._writing import Writing
from .cancel import CancelToken
from .match import Record

if TYPE_CHECKING:
  from typing_extensions import Concatenate, ParamSpec

  _Parameters = ParamSpec("_Parameters")

__all__ = ["Database", "create"]

_Value = TypeVar("_Value")


async def _run(finish: Callable[..., _Value], call: calls.Call, *arguments: Any, **rest: Any) -> _Value:
  """Runs a call on a thread of the library, while the loop does something else. `rest` goes to `finish`."""
  loop = asyncio.get_running_loop()
  future: asyncio.Future[None] = loop.create_future()
  request = Request()
  number = news.expect(request, functools.partial(_tell, loop, future))
  try:
    request.start(call.start, *arguments, news.TELL, number)
    await future
  except BaseException:
    if request.cancel():
      news.forget(number)
    request.free()
    raise
  try:
    return finish(call.take, request, **rest)
  finally:
    request.free()


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
  # A loop that was closed meanwhile has nobody waiting.
  with contextlib.suppress(RuntimeError):
    loop.call_soon_threadsafe(_wake, future)


def _wake(future: asyncio.Future[None]) -> None:
  if not future.done():
    future.set_result(None)


def _awaited(
  method: Callable[Concatenate[Any, _Parameters], _Value],
) -> Callable[Concatenate[Any, _Parameters], Coroutine[Any, Any, _Value]]:
  """A method of `vectordb.Database` as a coroutine function: what it returns is what `_run` returns, a coroutine, or an answer
  that needs no waiting."""

  @functools.wraps(method)
  async def awaited(self: Any, /, *arguments: _Parameters.args, **options: _Parameters.kwargs) -> _Value:
    answer = method(self, *arguments, **options)
    return cast(_Value, await answer) if asyncio.iscoroutine(answer) else answer

  awaited.__module__ = __name__
  return awaited


class Database(Opened):
  """An open database, or a view of one of its namespaces. Made by `vectordb.aio.create`; any loop may use it.

  Closed by `close`, at the end of an `async with` block, or when nobody holds it any more. What never waits is no
  coroutine: `namespace`, `metrics`, `healthy`, `describe`, ...
  """

  __slots__ = ()

  add = _awaited(Writing.add)
  upsert = _awaited(Writing.upsert)
  update_metadata = _awaited(Writing.update_metadata)
  delete = _awaited(Writing.delete)
  clear = _awaited(Writing.clear)
  drop = _awaited(Writing.drop)
  flush = _awaited(Writing.flush)
  create_index = _awaited(Writing.create_index)
  _upsert = Writing._upsert

  search = _awaited(Reading.search)
  search_batch = _awaited(Reading.search_batch)
  search_arrays = _awaited(Reading.search_arrays)
  search_by_id = _awaited(Reading.search_by_id)
  get = _awaited(Reading.get)
  get_many = _awaited(Reading.get_many)
  count = _awaited(Reading.count)
  collections = _awaited(Reading.collections)
  namespaces = _awaited(Reading.namespaces)
  health = _awaited(Reading.health)

  async def iterate(
    self,
    batch_size: int = 1000,
    filter: Optional[Filter] = None,
    include_vectors: bool = False,
    include_metadata: bool = True,
    *,
    timeout: Optional[float] = None,
    cancel: Optional[CancelToken] = None,
    extra: Optional[Mapping[str, Any]] = None,
  ) -> AsyncIterator[Record]:
    """Every record of this namespace, fetched `batch_size` at a time, in no promised order.

    A record that is there all the time is seen at least once; `timeout` bounds each fetch.
    """
    flags = include_flags(include_metadata, include_vectors)
    token = b""
    while True:
      options = page_options(batch_size, token, flags, filter, timeout, cancel, extra)
      rows, token = await _run(results.page, calls.PAGE, self._handle, options)
      for row in rows:
        yield row
      if not token:
        return

  async def close(self) -> None:
    """Closes it, at once. Calls under way finish; later ones raise ClosedError. Closing again does nothing."""
    self._close()

  async def __aenter__(self) -> Database:
    return self

  async def __aexit__(
    self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
  ) -> None:
    self._close()


async def create(
  name: str,
  backend: str = "memory",
  *,
  cancel: Optional[CancelToken] = None,
  **options: Any,
) -> Database:
  """Opens the database `name` as `vectordb.create` does."""
  room = await _run(*opening(name, backend, cancel, options))
  return Database(room, cast(calls.Runner, _run), name, backend)
