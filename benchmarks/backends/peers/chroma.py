"""chromadb's HTTP client, and request bodies made beforehand."""

import base64
import json
import struct

import chromadb

from data import K

name = "chromadb"
index = "hnsw"
search_index = "hnsw"
rounds = 5
searches = 300  # at most


class Peer:
  def __init__(self, server):
    self.server = server
    settings = chromadb.config.Settings(anonymized_telemetry=False)
    self.client = chromadb.HttpClient(server.host, server.port, settings=settings)
    self.batch = self.client.get_max_batch_size()

  def options(self, name):
    return {**self.server.options, "collection": name}

  def create(self, name):
    self.drop(name)
    self.client.create_collection(name, configuration={"hnsw": {"space": "cosine"}})

  def drop(self, name):
    try:
      self.client.delete_collection(name)
    except chromadb.errors.NotFoundError:
      pass

  def upsert(self, name, rows):
    collection = self.client.get_collection(name)
    for start in range(0, len(rows), self.batch):
      part = slice(start, start + self.batch)
      collection.upsert(rows.ids[part], embeddings=rows.vectors[part], metadatas=rows.metadata[part])

  def search(self, name, query):
    collection = self._collections.setdefault(name, None) or self.client.get_collection(name)
    self._collections[name] = collection
    return collection.query(query_embeddings=[query], n_results=K, include=["distances", "metadatas"])["ids"][0]

  _collections = {}

  def _address(self, name, verb):
    id = self.client.get_collection(name).id
    place = f"tenants/default_tenant/databases/default_database/collections/{id}/{verb}"
    return f"http://{self.server.host}:{self.server.port}/api/v2/{place}|Content-Type: application/json"

  def bare_upsert(self, name, rows, folder):
    self.create(name)
    files = []
    for start in range(0, len(rows), self.batch):
      part = slice(start, start + self.batch)
      body = {
        "ids": rows.ids[part], "metadatas": rows.metadata[part],
        "embeddings": [base64.b64encode(vector.tobytes()).decode() for vector in rows.vectors[part]],
      }
      files.append(folder / f"upsert-{start}.json")
      files[-1].write_text(json.dumps(body, separators=(",", ":")))
    return "bare_http", self._address(name, "upsert"), files

  def bare_search(self, name, rows, folder):
    path = folder / "queries.bin"
    with path.open("wb") as file:
      for query in rows.queries:
        body = {"query_embeddings": [query.tolist()], "n_results": K, "include": ["distances", "metadatas"]}
        text = json.dumps(body, separators=(",", ":")).encode()
        file.write(struct.pack("<I", len(text)) + text)
    return "bare_http", self._address(name, "query"), path
