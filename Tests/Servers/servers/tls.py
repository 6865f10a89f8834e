"""A certificate authority and a certificate of 127.0.0.1, made anew for each use."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

from .packages import NotInstalled


class Certificate:
  """Files of a certificate for `localhost` and 127.0.0.1: `key`, `chain`, and the `authority` that signed it."""

  def __init__(self, folder: Path):
    self.key, self.chain, self.authority = folder / "tls.key", folder / "tls.pem", folder / "authority.pem"
    signer, request, extensions = folder / "authority.key", folder / "tls.csr", folder / "tls.cnf"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    fresh = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    _openssl(f"{fresh} -x509 -days 2 -subj /CN=vectordb-test-authority -keyout {signer} -out {self.authority}")
    _openssl(f"{fresh} -subj /CN=localhost -keyout {self.key} -out {request}")
    signing = f"x509 -req -days 2 -CAcreateserial -extfile {extensions} -in {request} -out {self.chain}"
    _openssl(f"{signing} -CA {self.authority} -CAkey {signer}")

  def exchange(self, address: tuple[str, int], request: bytes, length: int) -> bytes:
    """As `process.exchange`, over TLS."""
    context = ssl.create_default_context(cafile=self.authority)
    answer = b""
    with socket.create_connection(address, timeout=2) as plain:
      with context.wrap_socket(plain, server_hostname=address[0]) as connection:
        connection.sendall(request)
        while len(answer) < length:
          part = connection.recv(4096)
          if not part:
            break
          answer += part
    return answer[:length]


def _openssl(arguments: str) -> None:
  try:
    subprocess.run(["openssl", *arguments.split()], check=True, capture_output=True)
  except FileNotFoundError:
    raise NotInstalled("openssl is missing: run scripts/setup-servers") from None
