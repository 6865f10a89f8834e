"""Builds the wheel of libvectordb: the Python files and the shared library, nothing to compile for Python itself.

A build backend (PEP 517, PEP 660) of the package's own, because the wheel is plain: files, a platform tag, and a
library that comes from elsewhere. The library is, in this order: what VECTORDB_LIBRARY names; the newest of `make dist` and
`swift build -c release` in the repository around this folder; or it is built there by `swift build`.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
REPOSITORY = HERE.parent.parent
SONAME = "libvectordb.so.0"
NAME = "libvectordb"
SUMMARY = "One interface to ten vector databases, in process and remote"
REQUIRES_PYTHON = ">=3.9"
REQUIREMENTS = ["numpy>=1.20"]


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
  """The wheel that pip installs: py3-none-<platform>, with the library beside the modules."""
  with _Wheel(Path(wheel_directory)) as wheel:
    for path in sorted((HERE / "src" / "vectordb").rglob("*")):
      if path.suffix == ".py" or path.name == "py.typed":
        wheel.add(path.relative_to(HERE / "src").as_posix(), path.read_bytes())
    wheel.add(f"vectordb/{SONAME}", _stripped(_library()), mode=0o755)
  return wheel.name


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
  """A wheel that points at the sources; beside them a link to the library, so that building it again is enough."""
  target = HERE / "src" / "vectordb" / SONAME
  target.unlink(missing_ok=True)
  target.symlink_to(_library())
  with _Wheel(Path(wheel_directory)) as wheel:
    wheel.add("libvectordb.pth", f"{HERE / 'src'}\n".encode())
  return wheel.name


def build_sdist(sdist_directory, config_settings=None):
  """There is none: the library's sources are the repository around this folder."""
  raise SystemExit("libvectordb has no source distribution: build a wheel from a clone of the repository")


def get_requires_for_build_wheel(config_settings=None):
  """Nothing."""
  return []


def get_requires_for_build_editable(config_settings=None):
  """Nothing."""
  return []


def _version() -> str:
  text = (HERE / "src" / "vectordb" / "_prototypes.py").read_text()
  found = re.search(r"^VERSION = ['\"]([^'\"]+)['\"]", text, re.M)
  if not found:
    raise SystemExit("_prototypes.py names no VERSION")
  return found.group(1)


def _library() -> Path:
  named = os.environ.get("VECTORDB_LIBRARY")
  if named:
    if not Path(named).is_file():
      raise SystemExit(f"VECTORDB_LIBRARY names {named!r}, which is not a file")
    return _checked(Path(named).resolve())
  found = [REPOSITORY / ".build" / "release" / "libvectordb.so", *REPOSITORY.glob(f"dist/**/{SONAME}")]
  built = sorted((path.resolve() for path in found if path.is_file()), key=lambda path: path.stat().st_mtime)
  return _checked(built[-1] if built else _built())


def _built() -> Path:
  if not (REPOSITORY / "Package.swift").is_file() or not shutil.which("swift"):
    raise SystemExit(
      "there is no libvectordb to put into the wheel: set VECTORDB_LIBRARY to its path, or install from a clone of the "
      "repository on a machine with a Swift toolchain"
    )
  subprocess.run(["swift", "build", "-c", "release", "--product", "vectordb"], cwd=REPOSITORY, check=True)
  return REPOSITORY / ".build" / "release" / "libvectordb.so"


def _checked(path: Path) -> Path:
  """`path`, if it is a library for this machine and of this version."""
  try:
    version = ctypes.CDLL(str(path)).vdb_version
    version.restype = ctypes.c_char_p
    text = version().decode()
  except (OSError, AttributeError) as error:
    raise SystemExit(f"{path} is not a vectordb library for this machine: {error}")
  if text.split(".")[:2] != _version().split(".")[:2]:
    raise SystemExit(f"{path} is version {text}, but this package needs {_version()}")
  return path


def _stripped(path: Path) -> bytes:
  """The library without its symbol table, where there is a `strip`."""
  strip = shutil.which("strip")
  if strip:
    with tempfile.TemporaryDirectory() as folder:
      target = Path(folder, SONAME)
      if subprocess.run([strip, "--strip-unneeded", "-o", str(target), str(path)], check=False).returncode == 0:
        return target.read_bytes()
  return path.read_bytes()


class _Wheel:
  """Writes a wheel: files, then METADATA, WHEEL and RECORD."""

  def __init__(self, directory: Path):
    platform = re.sub(r"[^0-9a-zA-Z]+", "_", sysconfig.get_platform())
    self._tag = f"py3-none-{platform}"
    self._info = f"{NAME}-{_version()}.dist-info"
    self.name = f"{NAME}-{_version()}-{self._tag}.whl"
    self._zip = zipfile.ZipFile(directory / self.name, "w", zipfile.ZIP_DEFLATED)
    self._record = []

  def __enter__(self):
    return self

  def __exit__(self, kind, error, trace):
    if kind is None:
      license_file = REPOSITORY / "LICENSE"
      if license_file.is_file():
        self.add(f"{self._info}/LICENSE", license_file.read_bytes())
      self.add(f"{self._info}/METADATA", self._metadata().encode())
      wheel = f"Wheel-Version: 1.0\nGenerator: vectordb_build\nRoot-Is-Purelib: false\nTag: {self._tag}\n"
      self.add(f"{self._info}/WHEEL", wheel.encode())
      record = "".join(self._record) + f"{self._info}/RECORD,,\n"
      self.add(f"{self._info}/RECORD", record.encode())
    self._zip.close()

  def add(self, name: str, data: bytes, mode: int = 0o644) -> None:
    # A fixed date, so that the same files give the same wheel.
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    self._zip.writestr(entry, data)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    self._record.append(f"{name},sha256={digest},{len(data)}\n")

  def _metadata(self) -> str:
    fields = [
      "Metadata-Version: 2.1",
      f"Name: {NAME}",
      f"Version: {_version()}",
      f"Summary: {SUMMARY}",
      "License: Apache-2.0",
      f"Requires-Python: {REQUIRES_PYTHON}",
      "Classifier: Typing :: Typed",
      "Classifier: Operating System :: POSIX :: Linux",
      "Description-Content-Type: text/markdown",
      *[f"Requires-Dist: {requirement}" for requirement in REQUIREMENTS],
    ]
    readme = HERE / "README.md"
    return "\n".join(fields) + "\n\n" + (readme.read_text() if readme.is_file() else "")


if __name__ == "__main__":
  print(build_wheel(sys.argv[1] if len(sys.argv) > 1 else "."))
