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
