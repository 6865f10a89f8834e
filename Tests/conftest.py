"""For the tests written in Python: the binding of this source tree, the release library, and real servers."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bindings/python/src"), str(ROOT / "Tests/Servers")]
os.environ.setdefault("VECTORDB_LIBRARY", str(ROOT / ".build/release/libvectordb.so"))

from servers.fixtures import *  # noqa: F403
from servers.fixtures import pytest_addoption, pytest_runtest_makereport  # noqa: F401
