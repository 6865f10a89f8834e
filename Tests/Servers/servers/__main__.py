"""Starts servers for programs that are not written in Python.

  PYTHONPATH=Tests/Servers python3 -m servers up [pgvector redis chroma milvus]

keeps them until standard input ends or a signal comes. When all are ready it prints one line of JSON: the options of
vectordb.create for each.

  PYTHONPATH=Tests/Servers python3 -m servers run redis COMMAND...

runs a command with those options as its last argument, and ends as it does. With `trouble` instead of `run` its connections and
answers are cut all the time.
"""

import contextlib
import json
import random
import signal
import subprocess
import sys
import time

from . import SERVERS, NotInstalled
from .proxy import Proxy


def up(names: list[str]) -> None:
  """Keeps servers running."""
  signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
  with contextlib.ExitStack() as stack:
    started = {name: stack.enter_context(SERVERS[name]()) for name in names or SERVERS}
    print(json.dumps({name: server.options for name, server in started.items()}), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
      sys.stdin.read()


def run(name: str, command: list[str]) -> int:
  """Runs a command beside a server; its exit status."""
  with SERVERS[name]() as server:
    return subprocess.run([*command, json.dumps(server.options)]).returncode


def trouble(name: str, command: list[str]) -> int:
  """Runs a command beside a server whose connections do not last; its exit status."""
  chance = random.Random(1)
  with SERVERS[name]() as server, Proxy(server.host, server.port) as proxy:
    process = subprocess.Popen([*command, json.dumps(server.options_at(proxy.host, proxy.port))])
    while process.poll() is None:
      time.sleep(chance.uniform(0.02, 0.2))
      if chance.random() < 0.5:
        proxy.reset()
      else:
        proxy.cut(chance.randrange(3000), times=3, hard=chance.random() < 0.5)
    return process.returncode


def main(arguments: list[str]) -> None:
  names = "|".join(SERVERS)
  try:
    if arguments[:1] == ["up"] and not set(arguments[1:]) - set(SERVERS):
      up(arguments[1:])
    elif arguments[:1] in (["run"], ["trouble"]) and len(arguments) > 2 and arguments[1] in SERVERS:
      sys.exit((run if arguments[0] == "run" else trouble)(arguments[1], arguments[2:]))
    else:
      sys.exit(f"usage: python3 -m servers up [{names}]... | run|trouble {names} COMMAND...")
  except NotInstalled as error:
    sys.exit(str(error))


main(sys.argv[1:])
