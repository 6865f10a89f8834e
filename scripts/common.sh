# Sourced by the scripts here: where things are, and how they speak.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LIBRARY_DIR=$ROOT/.build/release
PYTHON=$ROOT/.venv/bin/python
# A crash report would wait for a debugger that nobody watches.
export SWIFT_BACKTRACE=enable=no

# A heading, so that a long log can be skimmed.
heading() {
  printf '\n== %s\n' "$*"
}

# Ends the script with one line that says what is wrong.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Runs a command as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root for: $* (run as root, or install sudo)"
  fi
}

# Runs a command quietly; shows what it said only when it fails.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "failed: $*"
  fi
  rm -f "$log"
}

# Runs a command that must end within a number of seconds: a hang is a failure with a name, not a stuck machine.
within() {
  local seconds=$1 status=0
  shift
  timeout --kill-after=10 "$seconds" "$@" </dev/null || status=$?
  [ "$status" -ne 124 ] && [ "$status" -ne 137 ] || echo "$(basename "$0"): hung, ended after $seconds s: $*" >&2
  return "$status"
}

# Installs Debian packages, as far as they are missing; pkgconf may stand in for pkg-config.
install_debian() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing Debian packages: ${missing[*]}"
  quietly as_root apt-get update
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# Makes a virtual environment and installs requirement files into it, once for each content of them.
install_python() {
  local environment=$1 stamp
  shift
  stamp=$environment/.installed-$(cat "$@" | sha256sum | cut -c1-16)
  [ -x "$environment/bin/python" ] && [ -e "$stamp" ] && return 0
  if ! "$environment/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "creating ${environment##*/}"
    rm -rf "$environment"
    # The python3 on the PATH may be one without venv: Debian's has it.
    python3 -m venv "$environment" 2>/dev/null || quietly /usr/bin/python3 -m venv --clear "$environment"
  fi
  echo "installing Python packages: $(grep -h '==\|>=' "$@" | head -6 | tr '\n' ' ')"
  local arguments=() file
  for file in "$@"; do arguments+=(-r "$file"); done
  quietly "$environment/bin/python" -m pip install --disable-pip-version-check "${arguments[@]}"
  touch "$stamp"
}
