"""pymilvus, and gRPC messages made beforehand."""

import json
import struct

from pymilvus import DataType, MilvusClient
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

from data import DIMENSIONS, K

name = "pymilvus"
index = "flat"
search_index = "hnsw"
rounds = 5
searches = 300  # at most
BATCH = 5000
METADATA = "metadata"  # of a collection that the library made, as that of the searches is


class Peer:
  def __init__(self, server):
    self.server = server
    self.client = MilvusClient(f"http://{server.host}:{server.port}")

  def options(self, name):
    return {**self.server.options, "collection": name}

  def create(self, name):
    self.drop(name)
    schema = self.client.create_schema(enable_dynamic_field=True)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=512)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=DIMENSIONS)
    index = self.client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="COSINE")
    self.client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")

  def drop(self, name):
    if self.client.has_collection(name):
      self.client.drop_collection(name)

  def upsert(self, name, rows):
    for start in range(0, len(rows), BATCH):
      self.client.upsert(name, [
        {"id": rows.ids[row], "vector": rows.vectors[row], **rows.metadata[row]}
        for row in range(start, min(start + BATCH, len(rows)))
      ])

  def search(self, name, query):
    found = self.client.search(name, [query], limit=K, output_fields=[METADATA], consistency_level="Strong")
    return [each["id"] for each in found[0]]

  def settle(self, name):
    # Rows that have not been flushed are in no index: each search would look at all of them, whatever the index.
    self.client.flush(name)

  def _address(self, verb):
    headers = "Content-Type: application/grpc+proto|TE: trailers"
    return f"http://{self.server.host}:{self.server.port}/milvus.proto.milvus.MilvusService/{verb}|h2|{headers}"

  def bare_upsert(self, name, rows, folder):
    self.create(name)
    files = []
    for start in range(0, len(rows), BATCH):
      part = slice(start, min(start + BATCH, len(rows)))
      request = milvus_pb2.UpsertRequest(collection_name=name, num_rows=part.stop - start)
      ids = request.fields_data.add(type=schema_pb2.VarChar, field_name="id")
      ids.scalars.string_data.data.extend(rows.ids[part])
      vectors = request.fields_data.add(type=schema_pb2.FloatVector, field_name="vector")
      vectors.vectors.dim = DIMENSIONS
      vectors.vectors.float_vector.data.extend(rows.vectors[part].ravel().tolist())
      dynamic = request.fields_data.add(type=schema_pb2.JSON, field_name="$meta", is_dynamic=True)
      dynamic.scalars.json_data.data.extend(text.encode() for text in rows.metadata_json[part])
      files.append(folder / f"upsert-{start}.grpc")
      files[-1].write_bytes(_framed(request))
    return "bare_http", self._address("Upsert"), files

  def bare_search(self, name, rows, folder):
    path = folder / "queries.bin"
    with path.open("wb") as file:
      for query in rows.queries:
        group = common_pb2.PlaceholderGroup()
        group.placeholders.add(tag="$0", type=common_pb2.FloatVector, values=[query.tobytes()])
        request = milvus_pb2.SearchRequest(
          collection_name=name, placeholder_group=group.SerializeToString(), nq=1, dsl_type=common_pb2.BoolExprV1,
          output_fields=[METADATA], consistency_level=common_pb2.Strong)
        parameters = {"anns_field": "vector", "topk": K, "metric_type": "COSINE", "params": "{}", "round_decimal": -1}
        for key, value in parameters.items():
          request.search_params.add(key=key, value=str(value))
        text = _framed(request)
        file.write(struct.pack("<I", len(text)) + text)
    return "bare_http", self._address("Search"), path


def _framed(message):
  text = message.SerializeToString()
  return struct.pack(">BI", 0, len(text)) + text
