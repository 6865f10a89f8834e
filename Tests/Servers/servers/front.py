"""TLS before a server that has none: what many a server stands behind anyway.

  with Front(server, certificate) as front:
    db = vectordb.create("docs", dimensions=3, **server.options_at(front.host, front.port), tls=True, ca_file=...)
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Sequence

from .process import Server
from .tls import Certificate

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_CANCEL_REQUEST = struct.pack("!ii", 16, 80877102)


class Front:
  """Listens on a port of 127.0.0.1, ends TLS there, and passes on what is inside.

  `alpn` are the protocols it offers. With `asked` TLS begins when the client asks for it, as a session of Postgres does; nothing
  is passed on before but the request to cancel a statement, which libpq sends in plain text.
  """

  host = "127.0.0.1"

  def __init__(self, server: Server, certificate: Certificate, alpn: Sequence[str] = (), asked: bool = False):
    self._target = (server.host, server.port)
    self._asked = asked
    self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    self._context.load_cert_chain(certificate.chain, certificate.key)
    if alpn:
      self._context.set_alpn_protocols(list(alpn))
    self._listener = socket.create_server((self.host, 0), backlog=128)
    self.port = self._listener.getsockname()[1]
    # One thread for all: an OpenSSL session does not stand two at once.
    self._loop = asyncio.new_event_loop()
    self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
    # A loop knows its tasks but weakly: one that waits for a connection which nobody else holds would be thrown away.
    self._served: list[concurrent.futures.Future[None]] = []

  def __enter__(self) -> Front:
    self._thread.start()
    threading.Thread(target=self._accept, daemon=True).start()
    return self

  def __exit__(self, *_: object) -> None:
    with contextlib.suppress(OSError):
      self._listener.shutdown(socket.SHUT_RDWR)
    self._listener.close()
    asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(5)
    self._loop.call_soon_threadsafe(self._loop.stop)
    self._thread.join()
    self._loop.close()

  async def _hang_up(self) -> None:
    connections = asyncio.all_tasks() - {asyncio.current_task()}
    for each in connections:
      each.cancel()
    await asyncio.gather(*connections, return_exceptions=True)

  def _accept(self) -> None:
    while True:
      try:
        client, _ = self._listener.accept()
      except OSError:
        return
      self._served.append(asyncio.run_coroutine_threadsafe(self._serve(client), self._loop))

  async def _serve(self, client: socket.socket) -> None:
    first, is_secure = b"", True
    with contextlib.suppress(OSError, ValueError):
      if self._asked:
        client.setblocking(False)
        first = await self._loop.sock_recv(client, 8)
        is_secure = first == _SSL_REQUEST
        if is_secure:
          await self._loop.sock_sendall(client, b"S")
          first = b""
        elif first != _CANCEL_REQUEST:
          client.close()
          return
      reader = asyncio.StreamReader(limit=1 << 20)
      protocol = asyncio.StreamReaderProtocol(reader)
      context = self._context if is_secure else None
      transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, client, ssl=context)
      writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
      try:
        server_reader, server_writer = await asyncio.open_connection(*self._target)
      except OSError:
        writer.close()
        return
      server_writer.write(first)
      await asyncio.gather(_pass_on(reader, server_writer), _pass_on(server_reader, writer))


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
  with contextlib.suppress(OSError):
    while data := await source.read(1 << 16):
      target.write(data)
      await target.drain()
  target.close()
