"""The rows that every side writes: 20,000 embeddings of package descriptions, cut from the whole index when it is there, else the
committed sample again and again with a little noise, and metadata of a string and a number."""

import json
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIMENSIONS = 384
K = 10


class Rows:
  def __init__(self, count):
    full = ROOT / "build" / "data" / "packages.f32"
    random = np.random.default_rng(7)
    vectors = np.fromfile(full if full.exists() else ROOT / "data" / "packages.f32", "<f4").reshape(-1, DIMENSIONS)
    picked = vectors[random.permutation(np.resize(np.arange(len(vectors)), count + 200))]
    if len(vectors) < count + 200:
      picked = picked + random.normal(0, 1e-3, picked.shape).astype("<f4")
    picked = np.ascontiguousarray(picked / np.linalg.norm(picked, axis=1, keepdims=True), dtype="<f4")
    self.vectors, self.queries = picked[:count], picked[count:]
    self.ids = [f"package-{row}" for row in range(count)]
    self.metadata = [{"section": f"section-{row % 40}", "size": row} for row in range(count)]
    self.metadata_json = [json.dumps(each, separators=(",", ":")) for each in self.metadata]

  def __len__(self):
    return len(self.ids)
