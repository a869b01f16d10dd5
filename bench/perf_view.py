"""Where processor time went, from timer samples that perf took of the whole machine.

In: perf.data, our process. Out: text: the machine by program; our process by thread, library and function, in
percent of its own samples. perf's own report cannot filter by process and stay at that scale.
"""

import pathlib
import re
import subprocess
from collections import Counter

SAMPLE = re.compile(r"\s*(.+?)\s+(-?\d+)\s+[0-9a-f]+ (.+) \((.*)\)$")  # comm pid ip symbol (library)
LEAST_PERCENT = 1


def text(data, pid):
    machine, threads, libraries, functions = (Counter() for _ in range(4))
    for thread, process, symbol, library in _samples(data):
        machine["our process" if process == pid else thread] += 1
        if process == pid:
            threads[thread] += 1
            libraries[f"{thread}: {library}"] += 1
            functions[f"{library}: {symbol}"] += 1
    tables = (("machine", machine), ("thread", threads), ("thread and library", libraries), ("function", functions))
    return "\n".join(_table(name, counted) for name, counted in tables)


def _samples(data):
    shown = subprocess.run(["perf", "script", "-i", data, "-F", "comm,pid,ip,sym,dso"], capture_output=True,
                           text=True, check=True).stdout
    for line in shown.splitlines():
        if found := SAMPLE.match(line):
            thread, process, symbol, library = found.groups()
            yield thread, int(process), symbol.partition("+")[0], pathlib.Path(library).name


def _table(name, counted):
    total = sum(counted.values())
    lines = [f"by {name}, of {total} samples:"]
    for what, count in counted.most_common(30):
        if 100 * count >= LEAST_PERCENT * total:
            lines.append(f"{100 * count / total:6.1f} % {what}")
    return "\n".join(lines)
