"""Builds the manifest: everything a dynamic host must know about the C interface, in one JSON object (docs/abi.md)."""

import json
import re
from pathlib import Path

from .comments import comment_before, parse_comment
from .compiler import HEADER, ROOT, ToolError, declarations, fold

MANIFEST = ROOT / "abi" / "manifest.json"


def load() -> dict:
  """The committed manifest."""
  return json.loads(MANIFEST.read_text())


def render(manifest: dict) -> str:
  """The manifest as the text that is committed."""
  return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"


def build() -> dict:
  """The manifest of the header as it is now. Raises ToolError where a declaration lacks a tag or a tag is wrong."""
  header = HEADER.read_text()
  nodes = declarations()
  typedefs, handles, callbacks, structs, functions = _sort(nodes, header)
  manifest = {
    "library": "vectordb",
    "header": str(HEADER.relative_to(ROOT)),
    "version": "",
    "constants": _constants(header, nodes),
    "typedefs": typedefs,
    "handles": handles,
    "callbacks": callbacks,
    "structs": structs,
    "functions": functions,
  }
  numbers = {constant["name"]: constant["value"] for constant in manifest["constants"]}
  manifest["version"] = ".".join(str(numbers[f"VDB_VERSION_{part}"]) for part in ("MAJOR", "MINOR", "PATCH"))
  _measure(structs, header)
  _check(manifest)
  for handle in handles:
    handle["free"] = next((p["owned"] for f in functions for p in f["parameters"]
                           if p["owned"] and _base(p["type"]) == handle["name"]), None)
  return manifest


def _sort(nodes: list[dict], header: str):
  typedefs, handles, callbacks, structs, functions = [], [], [], [], []
  records = {node["name"]: node for node in nodes if node["kind"] == "RecordDecl" and "inner" in node}
  for node in nodes:
    name = node.get("name", "")
    comment = parse_comment(comment_before(header, node["begin"]), name)
    if node["kind"] == "FunctionDecl":
      functions.append(_function(node, comment))
    elif node["kind"] == "TypedefDecl":
      spelled = node["type"]["qualType"]
      entry = {"name": name, "doc": comment.text}
      if name in records:
        fields = [child for child in records[name]["inner"] if child["kind"] == "FieldDecl"]
        columns = [{"name": f["name"], "type": f["type"]["qualType"]} for f in fields]
        structs.append(entry | {"size": 0, "init": None, "fields": columns})
      elif spelled.startswith("struct "):
        handles.append(entry)
      elif "(*)" in spelled:
        callbacks.append(entry | _callback(header, node["begin"], spelled))
      else:
        typedefs.append(entry | {"type": spelled})
  return typedefs, handles, callbacks, structs, functions


def _function(node: dict, comment) -> dict:
  name = node["name"]
  declared = [child for child in node.get("inner", []) if child["kind"] == "ParmVarDecl"]
  tagged = [parameter["name"] for parameter in comment.parameters]
  names = [child["name"] for child in declared]
  if names != tagged:
    raise ToolError(f"{name}: parameters are {names}, @param tags say {tagged}")
  for tag, value in (("a description", comment.text), ("@returns", comment.returns), ("@threads", comment.threads),
                     ("@since", comment.since)):
    if not value:
      raise ToolError(f"{name} lacks {tag}")
  parameters = []
  for child, tags in zip(declared, comment.parameters):
    parameters.append({"name": child["name"], "type": child["type"]["qualType"]} | tags)
  returned = node["type"]["qualType"].partition("(")[0].strip()
  returns = {"type": returned} | comment.returns
  returns["errors"] = re.findall(r"VDB_E_[A-Z_]+", comment.returns["note"])
  return {"name": name, "summary": comment.summary, "doc": comment.text, "returns": returns, "parameters": parameters,
          "threads": comment.threads, "since": comment.since}


def _callback(header: str, offset: int, spelled: str) -> dict:
  text = header[offset : header.index(";", offset)]
  parameters = []
  for part in text[text.rindex("(") + 1 : text.rindex(")")].split(","):
    kind, star, name = re.fullmatch(r"\s*(.*?)\s*(\**)(\w+)\s*", part, re.DOTALL).groups()
    parameters.append({"name": name, "type": f"{kind} {star}".strip()})
  return {"returns": spelled.partition("(")[0].strip(), "parameters": parameters}


