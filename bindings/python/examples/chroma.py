"""Vectors in Chroma: a collection, a search with a filter, and retries that are counted.

  python chroma.py http://localhost:8000

Without an argument the address comes from CHROMA_URL. Chroma Cloud takes api_key=, tenant= and database= instead.
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
    backend="chroma",
    url=url,  # None counts as not given
    collection="fruit_example",
    dimensions=3,
    timeout=10,  # seconds a call may take, retries included
  ) as db:
    db.upsert(RECORDS, [vector for vector, _ in RECORDS.values()], [metadata for _, metadata in RECORDS.values()])
    info = vectordb.AnswerInfo()
    for match in db.search([1, 0, 0], top_k=2, filter={"kind": "fruit"}, info=info):
      print(f"{match.id:<8} score {match.score:.4f}  {match.metadata['year']}")
    print("requests sent:", info.attempts)
    db.drop()  # it was only an example


main(*sys.argv[1:2])
