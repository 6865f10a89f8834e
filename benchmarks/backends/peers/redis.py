"""redis-py with a pipeline, and commands made beforehand."""

import redis as client
from redis.commands.search.field import NumericField, TagField, VectorField
from redis.commands.search.index_definition import IndexDefinition, IndexType
from redis.commands.search.query import Query

from data import DIMENSIONS, K

name = "redis-py"
index = "flat"
search_index = "hnsw"
rounds = 20
searches = 1000  # at most


class Peer:
  def __init__(self, server):
    self.server = server
    self.connection = client.Redis(server.host, server.port)

  def options(self, name):
    return {**self.server.options, "index_name": name}

  def create(self, name):
    self.drop(name)
    fields = (
      VectorField("vec", "FLAT", {"TYPE": "FLOAT32", "DIM": DIMENSIONS, "DISTANCE_METRIC": "COSINE"}),
      TagField("section__s", separator="\x1f", case_sensitive=True),
      NumericField("size__n"),
    )
    definition = IndexDefinition(prefix=[f"{name}:"], index_type=IndexType.HASH)
    self.connection.ft(name).create_index(fields, definition=definition)

  def drop(self, name):
    try:
      self.connection.ft(name).dropindex(delete_documents=True)
    except client.ResponseError:
      pass  # there was none

  def _fields(self, rows, row):
    return {
      "vec": rows.vectors[row].tobytes(), "_vdb_meta": rows.metadata_json[row],
      "section__s": rows.metadata[row]["section"], "size__n": rows.metadata[row]["size"],
    }

  def upsert(self, name, rows):
    for start in range(0, len(rows), 1000):
      pipeline = self.connection.pipeline(transaction=False)
      for row in range(start, min(start + 1000, len(rows))):
        pipeline.hset(f"{name}:{rows.ids[row]}", mapping=self._fields(rows, row))
      pipeline.execute()

  def search(self, name, query):
    wanted = (
      Query(f"(*)=>[KNN {K} @vec $B AS __d]").sort_by("__d").return_fields("__d", "_vdb_meta").paging(0, K).dialect(2)
    )
    return [each.id for each in self.connection.ft(name).search(wanted, {"B": query.tobytes()}).docs]

  def bare_upsert(self, name, rows, folder):
    self.create(name)
    body = bytearray(f"{len(rows)}\n".encode())
    for row, id in enumerate(rows.ids):
      parts = [b"HSET", f"{name}:{id}".encode()]
      for key, value in self._fields(rows, row).items():
        parts += [key.encode(), value if isinstance(value, bytes) else str(value).encode()]
      body += b"*%d\r\n" % len(parts)
      for part in parts:
        body += b"$%d\r\n%b\r\n" % (len(part), part)
    path = folder / "commands.resp"
    path.write_bytes(body)
    return "bare_redis", f"{self.server.host}:{self.server.port}", [path]

  def bare_search(self, name, rows, folder):
    path = folder / "search.txt"
    path.write_text(f"{name}\n(*)=>[KNN $K @vec $B AS __d]")
    return "bare_redis", f"{self.server.host}:{self.server.port}", path
