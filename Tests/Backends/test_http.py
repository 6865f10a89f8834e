"""HTTP as the backends use it: TLS, proxies, credentials, names that nobody resolves."""

import http.server
import os
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import urllib.request
from pathlib import Path

import pytest
import vectordb
from servers.tls import Certificate

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = (
  b'{"id": "11111111-2222-3333-4444-555555555555", "name": "docs", "dimension": 2, "metadata": null, '
  b'"configuration_json": {"hnsw": {"space": "l2"}}}'
)


class Handler(http.server.BaseHTTPRequestHandler):
  """Enough of Chroma to open a collection and to count."""

  protocol_version = "HTTP/1.1"

  def do_GET(self):
    self.server.seen.append((self.path, dict(self.headers)))
    body = b"7" if self.path.endswith("/count") else b"{}" if "pre-flight" in self.path else COLLECTION
    if self.path.startswith("http://"):
      # Asked as a proxy: passes the request on.
      headers = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy")}
      opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
      with opener.open(urllib.request.Request(self.path, headers=headers), timeout=10) as answer:
        body = answer.read()
    self.answer(body)

  def answer(self, body):
    self.send_response(200)
    self.send_header("Content-Length", str(len(body)))
    self.send_header("Content-Type", "application/json")
    self.end_headers()
    self.wfile.write(body)

  def do_POST(self):
    self.server.seen.append((self.path, dict(self.headers)))
    body = self.rfile.read(int(self.headers["Content-Length"]))
    if self.path.startswith("http://"):
      headers = {"Content-Type": "application/json"}
      opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
      with opener.open(urllib.request.Request(self.path, body, headers), timeout=10) as answer:
        self.answer(answer.read())
    else:
      self.answer(b'{"ids": []}')

  def log_message(self, *arguments):
    pass


class FakeServer:
  def __init__(self, certificate=None, host="127.0.0.1"):
    self._server = http.server.ThreadingHTTPServer((host, 0), Handler)
    self._server.seen = self.seen = []
    self._server.daemon_threads = True
    if certificate:
      context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
      context.load_cert_chain(certificate.chain, certificate.key)
      self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
    self.port = self._server.server_address[1]
    threading.Thread(target=self._server.serve_forever, daemon=True).start()

  def __enter__(self):
    return self

  def __exit__(self, *exception):
    self._server.shutdown()
    self._server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
  return Certificate(tmp_path_factory.mktemp("tls"))


ONCE = {"resilience": {"retry": False}}


def opened(**options):
  with vectordb.create("docs", backend="chroma", **ONCE, **options) as db:
    assert db.count() == 7


def test_certificates_are_verified(certificate):
  with FakeServer(certificate) as server:
    url = f"https://127.0.0.1:{server.port}"
    with pytest.raises(vectordb.UnavailableError, match="certificate"):
      opened(url=url)
    assert server.seen == []
    opened(url=url, ca_file=str(certificate.authority))
    opened(host="localhost", port=server.port, tls=True, ca_file=str(certificate.authority))
    opened(url=url, insecure=True)
  with FakeServer(certificate, "127.0.0.2") as server, pytest.raises(vectordb.UnavailableError, match="match"):
    opened(url=f"https://127.0.0.2:{server.port}", ca_file=str(certificate.authority))


def test_plain_http_to_a_tls_server_and_the_other_way_round(certificate):
  with FakeServer(certificate) as server, pytest.raises(vectordb.UnavailableError):
    opened(url=f"http://127.0.0.1:{server.port}")
  with FakeServer() as server, pytest.raises(vectordb.UnavailableError):
    opened(url=f"https://127.0.0.1:{server.port}", insecure=True)


def test_credentials_go_into_their_header_and_nowhere_else():
  with FakeServer() as server:
    for options, name, value in [
      ({"api_key": "k3y-of-mine"}, "x-chroma-token", "k3y-of-mine"),
      ({"api_key": "k3y-of-mine", "auth": "bearer"}, "Authorization", "Bearer k3y-of-mine"),
      ({}, "Authorization", None),
    ]:
      opened(host="127.0.0.1", port=server.port, **options)
      path, headers = server.seen[-1]
      assert headers.get(name) == value
      assert "k3y" not in path
    opened(url=f"http://ann:s%C3%A9cret%21@127.0.0.1:{server.port}")
    assert server.seen[-1][1]["Authorization"] == "Basic YW5uOnPDqWNyZXQh"
    for bad in ("a\r\nX-Other: 1", "a b", "é"):
      with pytest.raises(vectordb.InvalidOptionError) as refused:
        opened(host="127.0.0.1", port=server.port, api_key=bad)
      assert "X-Other" not in str(refused.value)


def test_a_path_in_the_url_comes_before_every_other():
  with FakeServer() as server:
    opened(url=f"http://127.0.0.1:{server.port}/behind/a%20gateway/")
    assert {path.split("/api/")[0] for path, _ in server.seen} == {"/behind/a%20gateway"}


def test_a_proxy_is_asked_for_everything(monkeypatch):
  for variable in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
    monkeypatch.delenv(variable, raising=False)
  with FakeServer() as server, FakeServer() as proxy:
    url = f"http://127.0.0.1:{server.port}"
    opened(url=url, proxy=f"http://127.0.0.1:{proxy.port}")
    assert len(proxy.seen) == len(server.seen) == 4
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    opened(url=url)
    assert len(proxy.seen) == len(server.seen) == 8
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    opened(url=url)
    assert (len(proxy.seen), len(server.seen)) == (8, 12)
    with pytest.raises(vectordb.UnavailableError) as failed:
      opened(url=url, proxy="http://ann:pr0xy-secret@127.0.0.1:1")
    assert "pr0xy-secret" not in str(failed.value)


def test_a_name_that_hangs_costs_no_more_than_the_deadline(tmp_path):
  source, library = tmp_path / "slow.c", tmp_path / "slow.so"
  source.write_text(
    "#include <unistd.h>\n#include <netdb.h>\n"
    "int getaddrinfo(const char *n, const char *s, const struct addrinfo *h, struct addrinfo **r)"
    " { (void)n; (void)s; (void)h; (void)r; sleep(20); return EAI_AGAIN; }\n"
  )
  subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
  program = textwrap.dedent("""
    import time, vectordb
    began = time.monotonic()
    try:
      vectordb.create("docs", backend="chroma", url="http://slow.example.com", timeout=1)
    except vectordb.VectorDBError as error:
      print(error.code, round(time.monotonic() - began, 1))
    began = time.monotonic()
    db = vectordb.create("docs", backend="chroma", url="http://slow.example.com", connect="lazy",
                         resilience={"retry": False, "pool": {"connect_timeout": 0.5}})
    try:
      db.count()
    except vectordb.VectorDBError as error:
      print(error.code, round(time.monotonic() - began, 1))
    db.close()
    print("closed", round(time.monotonic() - began, 1), flush=True)
  """)
  environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT / "bindings/python/src")}
  began = time.monotonic()
  done = subprocess.run(
    [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env=environment
  )
  lines = [line.split() for line in done.stdout.splitlines()]
  assert [line[0] for line in lines] == ["VDB_E_TIMEOUT", "VDB_E_UNAVAILABLE", "closed"], done.stdout + done.stderr
  assert all(float(line[1]) < 3 for line in lines), lines
  assert time.monotonic() - began < 15
