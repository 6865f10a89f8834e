"""Milvus: Milvus Lite, its gRPC protocol in one process; and the real server of an older version."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from .packages import ROOT, NotInstalled, program
from .process import Server, exchange

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_STANDALONE = ROOT / ".venv-milvus/bin/milvus-server"
_INNER_PORT = 19530


class Milvus(Server):
  """Milvus Lite. Killed under concurrent writes it loses most of what it acknowledged, whatever client wrote it."""

  survives_crashes = False
  stop_signal = signal.SIGINT

  def command(self) -> list[Any]:
    data = self.folder / "data"
    return [program("milvus-lite"), "server", "--data-dir", data, "--host", self.host, "--port", str(self.port)]

  def is_ready(self) -> bool:
    # The settings of its side of HTTP/2.
    return len(exchange((self.host, self.port), _PREFACE, 9)) >= 9

  def options_at(self, host: str, port: int) -> dict[str, Any]:
    return {"backend": "milvus", "host": host, "port": port}


class MilvusStandalone(Milvus):
  """Milvus 2.3.5 of production. It listens on nine ports of every address: it gets a network of its own."""

  survives_crashes = True

  def prepare(self) -> None:
    if not _STANDALONE.exists():
      raise NotInstalled(f"{_STANDALONE} is missing: run scripts/setup-servers")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
      raise NotInstalled("Milvus 2.3.5 needs a network namespace of its own, which this user may not make here")

  def command(self) -> list[Any]:
    relay = [sys.executable, "-S", "-E", Path(__file__).with_name("isolated.py"), str(self.port), str(_INNER_PORT)]
    # Nothing but its proxy answers gRPC on that port, and the proxy listens when the other parts are up.
    return [*relay, _STANDALONE, "--data", self.folder / "data"]


def milvus() -> Milvus:
  """A running Milvus Lite."""
  return Milvus().started()


def milvus_standalone() -> MilvusStandalone:
  """A running Milvus 2.3.5. NotInstalled where it cannot run."""
  return MilvusStandalone().started()
