"""Runs a server that listens on every address and on fixed ports, in a network of its own, and relays one port to it.

  python isolated.py PORT INNER_PORT COMMAND...

Listens on 127.0.0.1:PORT outside and connects to 127.0.0.1:INNER_PORT inside. Needs root. Runs alone, like keeper.py.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import threading

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def enter_new_network():
  """Moves this process into an empty network with nothing but a loopback device."""
  libc = ctypes.CDLL(None, use_errno=True)
  if libc.unshare(CLONE_NEWNET) != 0:
    raise OSError(ctypes.get_errno(), "cannot make a network namespace")
  with socket.socket() as control:
    request = struct.pack("16sh22x", b"lo", 0)
    flags = struct.unpack("16sh22x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


def relay(client, inner_port):
  """Passes one connection on; resets it when there is nobody inside."""
  try:
    server = socket.create_connection(("127.0.0.1", inner_port))
  except OSError:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    return
  for source, target in ((client, server), (server, client)):
    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=pump, args=(source, target), daemon=True).start()


def pump(source, target):
  try:
    while data := source.recv(262144):
      target.sendall(data)
    target.shutdown(socket.SHUT_WR)
  except OSError:
    for each in (source, target):
      try:
        each.shutdown(socket.SHUT_RDWR)
      except OSError:
        pass


def main(port, inner_port, command):
  # A socket stays in the network it was made in.
  listener = socket.create_server(("127.0.0.1", port), backlog=128)
  enter_new_network()
  server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
  signal.signal(signal.SIGINT, lambda *_: server.send_signal(signal.SIGINT))
  signal.signal(signal.SIGTERM, lambda *_: server.send_signal(signal.SIGINT))

  def accept():
    while True:
      relay(listener.accept()[0], inner_port)

  threading.Thread(target=accept, daemon=True).start()
  return server.wait()


if __name__ == "__main__":
  code = main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
  os._exit(0 if code == 0 else 1)
