"""The servers and the trouble that tests rely on are what they say."""

import contextlib
import socket
import ssl
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
import servers
from servers.front import Front
from servers.process import Server, exchange, free_port
from servers.proxy import Proxy
from servers.tls import Certificate

PING = b"PING\r\n"


@pytest.mark.parametrize("name", servers.SERVERS)
def test_a_server_starts_stops_stalls_and_comes_back_on_its_port(name):
  with servers.SERVERS[name]() as server:
    port = server.port
    assert server.is_ready() and server.options["backend"] == name
    server.pause()
    with pytest.raises(OSError):
      server.is_ready()
    server.resume()
    assert server.is_ready()
    for end in (server.kill, server.stop):
      end()
      with pytest.raises(OSError):
        server.is_ready()
      server.start()
      assert server.is_ready() and server.port == port
    folder = server.folder
  assert not folder.exists()


def test_data_outlive_a_crash():
  with servers.postgres() as server:
    server.psql("CREATE TABLE t (a int); INSERT INTO t VALUES (7)")
    server.restart()
    assert server.psql("SELECT a FROM t").strip() == "7"
  with servers.redis() as server:
    assert server.command_line("SET", "a", "7") == b"+"
    server.restart()
    assert exchange((server.host, server.port), b"GET a\r\n", 7) == b"$1\r\n7\r\n"


def test_passwords_and_tls():
  with servers.redis(password="pa ss'é", tls=True) as server:
    assert server.is_ready()
  with servers.postgres(password="pa ss'é") as server:
    assert server.psql("SELECT extname FROM pg_extension WHERE extname = 'plpgsql'").strip() == "plpgsql"


def test_servers_end_with_whoever_started_them():
  here = Path(__file__).parent
  program = f"import sys; sys.path.insert(0, {str(here)!r})\nimport servers, time\nserver = servers.redis()\n"
  program += "print(server.pid, server.folder, flush=True)\ntime.sleep(60)"
  owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
  pid, folder = owner.stdout.readline().split()
  assert Path(f"/proc/{pid}").exists() and Path(folder).exists()
  owner.kill()
  owner.communicate()
  deadline = time.monotonic() + 5
  while Path(f"/proc/{pid}").exists() or Path(folder).exists():
    assert time.monotonic() < deadline, "it lives on"
    time.sleep(0.02)


def test_a_server_that_cannot_start_says_why():
  class Broken(Server):
    def command(self):
      return ["/bin/sh", "-c", "echo this is why >&2; exit 3"]

    def is_ready(self):
      raise ConnectionRefusedError

  with pytest.raises(RuntimeError, match="this is why"):
    Broken().started()


@pytest.fixture
def proxy(redis_server):
  with Proxy(redis_server.host, redis_server.port) as proxy:
    yield proxy


def ask(proxy, times=1):
  with socket.create_connection((proxy.host, proxy.port), timeout=1) as connection:
    answer = b""
    for _ in range(times):
      connection.sendall(PING)
      answer += connection.recv(100)
    return answer


def test_the_proxy_passes_on(proxy):
  assert ask(proxy, 3) == b"+PONG\r\n" * 3
  assert proxy.accepted == 1 and proxy.requested == 3 * len(PING) and proxy.answered == 21


def test_the_proxy_stalls(proxy):
  with socket.create_connection((proxy.host, proxy.port), timeout=0.3) as connection:
    proxy.stall()
    connection.sendall(PING)
    with pytest.raises(socket.timeout):
      connection.recv(100)
    proxy.heal()
    assert connection.recv(100) == b"+PONG\r\n"


def test_the_proxy_cuts(proxy):
  proxy.cut(3, times=1)
  with socket.create_connection((proxy.host, proxy.port), timeout=1) as connection:
    connection.sendall(PING)
    assert connection.recv(100) + connection.recv(100) == b"+PO"
  assert ask(proxy) == b"+PONG\r\n"
  proxy.cut(0, times=1, hard=True)
  with socket.create_connection((proxy.host, proxy.port), timeout=1) as connection:
    connection.sendall(PING)
    with pytest.raises(ConnectionResetError):
      connection.recv(100)


def test_the_proxy_resets_and_refuses(proxy):
  with socket.create_connection((proxy.host, proxy.port), timeout=1) as connection:
    connection.sendall(PING)
    assert connection.recv(100) == b"+PONG\r\n"
    proxy.reset()
    with pytest.raises(ConnectionResetError):
      connection.recv(100)
  proxy.refuse()
  with pytest.raises(ConnectionRefusedError):
    ask(proxy)
  proxy.heal()
  assert ask(proxy) == b"+PONG\r\n"


def test_the_proxy_is_slow(proxy):
  proxy.delay(0.1)
  start = time.monotonic()
  ask(proxy, 2)
  assert 0.2 <= time.monotonic() - start < 0.5
  proxy.heal()
  proxy.drip(1, 0.02)
  start = time.monotonic()
  assert exchange((proxy.host, proxy.port), PING, 7) == b"+PONG\r\n"
  assert 0.12 <= time.monotonic() - start < 0.5


def test_a_front_speaks_tls(redis_server, postgres_server, tmp_path):
  certificate = Certificate(tmp_path)
  with Front(redis_server, certificate) as front:
    assert certificate.exchange((front.host, front.port), PING, 7) == b"+PONG\r\n"
  with Front(postgres_server, certificate, asked=True) as front:
    startup = struct.pack("!ii", 41, 3 << 16) + b"user\0postgres\0database\0postgres\0\0"
    with contextlib.suppress(ConnectionResetError):
      assert exchange((front.host, front.port), startup) == b""
    with socket.create_connection((front.host, front.port), timeout=2) as plain:
      plain.sendall(struct.pack("!ii", 8, 80877103))
      assert plain.recv(1) == b"S"
      context = ssl.create_default_context(cafile=certificate.authority)
      with context.wrap_socket(plain, server_hostname="localhost") as session:
        session.sendall(startup)
        assert session.recv(1) == b"R"


def test_ports_are_free_and_not_those_of_clients():
  port = free_port()
  with socket.create_server(("127.0.0.1", port)):
    assert port < 32768
