"""The wheel that pip makes works in an environment that knows nothing of this folder."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import numpy
import pytest
import vectordb

HERE = Path(__file__).resolve().parents[1]

SEARCH = """
import vectordb
with vectordb.create("installed", dimensions=2, metric="l2") as db:
  db.upsert(["a", "b"], [[0, 0], [3, 4]], [{"n": 1}, {"n": 2}])
  (match,) = db.search([3, 3], 1)
  print(match.id, match.distance, match.metadata["n"], vectordb.library_path(), vectordb.__version__)
"""


@pytest.mark.skipif(os.environ.get("VECTORDB_TEST_INSTALLED"), reason="tests what is installed already")
def test_the_wheel_holds_all_it_needs(tmp_path):
  place = tmp_path / "environment"
  venv.create(place, symlinks=True)
  python = place / "bin" / "python"
  outside = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VECTORDB"))}
  pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install", "--quiet"]
  subprocess.run(
    [*pip, "--no-index", "--no-deps", str(HERE)],
    env={**outside, "VECTORDB_LIBRARY": vectordb.library_path()},
    check=True,
    timeout=120,
  )
  (packages,) = place.glob("lib/python*/site-packages")
  # numpy alone comes from here, behind what was installed there.
  (packages / "numpy.pth").write_text(f"{Path(numpy.__file__).parents[1]}\n")
  done = subprocess.run(
    [python, "-c", SEARCH], env=outside, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
  )
  library = packages / "vectordb" / "libvectordb.so.0"
  assert done.stdout.split() == ["b", "1.0", "2", str(library), vectordb.__version__]
  assert (packages / "vectordb" / "py.typed").is_file()