def _constants(header: str, nodes: list[dict]) -> list[dict]:
  """Object-like macros with an integer value. A signed one belongs to the integer typedef before it in the header."""
  aliases = [node for node in nodes if node["kind"] == "TypedefDecl"]
  integers = [(node["begin"], node["name"]) for node in aliases if node["type"]["qualType"] == "int32_t"]
  found = []
  for match in re.finditer(r"^#define (VDB_\w+) +([^\s{][^\n/{]*?) *(?:/\* (.*?) \*/)?$", header, re.MULTILINE):
    name, text, note = match.groups()
    before = [kind for begin, kind in integers if begin < match.start()]
    if text.endswith("u"):
      kind, owner = "flag", None
    elif before:
      kind, owner = "status" if before[-1] == "vdb_status" else "kind", before[-1]
    else:
      kind, owner = "number", None
    doc = note or parse_comment(comment_before(header, match.start()), name).text
    found.append({"name": name, "value": 0, "kind": kind, "type": owner, "doc": doc})
  values = fold({constant["name"]: constant["name"] for constant in found})
  for constant in found:
    value = values[constant["name"]]
    constant["value"] = value if constant["kind"] in ("status", "kind") else value % 2**64
  return found


def _measure(structs: list[dict], header: str) -> None:
  """Fills in sizes, offsets and the values of the INIT macros."""
  wanted = {}
  for struct in structs:
    wanted[struct["name"]] = f"sizeof({struct['name']})"
    for column in struct["fields"]:
      path = f"{struct['name']}, {column['name']}"
      wanted[f"{struct['name']}__{column['name']}"] = f"offsetof({path})"
      wanted[f"{struct['name']}__{column['name']}__size"] = f"sizeof((({struct['name']} *)0)->{column['name']})"
  values = fold(wanted)
  for struct in structs:
    struct["size"] = values[struct["name"]]
    for column in struct["fields"]:
      column["offset"] = values[f"{struct['name']}__{column['name']}"]
      column["size"] = values[f"{struct['name']}__{column['name']}__size"]
    macro = re.search(rf"^#define {struct['name'].upper()}_INIT \{{(.*)\}}$", header, re.MULTILINE)
    if not macro:
      raise ToolError(f"{struct['name']} has no {struct['name'].upper()}_INIT macro")
    parts = [part.strip() for part in macro[1].split(",")]
    if len(parts) != len(struct["fields"]):
      raise ToolError(f"{struct['name'].upper()}_INIT has {len(parts)} values for {len(struct['fields'])} fields")
    defaults = fold({f"init_{index}": f"(long long)({part})" for index, part in enumerate(parts)})
    struct["init"] = [defaults[f"init_{index}"] for index in range(len(parts))]


def _base(spelled: str) -> str:
  return spelled.replace("const", "").replace("*", "").strip()


def _check(manifest: dict) -> None:
  """What the header promises about itself: names, partners, owners, and struct rules."""
  functions = {function["name"]: function for function in manifest["functions"]}
  for function in manifest["functions"]:
    name = function["name"]
    parameters = {parameter["name"]: parameter for parameter in function["parameters"]}
    if (function["returns"]["kind"] == "status") != (function["returns"]["type"] == "vdb_status") \
        and function["returns"]["kind"] != "value":
      raise ToolError(f"{name} returns {function['returns']['type']}, @returns says {function['returns']['kind']}")
    for parameter in function["parameters"]:
      for key in ("length", "count", "borrowed"):
        if parameter[key] and parameter[key] not in parameters:
          raise ToolError(f"{name}: @param {parameter['name']} names an unknown {key} {parameter[key]!r}")
      if parameter["owned"] and parameter["owned"] not in functions:
        raise ToolError(f"{name}: @param {parameter['name']} is freed by an unknown {parameter['owned']!r}")
      if parameter["direction"] != "in" and "*" not in parameter["type"]:
        raise ToolError(f"{name}: {parameter['name']} is {parameter['direction']} but no pointer")
    if not name.startswith("vdb_"):
      raise ToolError(f"{name} does not start with vdb_")
  for struct in manifest["structs"]:
    if [column["name"] for column in struct["fields"][:2]] != ["struct_size", "flags"]:
      raise ToolError(f"{struct['name']} does not start with struct_size, flags")
    end = 0
    for column in struct["fields"]:
      if column["offset"] != end:
        raise ToolError(f"{struct['name']} has padding before {column['name']}")
      end += column["size"]
    if end != struct["size"]:
      raise ToolError(f"{struct['name']} has padding at its end")


def write_or_check(path: Path, text: str, check: bool, command: str) -> int:
  """Writes a generated file, or with `check` compares it with what is committed. Returns an exit status."""
  name = path.relative_to(ROOT)
  if not check:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"wrote {name}")
    return 0
  if path.exists() and path.read_text() == text:
    return 0
  print(f"{name} is stale: run {command}")
  return 1
