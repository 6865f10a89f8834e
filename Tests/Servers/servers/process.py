"""A server as a process: what all kinds have in common."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Optional, TypeVar

from .keeper import descendants, signal_all

START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0
Self = TypeVar("Self", bound="Server")
_PORTS = range(
  21000, 31000
)  # below the ports that the system gives to clients: nobody takes one while its server is down


class Server:
  """One running server. Subclasses say which command, and when it is ready."""

  host = "127.0.0.1"
  stop_signal = signal.SIGTERM
  survives_crashes = True
  """Whether what it has acknowledged is still there after `kill`."""
  user_id = 0
  """Whom it runs as; 0 = as whoever runs the tests."""

  def __init__(self) -> None:
    self.port = free_port()
    self.folder = Path(tempfile.mkdtemp(prefix="vectordb-server-"))
    """Holds its data and its log; gone after `close`."""
    self.log = self.folder / "log"
    self._keeper: Optional[subprocess.Popen[bytes]] = None
    self.pid: Optional[int] = None

  # What subclasses say.

  def prepare(self) -> None:
    """What is to do once, before its first start."""

  def command(self) -> list[Any]:
    """The command that runs it in the foreground."""
    raise NotImplementedError

  def environment(self) -> dict[str, str]:
    """Variables to add to the environment."""
    return {}

  def is_ready(self) -> bool:
    """Whether it answers; may raise OSError."""
    raise NotImplementedError

  def options_at(self, host: str, port: int) -> dict[str, Any]:
    """Options of vectordb.create that reach it through another address, such as that of a proxy."""
    raise NotImplementedError

  @property
  def options(self) -> dict[str, Any]:
    """Options of vectordb.create that reach it, the backend's name among them."""
    return self.options_at(self.host, self.port)

  def read_only_options(self) -> Optional[dict[str, Any]]:
    """Options whose user may read everything and change nothing; None where there are no such users."""
    return None

  # What tests do with it.

  def started(self: Self) -> Self:
    """Itself, prepared and started for the first time; leaves nothing behind when that fails."""
    running.append(self)
    try:
      self.prepare()
      self.start()
    except BaseException:
      self.close()
      raise
    return self

  def start(self) -> None:
    """Starts it and waits until it answers."""
    with open(self.log, "ab") as log:
      self._keeper = subprocess.Popen(
        [sys.executable, "-S", "-E", Path(__file__).with_name("keeper.py"), self.folder, str(self.user_id)]
        + self.command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
        env={**os.environ, **self.environment()},
      )
    self.pid = int(self._keeper.stdout.readline() or 0) or None  # type: ignore[union-attr]
    deadline = time.monotonic() + START_TIMEOUT
    while True:
      with contextlib.suppress(OSError):
        if self.is_ready():
          return
      if self._keeper.poll() is not None or time.monotonic() > deadline:
        said = self.tail()
        self.kill()
        raise RuntimeError(f"{type(self).__name__} did not start on port {self.port}:\n{said}")
      time.sleep(0.02)

  def stop(self) -> None:
    """Ends it in good order; the data stay."""
    self._end(self.stop_signal)

  def kill(self) -> None:
    """Ends it at once, with all its processes, as a crash would; the data stay."""
    self._end(signal.SIGKILL)

  def restart(self) -> None:
    """Starts it again on the same port and data, killing it first if it still runs."""
    self.kill()
    self.start()

  def pause(self) -> None:
    """Stops its processes where they are: connections stay, nothing answers."""
    assert self.pid is not None
    signal_all(self.pid, signal.SIGSTOP)

  def resume(self) -> None:
    """Lets them go on."""
    if self.pid is not None:
      signal_all(self.pid, signal.SIGCONT)

  def close(self) -> None:
    """Stops it and removes its data."""
    self.resume()
    self.stop()
    if self in running:
      running.remove(self)
    shutil.rmtree(self.folder, ignore_errors=True)

  def tail(self, lines: int = 40) -> str:
    """The last lines of its log."""
    try:
      return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
      return f"(no log: {error})"

  def __enter__(self: Self) -> Self:
    return self

  def __exit__(self, *_: object) -> None:
    self.close()

  def __repr__(self) -> str:
    return f"<{type(self).__name__} {self.host}:{self.port} pid {self.pid}>"

  def _end(self, number: signal.Signals) -> None:
    keeper, self._keeper = self._keeper, None
    if keeper is None:
      return
    if self.pid is not None:
      family = descendants(self.pid) if number == signal.SIGKILL else [self.pid]
      for pid in family:
        with contextlib.suppress(ProcessLookupError):
          os.kill(pid, number)
    try:
      keeper.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
      if self.pid is not None:
        signal_all(self.pid, signal.SIGKILL)
      keeper.wait(STOP_TIMEOUT)
    self.pid = None
    keeper.stdin.close()  # type: ignore[union-attr]
    keeper.stdout.close()  # type: ignore[union-attr]


running: list[Server] = []
"""Every server that was started and not closed, so that a failing test can show their logs."""


def free_port() -> int:
  """A port of 127.0.0.1 that nobody listens on."""
  for _ in range(1000):
    port = random.SystemRandom().choice(_PORTS)
    with socket.socket() as probe:
      try:
        probe.bind(("127.0.0.1", port))
      except OSError:
        continue
      return port
  raise RuntimeError("no free port")


def exchange(address: tuple[str, int], request: bytes, length: int = 1) -> bytes:
  """Sends some bytes to a server, and returns the first `length` bytes of its answer, fewer when it hangs up."""
  answer = b""
  with socket.create_connection(address, timeout=2) as connection:
    connection.sendall(request)
    while len(answer) < length:
      part = connection.recv(4096)
      if not part:
        break
      answer += part
  return answer[:length]
