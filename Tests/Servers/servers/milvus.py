"""Milvus, by Milvus Lite: its gRPC protocol in one process."""

from __future__ import annotations

import signal
from typing import Any

from .packages import program
from .process import Server, exchange

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


class Milvus(Server):
  """Milvus Lite."""

  stop_signal = signal.SIGINT

  def command(self) -> list[Any]:
    data = self.folder / "data"
    return [program("milvus-lite"), "server", "--data-dir", data, "--host", self.host, "--port", str(self.port)]

  def is_ready(self) -> bool:
    # The settings of its side of HTTP/2.
    return len(exchange((self.host, self.port), _PREFACE, 9)) >= 9

  def options_at(self, host: str, port: int) -> dict[str, Any]:
    return {"backend": "milvus", "host": host, "port": port}


def milvus() -> Milvus:
  """A running Milvus Lite."""
  return Milvus().started()
