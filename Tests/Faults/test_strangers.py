"""Something answers on the port, but not what was expected: an error in time, never a crash, never a false answer."""

import socket
import threading
import time

import pytest
import vectordb
from conftest import ONCE
from servers.process import free_port

RUBBISH = {
  "nothing": b"",
  "zeros": b"\0" * 4096,
  "ones": b"\xff" * 4096,
  "text": b"220 mail.example.com ESMTP ready\r\n",
  "http 200 html": b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
  "http 200 empty object": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
  "http 200 deep": b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 200000,
  "http huge length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n{",
  "http negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
  "http redirect": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
  "http gzip that is none": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
  "http many headers": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\n",
  "http 500": b"HTTP/1.1 500 Oh no\r\nContent-Length: 0\r\n\r\n",
  "http 401": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
  "http2 goaway": b"\0\0\0\4\0\0\0\0\0" + b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d",
  "http2 huge frame": b"\0\0\0\4\0\0\0\0\0" + b"\xff\xff\xff\0\0\0\0\0\1" + b"x" * 5000,
  "redis error": b"-ERR unknown command\r\n" * 50,
  "redis nil": b"$-1\r\n" * 50,
  "redis huge string": b"$999999999999\r\n" + b"x" * 1000,
  "redis huge array": b"*2147483647\r\n" + b"*2147483647\r\n" * 1000,
  "redis deep": b"*1\r\n" * 100_000,
  "redis numbers": b":1\r\n" * 50,
  "redis wrong length": b"$3\r\nabcdefgh\r\n" * 20,
  "postgres error": b"E\0\0\0\x0bSERROR\0\0\0\0",
  "postgres huge message": b"R\x7f\xff\xff\xff" + b"x" * 1000,
  "postgres negative length": b"R\xff\xff\xff\xff\0\0\0\0",
  "postgres unknown authentication": b"R\0\0\0\x08\0\0\0\x63",
  "postgres ready at once": b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I" + b"T\0\0\0\x06\xff\xff" * 20,
}


EXPECTED = (
  vectordb.BackendError,
  vectordb.CallEndedError,
  vectordb.StateError,
  vectordb.UnsupportedError,
  vectordb.TooLargeError,
)
"""What may be said of an answer that makes no sense; TooLargeError of one that promises more than is taken."""


class Stranger:
  """Accepts connections, and says its rubbish to whatever it is asked."""

  def __init__(self, answer):
    self.port = free_port()
    self._answer = answer
    self._listener = socket.create_server(("127.0.0.1", self.port), backlog=50)
    threading.Thread(target=self._accept, daemon=True).start()

  def _accept(self):
    while True:
      try:
        connection, _ = self._listener.accept()
      except OSError:
        return
      threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

  def _speak(self, connection):
    with connection:
      try:
        connection.settimeout(5)
        connection.recv(65536)
        connection.sendall(self._answer)
        while self._answer and connection.recv(65536):
          connection.sendall(self._answer)
      except OSError:
        pass

  def __enter__(self):
    return self

  def __exit__(self, *_):
    self._listener.shutdown(socket.SHUT_RDWR)
    self._listener.close()


@pytest.mark.parametrize("answer", RUBBISH)
def test_rubbish_is_an_error_in_time(server, answer):
  with Stranger(RUBBISH[answer]) as stranger:
    start = time.monotonic()
    with pytest.raises(vectordb.VectorDBError) as caught:
      reach = server.options_at("127.0.0.1", stranger.port)
      vectordb.create("docs", dimensions=4, resilience=ONCE, timeout=2, **reach)
    assert time.monotonic() - start < 3
    assert isinstance(caught.value, EXPECTED)
    assert not isinstance(caught.value, vectordb.InternalError)
    assert len(str(caught.value)) < 1000, "an answer is quoted at length"


def test_an_endless_answer_is_given_up(server):
  class Endless(Stranger):
    def _speak(self, connection):
      with connection:
        try:
          connection.recv(65536)
          connection.sendall(self._answer)
          while True:
            connection.sendall(b"x" * 65536)
        except OSError:
          pass

  beginnings = {
    "chroma": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
    "redis": b"$536870912\r\n",
    "pgvector": b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05ID\x7f\xff\xff\xff",
    "milvus": b"\0\0\0\4\0\0\0\0\0",
  }
  with Endless(beginnings[server.options["backend"]]) as stranger:
    start = time.monotonic()
    with pytest.raises(vectordb.VectorDBError):
      vectordb.create("docs", dimensions=4, resilience=ONCE, timeout=3, **server.options_at("127.0.0.1", stranger.port))
    assert time.monotonic() - start < 6
