"""How long a change is on its way at a steady rate.

A client inserts at a constant rate; source and sink run in one process. For each row, by one clock of one host:
  tick     the row's own timestamp, given by the source when it took the row
  closed   the tick that closes it stood in the source's queue, on every pchannel: before that nobody may release it
  kafka    a read_committed consumer received it
  target   the target answered the call that wrote it (seen by a relay between sink and target)
Beside that, every second or two for a single row: how long until queries find it in the source and in the target.
"""

import contextlib
import io
import json
import pickle
import signal
import subprocess
import sys
import threading
import time

import fastavro
from closing_ticks import ClosingTicks
from rig import ROOT, Rig
from samples import index_and_load
from usage import cpu_s, load, rss_mib, spread

FIRST_PROBE = 1 << 40  # keys of the rows that are looked for by queries
CALLS_S = 25
SETTLE_S = 5
PROBE_EVERY_S = 1
QUERY_EVERY_S = 0.03
VISIBLE_S = 60


class Delay:
    def __init__(self, rig: Rig, rate, seconds):
        self.rig, self.rate, self.seconds = rig, rate, seconds
        self.process = rig.kitestream("delay")
        self.name = f"{rig.name}_delay"
        self.topic = f"{self.process.name}.default.{self.name}"

    def measure(self):
        with contextlib.ExitStack() as self._helpers:
            relay = self._helper("relay.py", self.rig.target.address, self.process.folder / "acknowledged")
            self._start(relay.stdout.readline().strip())
            reader = self._helper("topic_reader.py", self.rig.parts.env["KAFKA_BOOTSTRAP"], self.topic,
                                  self.process.folder / "received")
            reader.stdout.readline()
            began = time.time()
            result = self._insert_and_probe()
            result |= {"cpu_s": cpu_s(self.process.pid), "rss_peak_mib": rss_mib(self.process.pid, peak=True)}
            self.process.stop()
            for helper in (reader, relay):
                helper.send_signal(signal.SIGTERM)
                helper.wait(60)
        return result | self._delays(began)

    def _helper(self, script, *words):
        """A process that does not outlive the measurement."""
        started = subprocess.Popen([sys.executable, "-B", ROOT / "bench" / script, *map(str, words)],
                                   stdout=subprocess.PIPE, text=True)
        self._helpers.callback(started.kill)
        return started

    def _start(self, relay_port):
        self.process.source(collection_include_list=rf"default\.{self.name}")
        self.process.sink(milvus_uri=f"http://127.0.0.1:{relay_port}")
        index_and_load(self.rig.collection(self.rig.source, "delay"))
        self.process.start()
        self.process.wait_for(lambda: self.rig.target.has(self.name) and
                              self.rig.target.load_state(self.name) == "Loaded", 90, "the collection in the target")

    def _insert_and_probe(self):
        client = self._helper("steady_client.py", self.process.folder / "calls", self.rig.source.address,
                              self.name, 0, self.rate, self.seconds, self.rate // CALLS_S, self.rig.dim)
        probes = Probes(self.rig, self.name)
        time.sleep(SETTLE_S)  # the first calls open connections and fill caches
        while client.poll() is None:
            probes.one()
            time.sleep(PROBE_EVERY_S)
        now_load = load()
        assert client.returncode == 0, "the client that inserts has failed"
        self._wait_written()
        return {"load": now_load} | probes.result()

    def _wait_written(self):
        want = self.rig.source.count(self.name)
        self.process.wait_for(lambda: self.rig.target.count(self.name) == want, VISIBLE_S, "all rows in the target")

    def _delays(self, began):
        calls = json.loads((self.process.folder / "calls").read_text(encoding="utf-8"))
        sent = {key: (at, returned) for first, count, at, returned in calls for key in range(first, first + count)}
        kafka, ticks = self._received()
        parts = self.rig.parts
        closing = ClosingTicks(self.rig.kafka, parts.kafka_client, parts.env["SOURCE_CHANNEL_PREFIX"], began - 1)
        target = self._acknowledged()
        keys = [key for key in sent if sent[key][0] > began + SETTLE_S]
        missing = [key for key in keys if key not in kafka or key not in target]
        assert not missing, f"{len(missing)} rows were never seen, such as {missing[:3]}"
        closed = {key: closing.closed_at(ticks[key]) for key in keys}

        def between(start, end):
            return spread([1000 * (end(key) - start(key)) for key in keys])
        return {
            "rows_s": len(keys) / (sent[keys[-1]][1] - sent[keys[0]][0]),
            "insert": between(lambda key: sent[key][0], lambda key: sent[key][1]),
            "tick_closed": between(lambda key: _seconds(ticks[key]), closed.get),
            "closed_kafka": between(closed.get, kafka.get),
            "kafka_target": between(kafka.get, target.get),
            "tick_kafka": between(lambda key: _seconds(ticks[key]), kafka.get),
            "sent_target": between(lambda key: sent[key][0], target.get),
        }

    def _received(self):
        stream, kafka, ticks = self.rig.stream(self.process), {}, {}
        for at, key_bytes, value_bytes in pickle.loads((self.process.folder / "received").read_bytes()):
            key = fastavro.schemaless_reader(io.BytesIO(key_bytes[5:]), stream.schema(key_bytes))["id"]
            value = fastavro.schemaless_reader(io.BytesIO(value_bytes[5:]), stream.schema(value_bytes))
            kafka[key], ticks[key] = at, value["source"]["tick"]
        return kafka, ticks

    def _acknowledged(self):
        found = {}
        for line in (self.process.folder / "acknowledged").read_text(encoding="utf-8").splitlines():
            at, keys = json.loads(line)
            found |= dict.fromkeys(keys, at)
        return found


class Probes:
    """Single rows, one after the other, looked for until they are found: in both servers by queries that wait for
    nothing, again and again, and in the source by one that waits until it must see the row."""

    def __init__(self, rig, name):
        self._rig, self._name, self._client = rig, name, rig.source.collection(name)
        self._found, self._count = {"strong_source": [], "visible_source": [], "visible_target": []}, 0

    def one(self):
        key = FIRST_PROBE + self._count
        self._count += 1
        began = time.time()
        self._client.insert([[key], ["probe"], [[0.5] * self._rig.dim]])
        threads = [threading.Thread(target=self._find, args=(server, key, began, level, into))
                   for server, level, into in ((self._rig.source, "Strong", "strong_source"),
                                               (self._rig.source, "Eventually", "visible_source"),
                                               (self._rig.target, "Eventually", "visible_target"))]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    def _find(self, server, key, began, level, into):
        found = server.collection(self._name)
        while time.time() < began + VISIBLE_S:
            if found.query(f"id == {key}", consistency_level=level):
                self._found[into].append(1000 * (time.time() - began))
                return
            time.sleep(QUERY_EVERY_S)

    def result(self):
        assert all(len(one) == self._count > 0 for one in self._found.values()), "a probe was never found"
        return {name: spread(times) for name, times in self._found.items()}


def _seconds(tick):
    return (tick >> 18) / 1000
