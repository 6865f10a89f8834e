"""Vectors in PostgreSQL with pgvector: a table with an index, a search with a filter, and an error that tells.

  python pgvector.py postgresql://user:password@localhost:5432/database

Without an argument the address comes from DATABASE_URL, or from PGHOST, PGUSER, PGPASSWORD and their like.
"""

import sys

import vectordb

RECORDS = {
  "apple": ([0.9, 0.1, 0.0], {"kind": "fruit", "year": 2023}),
  "pear": ([0.8, 0.3, 0.0], {"kind": "fruit", "year": 2024}),
  "carrot": ([0.0, 0.2, 0.9], {"kind": "root", "year": 2024}),
}


def main(connection_string=None):
  with vectordb.create(
    "shop",
    backend="pgvector",
    connection_string=connection_string,  # None counts as not given
    table_name="fruit_example",  # created when it is absent, otherwise only looked at
    dimensions=3,
  ) as db:
    # One transaction: all of a batch is written, or nothing.
    db.upsert(RECORDS, [vector for vector, _ in RECORDS.values()], [metadata for _, metadata in RECORDS.values()])
    db.create_index("hnsw")
    for match in db.search([1, 0, 0], top_k=2, filter={"kind": "fruit"}):
      print(f"{match.id:<8} score {match.score:.4f}  {match.metadata['year']}")
    try:
      db.search([1, 0])
    except vectordb.DimensionMismatchError as error:
      print(error.code)
    db.drop()  # it was only an example


main(*sys.argv[1:2])
