"""Signal handlers of Python while the main thread waits inside the library.

Python runs them on the main thread, between two of its own steps, and a thread inside a call of C takes none. So the library
asks from time to time whether a wait is to go on (`vdb_interrupt_set`), and while it is answered handlers run.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Generator
from typing import Any, Optional

from . import _prototypes as c
from ._library import holding

raised: list[BaseException] = []
# The answers that the library may still ask for: they must outlive what it knows of them.
_answers: list[Any] = []
asked: Optional[int] = None


def _answer() -> Generator[int, Any, None]:
  # Not a function: a handler can run at its first step, where no `try` has begun. A generator goes on inside of one.
  answer = 0
  while True:
    try:
      yield answer
      answer = 0
    except GeneratorExit:
      return
    except BaseException as error:
      raised.append(error)
      answer = 1


def _listen() -> None:
  """Has this thread asked from now on, which must be the main thread."""
  global asked
  generator = _answer()
  next(generator)
  answer = c.vdb_interrupt_callback(generator.send)
  _answers[:] = [generator, answer]
  holding.vdb_interrupt_set(answer, None)
  asked = threading.get_ident()


def listen() -> None:
  """Has the main thread asked, if this is it and it is not asked yet."""
  if asked is None and threading.current_thread() is threading.main_thread():
    _listen()


def raise_interrupt() -> None:
  """After a call: raises what a handler raised during it."""
  if raised and threading.get_ident() == asked:
    error = raised[0]
    raised.clear()
    # A second signal in the moment in which the first was kept has ended the generator.
    _listen()
    raise error


def _forget() -> None:
  """In a forked child the main thread may be another one; at the end there is none that could answer."""
  global asked
  if asked == threading.get_ident():
    holding.vdb_interrupt_set(None, None)
  asked = None
  raised.clear()


atexit.register(_forget)
os.register_at_fork(after_in_child=_forget)
