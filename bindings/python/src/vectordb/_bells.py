"""Waiting on one thread until another rings, so that a signal handler in Python can run meanwhile, and raise.

A bell is a semaphore of the C library, and what rings it is `sem_post` itself, as the `done` of a request: it takes the bell as
its first argument and has no use for the others. So no Python runs on the thread that rings, which would have to make a state
for that thread and take the GIL each time.
"""

from __future__ import annotations

import ctypes
import time

# A signal that comes after Python last looked for one and before the wait begins does not end the wait: it is cut.
_LONGEST_WAIT = 200_000_000
_SECOND = 1_000_000_000

_libc = ctypes.CDLL(None)
_wait = _libc.sem_timedwait
_wait.argtypes = ctypes.c_void_p, ctypes.c_void_p
_libc.sem_init.argtypes = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint

RING = ctypes.cast(_libc.sem_post, ctypes.c_void_p)
"""The function to call with the address of a bell."""


class _Bell(ctypes.Structure):
  # What sem_t takes on 64-bit Linux; more does no harm.
  _fields_ = [("semaphore", ctypes.c_uint64 * 8)]


# Never freed: whoever is to ring a bell may come late, after the one who waited was interrupted.
_bells: list[_Bell] = []
_unused: list[int] = []


def take() -> int:
  """The address of a bell that nobody is to ring."""
  try:
    return _unused.pop()
  except IndexError:
    pass
  bell = _Bell()
  _libc.sem_init(ctypes.byref(bell), 0, 0)
  _bells.append(bell)
  return ctypes.addressof(bell)


def give_back(bell: int) -> None:
  """For a bell that has rung and was waited for, or never will ring."""
  _unused.append(bell)


def wait(bell: int) -> None:
  """Waits until it has rung. Signal handlers run meanwhile; what they raise ends the wait."""
  until = (ctypes.c_int64 * 2)()
  while True:
    until[0], until[1] = divmod(time.time_ns() + _LONGEST_WAIT, _SECOND)
    if _wait(bell, until) == 0:
      return
