"""The comments of the header: which one belongs to a declaration, and what its tags say.

The grammar of the tags is at the top of include/vectordb.h.
"""

import re
from dataclasses import dataclass, field

from .compiler import ToolError

TAGS = ("param", "returns", "threads", "since")
DIRECTIONS = ("in", "out", "inout")


@dataclass
class Comment:
  """A doc comment, cut into its text and its tags."""

  text: str = ""
  parameters: list[dict] = field(default_factory=list)
  returns: dict | None = None
  threads: str | None = None
  since: str | None = None

  @property
  def summary(self) -> str:
    """The first sentence. A dot ends one only where another begins, so "0.1.0" and "e.g." do not."""
    return re.split(r"(?<=\.)\s+(?=[A-Z`{\"]|vdb_)", self.text, maxsplit=1)[0]


def comment_before(header: str, offset: int) -> str:
  """The `/** */` comment that ends right before a byte offset, without its stars; empty when there is none."""
  before = header[:offset].rstrip()
  if not before.endswith("*/"):
    return ""
  start = before.rfind("/*")
  if not before.startswith("/**", start):
    return ""
  lines = before[start + 3 : -2].splitlines()
  return "\n".join(re.sub(r"^\s*\* ?", "", line).rstrip() for line in lines).strip()


def parse_comment(raw: str, owner: str) -> Comment:
  """Cuts a comment at its tags. `owner` names the declaration in errors."""
  pieces = re.split(rf"@({'|'.join(TAGS)})\b", raw)
  comment = Comment(text=_one_line(pieces[0]))
  for tag, body in zip(pieces[1::2], pieces[2::2]):
    body = _one_line(body)
    if tag == "param":
      comment.parameters.append(_parameter(body, owner))
    elif tag == "returns":
      kind, _, note = body.partition(":")
      words = kind.split()
      if not words:
        raise ToolError(f"{owner}: @returns says nothing")
      comment.returns = {"kind": words[0], "owner": words[1] if len(words) > 1 else None, "note": note.strip()}
    elif tag == "threads":
      comment.threads = body
    else:
      comment.since = body
  return comment


def _one_line(text: str) -> str:
  return re.sub(r"\s+", " ", text).strip()


def _parameter(body: str, owner: str) -> dict:
  head, _, note = body.partition(":")
  name, _, rest = head.partition(" ")
  attributes = [part.strip() for part in rest.split(",")]
  if attributes[0] not in DIRECTIONS:
    raise ToolError(f"{owner}: @param {name} starts with {attributes[0]!r}, expected one of {', '.join(DIRECTIONS)}")
  parameter = {"name": name, "direction": attributes[0], "nullable": False, "length": None, "count": None,
               "owned": None, "borrowed": None, "note": note.strip()}
  for attribute in attributes[1:]:
    key, _, value = attribute.partition(" ")
    if key == "nullable" and not value:
      parameter["nullable"] = True
    elif key in ("length", "count", "owned", "borrowed") and value:
      parameter[key] = value
    else:
      raise ToolError(f"{owner}: @param {name} has an unknown attribute {attribute!r}")
  return parameter
