"""What a process has used so far, from /proc, and small statistics."""

import os
import statistics

TICKS_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """User and system time of all threads, those that have ended included."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def rss_mib(pid, peak=False):
    return _status(pid, "VmHWM:" if peak else "VmRSS:") / 1024


def threads(pid):
    return _status(pid, "Threads:")


def _status(pid, wanted):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(next(line.split()[1] for line in status if line.startswith(wanted)))


def load():
    """Processes that want a core, averaged over the last minute."""
    return os.getloadavg()[0]


def median(values):
    return statistics.median(values)


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def spread(values):
    """median and 99th percentile of milliseconds, with how many there are."""
    return {"median_ms": median(values), "p99_ms": percentile(values, 99), "count": len(values)}
