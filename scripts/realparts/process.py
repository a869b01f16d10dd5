"""One server process that outlives the command which started it.

In: a command, its environment, a log file. Out: {pid, started}; `started` is the kernel's start time of
that pid, so a number that was re-used for somebody else's process is never signalled.
"""

import os
import signal
import subprocess
import time


def spawn(command, log_path, cwd, env) -> dict:
    with open(log_path, "ab") as log:
        child = subprocess.Popen([str(word) for word in command], cwd=cwd, env=env, stdout=log,
                                 stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                 start_new_session=True)
    return {"pid": child.pid, "started": _start_time(child.pid)}


def alive(process) -> bool:
    if not process:
        return False
    _reap(process["pid"])
    return process["started"] is not None and _start_time(process["pid"]) == process["started"]


def end(process, patience_s, hard=False):
    """SIGTERM, then SIGKILL when patience is over; `hard` goes straight to SIGKILL."""
    if not alive(process):
        return
    os.kill(process["pid"], signal.SIGKILL if hard else signal.SIGTERM)
    if not _gone_within(process, 10 if hard else patience_s):
        os.kill(process["pid"], signal.SIGKILL)
        if not _gone_within(process, 10):
            raise SystemExit(f"parts: process {process['pid']} does not end")


def _gone_within(process, seconds) -> bool:
    deadline = time.monotonic() + seconds
    while alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass  # started by an earlier command: its reaper is init


def _start_time(pid):
    """None for a process that is gone or only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])
