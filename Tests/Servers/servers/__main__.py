"""Starts servers and keeps them until standard input ends or a signal comes.

  PYTHONPATH=Tests/Servers python3 -m servers up [pgvector redis chroma milvus]

When all are ready it prints one line of JSON: the options of vectordb.create for each.
"""

import contextlib
import json
import signal
import sys

from . import SERVERS, NotInstalled


def main(arguments: list[str]) -> None:
  if arguments[:1] != ["up"] or set(arguments[1:]) - set(SERVERS):
    sys.exit(f"usage: python3 -m servers up [{' '.join(SERVERS)}]")
  signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
  with contextlib.ExitStack() as stack:
    try:
      started = {name: stack.enter_context(SERVERS[name]()) for name in arguments[1:] or SERVERS}
    except NotInstalled as error:
      sys.exit(str(error))
    print(json.dumps({name: server.options for name, server in started.items()}), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
      sys.stdin.read()


main(sys.argv[1:])
