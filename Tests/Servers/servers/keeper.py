"""Runs one server and ends it when the process that asked for it is gone, however that died.

  python keeper.py FOLDER UID COMMAND...

Tells the server's process id on standard output. End of standard input means that nobody is left who could stop the
server: it is killed with everything it started, and FOLDER with its data is removed. Runs alone: it imports nothing
from here, so that it starts in milliseconds.
"""

import os
import select
import shutil
import signal
import subprocess
import sys


def descendants(pid):
  """Process ids of a process and of all it started, parents first."""
  children = {}
  for entry in os.listdir("/proc"):
    if entry.isdigit():
      try:
        with open(f"/proc/{entry}/stat", "rb") as file:
          parent = int(file.read().rpartition(b")")[2].split()[1])
      except (OSError, IndexError):
        continue  # ended meanwhile
      children.setdefault(parent, []).append(int(entry))
  found = [pid]
  for each in found:
    found.extend(children.get(each, ()))
  return found


def signal_all(pid, number):
  """Sends a signal to a process and all it started; what is gone is skipped."""
  for each in descendants(pid):
    try:
      os.kill(each, number)
    except ProcessLookupError:
      pass


def main(folder, uid, command):
  identity = {"user": int(uid), "group": int(uid), "extra_groups": []} if int(uid) else {}
  server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True, cwd=folder, **identity)
  print(server.pid, flush=True)
  os.close(1)
  ended = os.pidfd_open(server.pid)
  ready, _, _ = select.select([0, ended], [], [])
  if ended not in ready:
    # Stopped first: nothing it starts may slip away meanwhile.
    signal_all(server.pid, signal.SIGSTOP)
    signal_all(server.pid, signal.SIGKILL)
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)
  return server.wait()


if __name__ == "__main__":
  os.umask(0o077)
  sys.exit(0 if main(sys.argv[1], sys.argv[2], sys.argv[3:]) == 0 else 1)
