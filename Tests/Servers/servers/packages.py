"""Where scripts/setup-servers puts the servers."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = ROOT / ".venv-servers"


class NotInstalled(Exception):
  """A server is not there; the message says what installs it."""


def site_packages() -> Path:
  """The folder of the installed packages."""
  for folder in sorted(ENVIRONMENT.glob("lib/python3*/site-packages")):
    return folder
  raise NotInstalled("the servers are not installed: run scripts/setup-servers")


def package(path: str) -> Path:
  """A file or folder of an installed package."""
  found = site_packages() / path
  if not found.exists():
    raise NotInstalled(f"{found} is missing: run scripts/setup-servers")
  return found


def program(name: str) -> Path:
  """A command of the environment."""
  found = ENVIRONMENT / "bin" / name
  if not found.exists():
    raise NotInstalled(f"{found} is missing: run scripts/setup-servers")
  return found
