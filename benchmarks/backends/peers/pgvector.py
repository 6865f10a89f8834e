"""psycopg with pgvector's adapters, and COPY of bytes made beforehand.

Two ways to write with psycopg: what does as much as the library's upsert, and a plain COPY, which does less, as it fails where one
of the records is there already. The bare writer has only the plain COPY.
"""

import struct

import numpy as np
import psycopg
from pgvector.psycopg import register_vector
from psycopg.types.json import Jsonb

from data import DIMENSIONS, K

name = "psycopg + pgvector"
index = "flat"
search_index = "hnsw"
rounds = 20
searches = 1000  # at most
# The same table on all sides: the library's own has a column for namespaces in front of its key, which costs the server time.
ours_opens_the_client_s = True


class Peer:
  def __init__(self, server):
    self.server = server
    self.connection = psycopg.connect(server.options["connection_string"], autocommit=True)
    self.connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    register_vector(self.connection)

  def options(self, name):
    # The same indexes on all sides: that of the primary key, and the one over vectors where a search wants it.
    return {**self.server.options, "table_name": name, "metadata_index": False}

  def create(self, name):
    self.drop(name)
    self.connection.execute(
      f"CREATE TABLE {name} (id text COLLATE \"C\" PRIMARY KEY, embedding vector({DIMENSIONS}) NOT NULL, metadata jsonb NOT NULL)"
    )
    # Nobody writes while the server still takes to disk what came before.
    self.connection.execute("CHECKPOINT")

  def drop(self, name):
    self.connection.execute(f"DROP TABLE IF EXISTS {name}")

  def upsert(self, name, rows):
    """All or nothing, and records that are there are replaced."""
    with self.connection.transaction():
      self.connection.execute(f"CREATE TEMP TABLE staged (LIKE {name}) ON COMMIT DROP")
      self._copy("staged", rows)
      self.connection.execute(
        f"INSERT INTO {name} SELECT * FROM staged ON CONFLICT (id)"
        " DO UPDATE SET embedding = EXCLUDED.embedding, metadata = EXCLUDED.metadata")

  def insert(self, name, rows):
    """All or nothing, of new records."""
    with self.connection.transaction():
      self._copy(name, rows)

  def _copy(self, name, rows):
    with self.connection.cursor() as cursor:
      with cursor.copy(f"COPY {name} (id, embedding, metadata) FROM STDIN WITH (FORMAT BINARY)") as copy:
        copy.set_types(["text", "vector", "jsonb"])
        for id, vector, metadata in zip(rows.ids, rows.vectors, rows.metadata):
          copy.write_row((id, vector, Jsonb(metadata)))

  def search(self, name, query):
    sql = f"SELECT id, metadata, embedding <=> %s FROM {name} ORDER BY embedding <=> %s LIMIT {K}"
    return [row[0] for row in self.connection.execute(sql, (query, query), prepare=True, binary=True)]

  def bare_upsert(self, name, rows, folder):
    self.create(name)
    body = bytearray(f"COPY {name} (id, embedding, metadata) FROM STDIN WITH (FORMAT BINARY)\n".encode())
    body += b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
    vectors = rows.vectors.astype(">f4")
    head = struct.pack(">ihh", 4 + 4 * DIMENSIONS, DIMENSIONS, 0)
    for id, vector, metadata in zip(rows.ids, vectors, rows.metadata_json):
      for field in (id.encode(), b"\x01" + metadata.encode()):
        if field[0] == 1:
          body += head + vector.tobytes()
        else:
          body += struct.pack(">h", 3)
        body += struct.pack(">i", len(field)) + field
    body += struct.pack(">h", -1)
    path = folder / "copy.bin"
    path.write_bytes(body)
    return "bare_postgres", self.server.options["connection_string"], [path]

  def bare_search(self, name, rows, folder):
    path = folder / "search.sql"
    path.write_text(f"SELECT id, metadata, embedding <=> $1 FROM {name} ORDER BY embedding <=> $1 LIMIT {K}")
    return "bare_postgres", self.server.options["connection_string"], path
