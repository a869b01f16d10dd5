"""How fast a backlog is worked off, and for how much CPU time and memory.

A round: a plain client fills the source while nothing captures it; then one after the other, each alone: the
source connector, a raw copy of what it produced, the sink connector, a plain client that inserts the same rows
into the target; at last source and sink in one process, with a second collection. Each round goes on where the
one before stopped.

Rates are taken between marks that the servers make: the broker's append times of the first and the last record,
the target's own count of inserted rows. Nothing that measures runs beside what is measured, but for four reads a
second of that count and ten of the topic's end.
"""

import contextlib
import json
import signal
import subprocess
import time

from rig import DEADLINE_S, Rig
from usage import cpu_s, load, rss_mib

BATCH = 10000  # rows of a call: what the sink may have at most
COUNTER_EVERY_S = 0.25
SAMPLES_HZ = "499"


class CatchUp:
    def __init__(self, rig: Rig, rows, transaction_rows, profile=False):
        self.rig, self.rows, self.transaction_rows, self.profile = rig, rows, transaction_rows, profile
        self.source, self.sink, self.both = (rig.kitestream(one) for one in ("source", "sink", "both"))
        self.topic = f"{self.source.name}.default.{rig.name}_rows"
        self.start_cpu_s = {}

    def prepare(self):
        """Collections, and connectors that know them and have stopped."""
        for name in ("rows", "both"):
            self.rig.collection(self.rig.source, name)
        self.rig.collection(self.rig.target, "plain")
        for process, name in ((self.source, "rows"), (self.both, "both")):
            process.source(collection_include_list=rf"default\.{self.rig.name}_{name}",
                           transaction_max_rows=self.transaction_rows)
        self.sink.worker["schema.storage.topic"] = self.source.worker["schema.storage.topic"]
        self.sink.sink(topic_prefix=self.source.name)
        self.both.sink()
        for process, name in ((self.source, None), (self.sink, "rows"), (self.both, "both")):
            process.start()
            self._settled(process, name)
            process.stop()
        self.rig.stamp_by_broker(self.topic)
        for process in (self.source, self.sink, self.both):
            self._empty_start(process)

    def _settled(self, process, name):
        """The source has seen the collection, or the sink has made it."""
        stream, now = self.rig.stream(process), int(time.time() * 1000) << 18
        if process is not self.sink:
            process.wait_for(lambda: any(one["tick"] > now for one in stream.heartbeats()), 60, "a heartbeat")
        if name:
            process.wait_for(lambda: self.rig.target.has(f"{self.rig.name}_{name}"), 60, f"{name} in the target")

    def _empty_start(self, process):
        """What a start without a backlog costs is no part of what rows cost."""
        process.start()
        process.wait_log(r"RUNNING(.|\n)*RUNNING" if process is self.both else "RUNNING")
        self.start_cpu_s[process] = cpu_s(process.pid)
        process.stop()

    def round(self, number):
        first = number * self.rows
        result = {"fill": self.rig.insert(self.rig.source, "rows", first, self.rows, BATCH)}
        starts = self.rig.ends(self.topic)
        result["source"] = self._source(starts)
        result["copy"] = self._copy(starts, number)
        result["sink"] = self._rows_into_target(self.sink)
        before = self.rig.target_counters()
        result["plain"] = self.rig.insert(self.rig.target, "plain", first, self.rows, BATCH)
        result["plain"] |= self._per_call(before) | {"load": load()}
        result["plain"]["rows_s"] = self.rows / result["plain"]["seconds"]
        self.rig.insert(self.rig.source, "both", first, self.rows, BATCH)
        result["both"] = self._rows_into_target(self.both)
        return result

    def check(self, rounds):
        """What was measured has also happened."""
        for name in ("rows", "plain", "both"):
            found = self.rig.target.collection(f"{self.rig.name}_{name}")
            found.flush()
            assert found.num_entities == rounds * self.rows, f"{name}: {found.num_entities} rows in the target"

    def _source(self, starts):
        with self._running(self.source) as used:
            self.rig.wait_grown(self.topic, starts, self.rows, self.source)
        return used | self._rate(self.topic, starts)

    def _copy(self, starts, number):
        copy = f"{self.rig.name}_copy{number}"
        self.rig.make_topic(copy, len(starts))
        words = [self.rig.build / "bench" / "bench_copy", self.rig.parts.env["KAFKA_BOOTSTRAP"], self.topic, copy,
                 self.rows, self.transaction_rows, *starts]
        done = subprocess.run([str(one) for one in words], check=True, capture_output=True, text=True,
                              timeout=DEADLINE_S)
        return json.loads(done.stdout) | self._rate(copy, [0] * len(starts)) | {"load": load()}

    def _rate(self, topic, starts):
        first_ms, last_ms = self.rig.append_times(topic, starts)
        return {"rows_s": self.rows * 1000 / (last_ms - first_ms)}

    def _rows_into_target(self, process):
        before = self.rig.target_counters()
        samples = [(time.monotonic(), 0)]
        with self._running(process) as used:
            while samples[-1][1] < self.rows:
                assert process.running, process.tail()
                assert samples[-1][0] - samples[0][0] < DEADLINE_S, f"only {samples[-1][1]} rows in the target"
                time.sleep(COUNTER_EVERY_S)
                samples.append((time.monotonic(), self.rig.target_counters()["rows"] - before["rows"]))
        return used | self._per_call(before) | {"rows_s": _slope(samples, self.rows)}

    def _per_call(self, before):
        after = self.rig.target_counters()
        calls = after["calls"] - before["calls"]
        return {"rows_call": (after["rows"] - before["rows"]) / calls,
                "target_ms_call": (after["ms"] - before["ms"]) / calls}

    @contextlib.contextmanager
    def _running(self, process):
        """The process from its start to the end of the block, and what it used meanwhile."""
        used = {}
        with self._sample(process) if self.profile else contextlib.nullcontext():
            process.start()
            yield used
            used |= {"cpu_s": cpu_s(process.pid) - self.start_cpu_s[process], "load": load(),
                     "rss_peak_mib": rss_mib(process.pid, peak=True), "pid": process.pid}
            process.stop()

    @contextlib.contextmanager
    def _sample(self, process):
        """perf's timer samples of everything on the machine, in the folder of the process."""
        data = process.folder / "perf.data"
        perf = subprocess.Popen(["perf", "record", "-q", "-a", "-e", "cpu-clock", "-F", SAMPLES_HZ, "-o", data])
        try:
            yield
        finally:
            perf.send_signal(signal.SIGINT)
            perf.wait(60)


def _slope(samples, rows):
    """Rows a second between the first sample with rows and the last one that is not yet complete."""
    inner = [one for one in samples if 0 < one[1] < rows]
    assert len(inner) > 1, "too few rows for a rate: it took less than a second"
    (began, first), (ended, last) = inner[0], inner[-1]
    return (last - first) / (ended - began)
