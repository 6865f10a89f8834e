"""libcurl and libpq are needed by those who use them alone, and say so by name where they are missing."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = textwrap.dedent("""
  import ctypes, glob, json, os, sys
  libc = ctypes.CDLL(None, use_errno=True)
  if libc.unshare(0x20000):
    sys.exit(77)
  libc.mount(b"none", b"/", None, 0x40000 | 0x4000, None)
  for folder in ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib/*", "/usr/lib/*", "/usr/local/lib"):
    for path in glob.glob(f"{folder}/libcurl.so.4*") + glob.glob(f"{folder}/libpq.so.5*"):
      if libc.mount(b"/dev/null", os.path.realpath(path).encode(), None, 0x1000, None):
        sys.exit(77)
  import vectordb
  with vectordb.create("docs", dimensions=2) as db:
    db.add("a", [1, 0])
    assert db.count() == 1
  told = {"reasons": {each["name"]: each.get("reason") for each in vectordb.backends()}}
  for name, options in json.loads(sys.argv[1]).items():
    try:
      vectordb.create("docs", dimensions=2, timeout=5, resilience={"retry": False}, **options).close()
    except vectordb.VectorDBError as error:
      told[name] = [error.code, str(error)]
  print(json.dumps(told))
""")

NOBODY = {"host": "127.0.0.1", "port": 1}


@pytest.fixture(scope="module")
def told():
  """What opening each backend says where neither library is to be found."""
  options = {name: {"backend": name, **NOBODY} for name in ("chroma", "milvus", "pgvector", "redis")}
  options["redis with TLS"] = {**options["redis"], "tls": True}
  environment = {**os.environ, "PYTHONPATH": str(ROOT / "bindings/python/src")}
  done = subprocess.run(
    [sys.executable, "-c", PROGRAM, json.dumps(options)], capture_output=True, text=True, timeout=60, env=environment
  )
  if done.returncode == 77:
    pytest.skip("no mount namespace of one's own here")
  assert done.returncode == 0, done.stderr
  return json.loads(done.stdout)


@pytest.mark.parametrize(
  ("backend", "package"),
  [("chroma", "libcurl4"), ("milvus", "libcurl4"), ("redis with TLS", "libcurl4"), ("pgvector", "libpq5")],
)
def test_a_missing_library_is_an_error_that_names_the_package(told, backend, package):
  code, message = told[backend]
  assert code == "VDB_E_MISSING_LIBRARY" and f"install the package {package}" in message


def test_who_needs_none_works_without(told):
  assert told["redis"][0] == "VDB_E_UNAVAILABLE", "it gets as far as to a port where nobody listens"


def test_the_list_of_backends_says_what_is_missing(told):
  reasons = told["reasons"]
  assert "libcurl4" in reasons["chroma"] and "libcurl4" in reasons["milvus"] and "libpq5" in reasons["pgvector"]
  assert reasons["redis"] is None and reasons["memory"] is None
