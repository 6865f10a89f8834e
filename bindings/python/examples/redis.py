"""Vectors in Redis with its query engine, from asyncio: many questions at once over a few connections.

  python redis.py redis://localhost:6379      rediss://user:password@host:6379 with TLS

Without an argument the address comes from REDIS_URL.
"""

import asyncio
import sys

import vectordb.aio

RECORDS = {
  "apple": ([0.9, 0.1, 0.0], {"kind": "fruit", "year": 2023}),
  "pear": ([0.8, 0.3, 0.0], {"kind": "fruit", "year": 2024}),
  "carrot": ([0.0, 0.2, 0.9], {"kind": "root", "year": 2024}),
}


async def main(url=None):
  async with await vectordb.aio.create(
    "shop",
    backend="redis",
    url=url,  # None counts as not given
    index_name="fruit_example",
    fields={"kind": "string", "year": "number"},  # filters need them; fields that come later are added by themselves
    dimensions=3,
  ) as db:
    await db.upsert(RECORDS, [vector for vector, _ in RECORDS.values()], [metadata for _, metadata in RECORDS.values()])
    await db.flush()  # returns when the index holds what was written
    for match in await db.search([1, 0, 0], top_k=2, filter={"kind": "fruit"}):
      print(f"{match.id:<8} score {match.score:.4f}  {match.metadata['year']}")
    answers = await asyncio.gather(*(db.search([1, n / 100, 0], top_k=1) for n in range(100)))
    print(len(answers), "questions at once, the last is answered with", answers[-1][0].id)
    await db.drop()  # it was only an example


asyncio.run(main(*sys.argv[1:2]))
