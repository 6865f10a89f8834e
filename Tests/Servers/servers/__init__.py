"""Real servers for tests, demo and benchmarks: started on free ports of 127.0.0.1 with fresh data, stopped by whoever
started them, and by themselves when that process dies.

  with postgres() as server:
    db = vectordb.create("docs", dimensions=3, **server.options)

Each has `host`, `port`, `options` (how vectordb.create reaches it), `stop()`, `kill()`, `restart()` (same data, same
port), `pause()` and `resume()`. They are installed by scripts/setup-servers; `NotInstalled` says so when they are not.

The standard library is enough to import this: any Python starts them.
"""

from .chroma import chroma
from .milvus import milvus, milvus_standalone
from .packages import NotInstalled
from .postgres import postgres
from .process import Server
from .redis import redis

SERVERS = {"pgvector": postgres, "redis": redis, "chroma": chroma, "milvus": milvus}
"""What starts the server of a backend, by the backend's name."""

VARIANTS = {**SERVERS, "milvus-standalone": milvus_standalone}
"""The same, and servers that only some machines can run: `NotInstalled` says why not."""

__all__ = [
  "SERVERS",
  "VARIANTS",
  "NotInstalled",
  "Server",
  "chroma",
  "milvus",
  "milvus_standalone",
  "postgres",
  "redis",
]
