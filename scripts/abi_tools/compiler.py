"""Asks clang about the header: declarations, values of constants, sizes and offsets.

Only the compiler knows what a header means, so nothing here guesses: declarations come from its syntax tree, and
numbers from constants it has folded into intermediate code. Nothing is executed.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "include" / "vectordb.h"


class ToolError(Exception):
  """Something the user can mend: a missing compiler, or a header that breaks the rules of its own tags."""


def find_clang() -> str:
  """Path of clang: $CLANG, else the one beside swiftc, else the first on PATH."""
  if os.environ.get("CLANG"):
    return os.environ["CLANG"]
  swiftc = shutil.which("swiftc")
  beside = Path(swiftc).resolve().parent / "clang" if swiftc else None
  if beside and beside.exists():
    return str(beside)
  found = shutil.which("clang")
  if not found:
    raise ToolError("no clang found: put a Swift toolchain on PATH, or name one with CLANG=/path/to/clang")
  return found


def run_clang(arguments: list[str], source: str) -> str:
  """Output of clang for C text given on its standard input. Raises ToolError with clang's own words."""
  command = [find_clang(), "-std=c11", "-I", str(HEADER.parent), "-x", "c", *arguments, "-"]
  done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
  if done.returncode != 0:
    raise ToolError(f"clang failed:\n{done.stderr}")
  return done.stdout


def declarations() -> list[dict]:
  """Top-level declarations of the header in source order, as nodes of clang's JSON syntax tree.

  Each gets "begin", its byte offset in the header. clang leaves out a file name that has not changed since the
  location before, so the walk has to carry it along.
  """
  tree = json.loads(run_clang(["-fsyntax-only", "-Xclang", "-ast-dump=json"], '#include "vectordb.h"\n'))
  current, ours = "", []
  for node in tree["inner"]:
    location = node.get("loc", {})
    current = _last_file(location, current)
    in_header = bool(current) and Path(current).resolve() == HEADER
    begin = node.get("range", {}).get("begin", {})
    current = _last_file(begin, current)
    for part in _locations(node):
      current = _last_file(part, current)
    if in_header and "offset" in begin:
      node["begin"] = begin["offset"]
      ours.append(node)
  return ours


def _last_file(location: dict, current: str) -> str:
  for part in (location.get("spellingLoc", {}), location.get("expansionLoc", {}), location):
    current = part.get("file", current)
  return current


def _locations(node: dict):
  """Locations of a node and all below it in the order clang wrote them, the node's own start left out."""
  pending = [iter([node.get("range", {}).get("end", {}), *node.get("inner", [])])]
  while pending:
    child = next(pending[-1], None)
    if child is None:
      pending.pop()
    elif "kind" not in child:
      yield child
    else:
      spans = child.get("range", {})
      places = [child.get("loc", {}), spans.get("begin", {}), spans.get("end", {})]
      pending.append(iter([*places, *child.get("inner", [])]))


def fold(expressions: dict[str, str]) -> dict[str, int]:
  """Values of integer constant expressions over the header, by the name given to each."""
  lines = ['#include "vectordb.h"']
  lines += [f"const long long fold_{name} = (long long)({text});" for name, text in expressions.items()]
  output = run_clang(["-S", "-emit-llvm", "-O0", "-o", "-"], "\n".join(lines) + "\n")
  found = dict(re.findall(r"^@fold_(\w+) = .*?constant i64 (-?\d+)", output, re.MULTILINE))
  missing = expressions.keys() - found.keys()
  if missing:
    raise ToolError(f"clang could not fold {sorted(missing)[0]}")
  return {name: int(found[name]) for name in expressions}
