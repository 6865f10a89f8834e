"""The examples for each backend run as they are documented."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from servers import SERVERS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "bindings/python/examples"
SCORES = ["apple    score 0.9939", "pear     score 0.9363"]
PRINTED = {
  "pgvector": [SCORES[0] + "  2023", SCORES[1] + "  2024", "VDB_E_DIMENSION_MISMATCH"],
  "redis": [SCORES[0] + "  2023", SCORES[1] + "  2024", "100 questions at once, the last is answered with pear"],
  "chroma": [SCORES[0] + "  2023", SCORES[1] + "  2024", "requests sent: 1"],
  "milvus": [SCORES[0] + "  2023", SCORES[1] + "  2024", "records of the tenant: 3 of everybody else: 0"],
}
ADDRESS = {
  "pgvector": ("connection_string", "postgresql://postgres@{host}:{port}/postgres", "DATABASE_URL"),
  "redis": ("url", "redis://{host}:{port}", "REDIS_URL"),
  "chroma": ("url", "http://{host}:{port}", "CHROMA_URL"),
  "milvus": ("url", "http://{host}:{port}", "MILVUS_URI"),
}


def address(server, backend):
  option, form, variable = ADDRESS[backend]
  return option, form.format(host=server.host, port=server.port), variable


def printed(command, **environment):
  """The lines a program prints; it may take a minute and must end well."""
  path = os.pathsep.join(filter(None, [str(ROOT / "bindings/python/src"), os.environ.get("PYTHONPATH")]))
  done = subprocess.run(
    command, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": path, **environment}
  )
  assert (done.returncode, done.stderr) == (0, "")
  return done.stdout.splitlines()


@pytest.mark.parametrize("backend", SERVERS)
def test_python(servers, backend):
  _, url, variable = address(servers.of(backend), backend)
  example = EXAMPLES / f"{backend}.py"
  assert printed([sys.executable, example, url]) == PRINTED[backend]
  assert printed([sys.executable, example], **{variable: url}) == PRINTED[backend]


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
  """bindings/c/remote.c as a program."""
  program = tmp_path_factory.mktemp("c") / "remote"
  library = Path(os.environ["VECTORDB_LIBRARY"]).resolve()
  subprocess.run(
    [
      *("cc", "-std=gnu11", f"-I{ROOT / 'include'}", ROOT / "bindings/c/remote.c", library),
      *(f"-Wl,-rpath,{library.parent}", "-lpthread", "-o", program),
    ],
    check=True,
  )
  return program


@pytest.mark.parametrize("backend", SERVERS)
def test_c(servers, remote, backend):
  option, url, _ = address(servers.of(backend), backend)
  options = f'{{"backend": "{backend}", "{option}": "{url}", "dimensions": 3}}'
  assert printed([remote, options]) == ["3 written, 0 failed", *SCORES]


def test_c_tells_what_is_wrong(remote):
  done = subprocess.run(
    [remote, '{"backend": "redis", "url": "redis://:sesame@127.0.0.1:1", "dimensions": 3}'],
    capture_output=True,
    text=True,
    timeout=60,
  )
  assert done.returncode == 1 and done.stderr.startswith("VDB_E_UNAVAILABLE: ") and '"attempts":' in done.stderr
  assert "sesame" not in done.stderr + done.stdout
