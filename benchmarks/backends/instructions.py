"""Instructions of one search of each network backend, of the library and of the bare protocol, by valgrind's callgrind.

  python benchmarks/backends/instructions.py --programs FOLDER --library FILE [--output FOLDER] [BACKEND ...]

What runs in the client's process outside the kernel, from C, the mean of a few hundred searches on a small collection. Unlike
times these figures are the same on every run, so they show what a change to the code did. With --output the profiles are kept, for
callgrind_annotate.
"""

import argparse
import importlib
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import servers  # noqa: E402
from data import Rows  # noqa: E402
from ours import options, searchable  # noqa: E402
from run import BACKENDS  # noqa: E402

SEARCHES = 200
CALLS = 2 * SEARCHES + 20
"""bare.h searches first for the latency, 20 times before that, then for the CPU."""


def profile(function, command, file, library):
  """Instructions of a call of the function, its callees' among them."""
  done = subprocess.run(
    ["valgrind", "--tool=callgrind", f"--toggle-collect={function}", f"--callgrind-out-file={file}", *map(str, command)],
    capture_output=True, text=True, timeout=600, env={**os.environ, "LD_LIBRARY_PATH": str(library)})
  if done.returncode != 0:
    sys.exit(f"{command[0]} failed: {done.stderr[-2000:]}")
  totals = [line for line in file.read_text().splitlines() if line.startswith("totals:")]
  return int(totals[0].split()[1]) // CALLS


def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument("backends", nargs="*", default=BACKENDS)
  parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of the programs in C")
  parser.add_argument("--library", type=pathlib.Path, required=True)
  parser.add_argument("--output", type=pathlib.Path)
  arguments = parser.parse_args()
  rows = Rows(2000)
  with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    output = arguments.output or folder
    output.mkdir(parents=True, exist_ok=True)
    # valgrind cannot read the newest form of debug information.
    subprocess.run(["objcopy", "--strip-debug", arguments.library, folder / "libvectordb.so.0"], check=True)
    queries = folder / "queries.f32"
    rows.queries.tofile(queries)
    for backend in arguments.backends:
      module = importlib.import_module(f"peers.{backend}")
      with servers.SERVERS[backend]() as server:
        peer = module.Peer(server)
        with searchable(module, peer, "bench_search", rows) as db:
          executable, address, file = peer.bare_search("bench_search", rows, folder)
          command = [
            arguments.programs / executable, "search", address, file, queries, options(peer, "bench_search"), SEARCHES]
          found = {
            side: profile(f"{side}_search", command, output / f"{backend}.{side}.callgrind", folder)
            for side in ("our", "bare")}
          db.drop()
      print(f"{backend}: {found['our']:,} instructions a search, bare {found['bare']:,}", flush=True)


if __name__ == "__main__":
  main()
