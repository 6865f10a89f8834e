"""A TCP proxy that makes trouble on demand, to stand between the library and a real server.

  with Proxy(server.host, server.port) as proxy:
    db = vectordb.create("docs", dimensions=3, **server.options_at(proxy.host, proxy.port))
    proxy.stall()

Trouble applies to open connections as well as to new ones, until `heal`.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import Optional

from .process import free_port


_HEARD = 1 << 16
_PATIENCE = 5


class Proxy:
  """Listens on a free port of the address `at`, and passes every connection on to a server."""

  def __init__(self, host: str, port: int, at: str = "127.0.0.1"):
    self._target = (host, port)
    self.host, self.port = at, free_port()
    self._lock = threading.Lock()
    self._pairs: set[_Pair] = set()
    self._listener: Optional[socket.socket] = None
    self.flowing = threading.Event()
    self.accepted = 0
    """Connections accepted so far."""
    self.requested = 0
    """Bytes that came from clients."""
    self.heard = bytearray()
    """The first of them."""
    self.answered = 0
    """Bytes that came from the server, whether or not they were passed on."""
    self.heal()

  # Trouble.

  def heal(self) -> None:
    """No trouble from now on. Connections that were cut stay so."""
    self.latency = 0.0
    self._drip: Optional[tuple[int, float]] = None
    self._cut: Optional[int] = None
    self._cuts_left = 0
    self._cut_hard = False
    self.flowing.set()
    if self._listener is None:
      self._listen()

  def delay(self, seconds: float) -> None:
    """Every piece of an answer arrives that much later."""
    self.latency = seconds

  def drip(self, size: int, seconds: float) -> None:
    """Answers arrive `size` bytes at a time, with a pause between."""
    self._drip = (size, seconds)

  def stall(self) -> None:
    """Nothing moves any more, in neither direction; connections stay open and are accepted."""
    self.flowing.clear()

  def cut(self, after: int, times: int = 1, hard: bool = False) -> None:
    """The next `times` answers end after so many bytes: in order, or by a reset if `hard`. 0 = none of it."""
    with self._lock:
      self._cut, self._cuts_left, self._cut_hard = after, times, hard

  def reset(self) -> None:
    """Resets every open connection."""
    with self._lock:
      pairs = list(self._pairs)
    for pair in pairs:
      pair.end(hard=True)

  def refuse(self) -> None:
    """Resets every connection and refuses new ones."""
    listener, self._listener = self._listener, None
    if listener is not None:
      with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
      listener.close()
    self.reset()

  # Running.

  def __enter__(self) -> Proxy:
    return self

  def __exit__(self, *_: object) -> None:
    self.flowing.set()
    self.refuse()

  def _listen(self) -> None:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((self.host, self.port))
    listener.listen(128)
    self._listener = listener
    threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

  def _accept(self, listener: socket.socket) -> None:
    while True:
      try:
        client, _ = listener.accept()
      except OSError:
        return
      self.accepted += 1
      threading.Thread(target=self._connect, args=(client,), daemon=True).start()

  def _connect(self, client: socket.socket) -> None:
    try:
      server = socket.create_connection(self._target, timeout=10)
    except OSError:
      _close(client, hard=True)  # as a server that is down would look
      return
    server.settimeout(None)
    for each in (client, server):
      with contextlib.suppress(OSError):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    pair = _Pair(self, client, server)
    with self._lock:
      self._pairs.add(pair)
    threading.Thread(target=pair.requests, daemon=True).start()
    threading.Thread(target=pair.answers, daemon=True).start()

  def forget(self, pair: _Pair) -> None:
    """A connection has ended."""
    with self._lock:
      self._pairs.discard(pair)

  def budget(self) -> Optional[int]:
    """How many bytes of the answer that begins now may pass; None = all. Takes one of the cuts."""
    with self._lock:
      if self._cut is None or self._cuts_left == 0:
        return None
      self._cuts_left -= 1
      return self._cut


class _Pair:
  """One connection: the client's and the server's end of it."""

  def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket):
    self._proxy, self._client, self._server = proxy, client, server
    self._asked = True  # the server may greet first
    self._left: Optional[int] = None
    self._let_go = threading.Event()

  def requests(self) -> None:
    """Passes on what the client says."""
    with contextlib.suppress(OSError, ValueError):
      while True:
        data = self._hear()
        self._proxy.requested += len(data)
        if len(self._proxy.heard) < _HEARD:
          self._proxy.heard += data
        self._proxy.flowing.wait()
        if not data:
          self._server.shutdown(socket.SHUT_WR)
          return
        self._asked = True
        self._server.sendall(data)
    self.end()

  def _hear(self) -> bytes:
    """What the client says next; tells `end` when nobody waits in its socket any more."""
    self._let_go.clear()
    try:
      return self._client.recv(65536)
    finally:
      self._let_go.set()

  def answers(self) -> None:
    """Passes on what the server says, with the trouble that was ordered."""
    with contextlib.suppress(OSError, ValueError):
      while True:
        data = self._server.recv(65536)
        self._proxy.answered += len(data)
        self._proxy.flowing.wait()
        if not data:
          break
        if self._asked:
          self._asked = False
          if self._left is None:
            self._left = self._proxy.budget()
        if self._left is not None and len(data) >= self._left:
          self._client.sendall(data[: self._left])
          self.end(self._proxy._cut_hard)
          return
        if self._left is not None:
          self._left -= len(data)
        self._pass_on(data)
    self.end()

  def _pass_on(self, data: bytes) -> None:
    if self._proxy.latency:
      time.sleep(self._proxy.latency)
    while self._proxy._drip is not None and data:
      size, pause = self._proxy._drip
      self._client.sendall(data[:size])
      data = data[size:]
      time.sleep(pause)
    self._client.sendall(data)

  def end(self, hard: bool = False) -> None:
    """Closes both ends. A reset has happened when this returns."""
    _close(self._client, hard)
    _close(self._server)
    # The system closes a socket when the last one that waits in it has left.
    self._let_go.wait(_PATIENCE)
    self._proxy.forget(self)


def _close(connection: socket.socket, hard: bool = False) -> None:
  with contextlib.suppress(OSError):
    if hard:
      connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
      connection.shutdown(socket.SHUT_RDWR)
  with contextlib.suppress(OSError):
    if hard:
      # A thread that waits in recv keeps the socket open: it must be woken without saying goodbye first.
      connection.shutdown(socket.SHUT_RD)
  with contextlib.suppress(OSError):
    connection.close()
