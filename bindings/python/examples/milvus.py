"""Vectors in Milvus, Milvus Lite or Zilliz Cloud: a collection whose tenants do not see each other.

  python milvus.py http://localhost:19530

Without an argument the address comes from MILVUS_URI. token="user:password" or an API key goes with it.
"""

import sys

import vectordb

RECORDS = {
  "apple": ([0.9, 0.1, 0.0], {"kind": "fruit", "year": 2023}),
  "pear": ([0.8, 0.3, 0.0], {"kind": "fruit", "year": 2024}),
  "carrot": ([0.0, 0.2, 0.9], {"kind": "root", "year": 2024}),
}


def main(url=None):
  with vectordb.create(
    "shop",
    backend="milvus",
    url=url,  # None counts as not given
    collection="fruit_example",
    dimensions=3,
  ) as db:
    with db.namespace("tenant_1") as tenant:
      tenant.upsert(RECORDS, [vector for vector, _ in RECORDS.values()], [metadata for _, metadata in RECORDS.values()])
      for match in tenant.search([1, 0, 0], top_k=2, filter={"kind": "fruit"}):
        print(f"{match.id:<8} score {match.score:.4f}  {match.metadata['year']}")
      print("records of the tenant:", tenant.count(), "of everybody else:", db.count())
    db.drop()  # it was only an example


main(*sys.argv[1:2])
