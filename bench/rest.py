"""The REST interface of a Kitestream worker beside that of a worker of Kafka Connect, in one run; bench/rest has built
the program and started Kafka.

In: a folder for files, the folder of the parts, the build, options. Out: a table on standard output, with --json also
every single number. Both workers stand beside each other on one broker and are measured in turn; what both do at full
speed, each does alone.
"""

import argparse
import json
import os
import pathlib
import secrets
import subprocess
import sys
import time

import rest_report
from rest_workers import ROOT, ConnectWorker, KitestreamWorker
from usage import load, median

from parts import Parts
from stream import Kafka

EXPANDED = "/connectors?expand=status&expand=info"
MIXED = ("/", "/connectors", EXPANDED, "/connector-plugins", "/connectors/in", "/connectors/in/config",
         "/connectors/in/status", "/connectors/in/tasks", "/connectors/in/topics", "/connectors/out/tasks/0/status")
LINE_BYTES = 100
SETTLE_S = 5


def arguments():
    parser = argparse.ArgumentParser(prog="bench/rest", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("parts", help=argparse.SUPPRESS)
    parser.add_argument("build", type=pathlib.Path, help=argparse.SUPPRESS)
    for option, default, what in (("starts", 5, "how often each worker is started"),
                                  ("connectors", 200, "paused sources"),
                                  ("rounds", 3, "how often the requests of each kind are measured"),
                                  ("seconds", 10, "of each measurement"),
                                  ("warm-seconds", 15, "of requests before those that count"),
                                  ("pipeline-seconds", 20, "of requests while a pipeline runs at full speed"),
                                  ("rate", 100, "requests a second meanwhile"),
                                  ("file-mib", 4000, "lines that the pipeline has to do")):
        parser.add_argument(f"--{option}", type=int, default=default, help=f"{what} (default {default})")
    parser.add_argument("--json", type=pathlib.Path, help="a file for every single number")
    return parser.parse_args()


class Bench:
    def __init__(self, args):
        self.args, self.name = args, f"bench_{secrets.token_hex(3)}"
        parts = Parts(args.parts, owned=False)
        self._kafka = Kafka(parts.kafka_client)
        self.workers = [KitestreamWorker(args.folder / "kitestream", parts, args.build, f"{self.name}_kitestream"),
                        ConnectWorker(args.folder / "connect", parts, f"{self.name}_connect")]

    def close(self):
        for one in self.workers:
            one.stop()
        self._kafka.delete(self.name)

    def each(self, what, measure):
        """The same of both, one after the other."""
        results = {one.label: measure(one) for one in self.workers}
        print(f"bench: {what}: {results}", flush=True)
        return results

    def measure(self):
        keys = ("starts", "connectors", "rounds", "seconds", "rate")
        results = {"options": {key: getattr(self.args, key) for key in keys} | {"cores": os.cpu_count()},
                   "began": {"load": load()}}
        self.each("first start", self._start_and_stop)
        rounds = [self.each("start", self._start_and_stop) for _ in range(self.args.starts)]
        results["start"] = {who: {key: median([one[who][key] for one in rounds]) for key in rounds[0][who]}
                            for who in rounds[0]}
        self.each("started", lambda one: one.start("/", "/connectors"))
        time.sleep(SETTLE_S)
        results["empty"] = self.each("no connectors", self._idle)
        results["created"] = self.each("created", self._create)
        results["paused"] = self.each("paused", self._pause)
        results |= self._requests()
        self.each("deleted", self._delete)
        for support in rest_report.PIPELINES:
            results[support] = self.each(f"pipeline, exactly once {support}",
                                         lambda one, support=support: self._pipeline(one, support))
        return results

    def _start_and_stop(self, worker):
        root, ready = worker.start("/", "/connectors")
        worker.stop()
        return {"root_s": root, "ready_s": ready, "load": load()}

    def _idle(self, worker):
        before, began = worker.cpu_s(), time.monotonic()
        time.sleep(self.args.seconds)
        return worker.use() | {"cpu_percent": 100 * (worker.cpu_s() - before) / (time.monotonic() - began)}

    # Many connectors

    def _create(self, worker):
        began = time.monotonic()
        for number in range(self.args.connectors):
            (worker.folder / f"{number}.txt").touch()
            worker.create(f"{self.name}-{number}", {
                "connector.class": "FileStreamSource", "tasks.max": "1", "topic": f"{worker.name}-{number}",
                "file": str(worker.folder / f"{number}.txt")})
        created = time.monotonic() - began
        worker.wait_states("RUNNING", self.args.connectors)
        return {"created_s": created, "running_s": time.monotonic() - began, "load": load()}

    def _pause(self, worker):
        for number in range(self.args.connectors):
            worker.must("PUT", f"/connectors/{self.name}-{number}/pause")
        worker.wait_states("PAUSED", self.args.connectors)
        time.sleep(SETTLE_S)
        return self._idle(worker)

    def _delete(self, worker):
        began = time.monotonic()
        for number in range(self.args.connectors):
            worker.must("DELETE", f"/connectors/{self.name}-{number}")
        took = time.monotonic() - began
        worker.stop()
        return {"deleted_s": took, "load": load()}

    def _requests(self):
        self.each("warmed up", lambda one: self._load(one, 8, self.args.warm_seconds, 0, EXPANDED))
        rounds = [{count: self.each(f"{count} connections", lambda one, count=count: self._load(
            one, count, self.args.seconds, 0, EXPANDED)) for count in (1, 8)} for _ in range(self.args.rounds)]
        return {f"requests_{count}": [one[count] for one in rounds] for count in (1, 8)}

    def _load(self, worker, connections, seconds, rate, *paths):
        done = subprocess.run([sys.executable, "-B", ROOT / "bench" / "rest_load.py", worker.address,
                               *map(str, (connections, seconds, rate)), *paths],
                              check=True, capture_output=True, text=True)
        return json.loads(done.stdout) | {"load": load()}

    # A pipeline at full speed

    def _pipeline(self, worker, exactly_once):
        """First without a line to copy, then with more than it can copy meanwhile."""
        worker.options["exactly.once.source.support"] = exactly_once
        worker.start("/connectors")
        file, copy = worker.folder / f"{exactly_once}.txt", worker.folder / f"{exactly_once}.copy"
        topic = f"{worker.name}-{exactly_once}"
        worker.create("in", {"connector.class": "FileStreamSource", "tasks.max": "1", "file": str(file),
                             "topic": topic})
        worker.create("out", {"connector.class": "FileStreamSink", "tasks.max": "1", "file": str(copy),
                              "topics": topic})
        worker.wait_states("RUNNING", 2)
        self._load(worker, 1, self.args.warm_seconds, self.args.rate, *MIXED)
        result = {"quiet": self._load(worker, 1, self.args.pipeline_seconds, self.args.rate, *MIXED)}
        os.link(self._lines(), file)
        worker.wait_for_bytes(copy)
        time.sleep(SETTLE_S)
        result |= self._busy(worker, copy)
        assert copy.stat().st_size < file.stat().st_size, "all lines were copied too early: raise --file-mib"
        for name in ("in", "out"):
            worker.must("DELETE", f"/connectors/{name}")
        worker.stop()
        copy.unlink()
        return result

    def _busy(self, worker, copy):
        began, before, used = time.monotonic(), copy.stat().st_size, worker.cpu_s()
        times = self._load(worker, 1, self.args.pipeline_seconds, self.args.rate, *MIXED)
        took, written = time.monotonic() - began, copy.stat().st_size - before
        return {"busy": times, "lines_s": written / LINE_BYTES / took,
                "cpu_percent": 100 * (worker.cpu_s() - used) / took} | worker.use()

    def _lines(self):
        """Made once, read by both."""
        path = self.args.folder / "lines.txt"
        if not path.exists():
            block = "".join(f"{number:0{LINE_BYTES - 1}d}\n" for number in range(1 << 13)).encode()
            with open(path, "wb") as out:
                for _ in range(self.args.file_mib * 1024 * 1024 // len(block)):
                    out.write(block)
                os.fsync(out.fileno())
        return path


def main():
    args = arguments()
    bench = Bench(args)
    try:
        results = bench.measure()
    finally:
        bench.close()
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"\n{rest_report.markdown(results)}")


if __name__ == "__main__":
    main()
