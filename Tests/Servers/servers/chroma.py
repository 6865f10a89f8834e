"""Chroma."""

from __future__ import annotations

from typing import Any

from .packages import program
from .process import Server, exchange


class Chroma(Server):
  """Chroma's own server, without authentication."""

  def command(self) -> list[Any]:
    return [program("chroma"), "run", "--host", self.host, "--port", str(self.port), "--path", self.folder / "data"]

  def environment(self) -> dict[str, str]:
    return {"ANONYMIZED_TELEMETRY": "False", "RUST_LOG": "warn"}

  def is_ready(self) -> bool:
    request = f"GET /api/v2/heartbeat HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode()
    return exchange((self.host, self.port), request, 12).startswith(b"HTTP/1.1 200")

  def options_at(self, host: str, port: int) -> dict[str, Any]:
    return {"backend": "chroma", "host": host, "port": port}


def chroma() -> Chroma:
  """A running Chroma."""
  return Chroma().started()
