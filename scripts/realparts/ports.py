"""Free ports that stay ours.

In: how many. Out: ports that nothing listened on a moment ago and that no other set of parts holds, also
not one whose part is stopped for a while (an outage test starts it again on the same port). Chosen below
the kernel's range for outgoing connections, else a client's socket could sit on a stopped part's port.
Whoever binds first still wins against programs that are not ours: a start that fails takes other ports.
"""

import errno
import os
import pathlib
import random
import socket
import tempfile

FIRST, LAST = 15000, 32000


def _book() -> pathlib.Path:
    path = pathlib.Path(tempfile.gettempdir()) / f"kitestream-ports.{os.getuid()}"
    path.mkdir(exist_ok=True)
    return path


def take(count: int, owner: pathlib.Path) -> list[int]:
    """Owner is the state file of a set of parts: once it is gone, its ports are free again."""
    taken = []
    for port in random.sample(range(FIRST, LAST), 2000):
        if len(taken) == count:
            return taken
        if _claim(port, owner):
            if _bindable(port):
                taken.append(port)
            else:
                give_back([port])
    raise SystemExit("parts: no free port found between %d and %d" % (FIRST, LAST))


def give_back(ports):
    for port in ports:
        (_book() / str(port)).unlink(missing_ok=True)


def _claim(port, owner) -> bool:
    entry = _book() / str(port)
    try:
        holder = entry.read_text(encoding="utf-8")
        if holder and not os.path.exists(holder):
            entry.unlink(missing_ok=True)
    except FileNotFoundError:
        pass
    try:
        with open(entry, "x", encoding="utf-8") as claim:
            claim.write(str(owner))
        return True
    except FileExistsError:
        return False


def _bindable(port) -> bool:
    for host in ("127.0.0.1", "0.0.0.0"):
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                    raise
                return False
    return True
