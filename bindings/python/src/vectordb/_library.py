"""Finds and loads libvectordb: the one module that knows where the shared library lives.

Looked for in this order: the file named by the environment variable VECTORDB_LIBRARY, the library inside the installed
package, `libvectordb.so.0` where the system loader looks.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from . import _prototypes

SONAME = "libvectordb.so.0"
"""What a system-wide library is called; the number changes only with an incompatible C interface."""

ENVIRONMENT_VARIABLE = "VECTORDB_LIBRARY"
"""Overrides every other place: a path to the shared library."""


def _candidate() -> str:
  override = os.environ.get(ENVIRONMENT_VARIABLE)
  if override:
    if not Path(override).is_file():
      raise ImportError(f"{ENVIRONMENT_VARIABLE} names {override!r}, which is not a file")
    return str(Path(override).resolve())
  packaged = Path(__file__).with_name(SONAME)
  return str(packaged) if packaged.is_file() else SONAME


def _load() -> tuple[ctypes.CDLL, ctypes.PyDLL, str]:
  path = _candidate()
  try:
    releasing = ctypes.CDLL(path)
    holding = ctypes.PyDLL(path)
  except OSError as error:
    raise ImportError(
      f"cannot load the vectordb library {path!r}: {error}. Reinstall the package libvectordb, install {SONAME}, or "
      f"set {ENVIRONMENT_VARIABLE} to its path"
    ) from error
  try:
    _prototypes.declare(releasing)
    _prototypes.declare(holding)
  except AttributeError as error:
    raise ImportError(
      f"the library {path!r} is too old for this package, which needs {_prototypes.VERSION} or newer: {error}"
    ) from error
  return releasing, holding, path


library, holding, path = _load()
"""`library` releases the GIL during calls; `holding` does not: for getters that take less than releasing costs."""
