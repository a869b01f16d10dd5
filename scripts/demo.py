"""The demo itself; scripts/demo has built the program and started the parts, whose addresses are in the environment.

In: the build folder, a throw-away folder. Out: a pipeline that runs, a series of changes in the source, the
same on Kafka as JSON, the same in the target. Exit 0 if source and target are equal at the end.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "integration-tests"))

import wait  # noqa: E402
from milvus_server import Milvus, differences, shape  # noqa: E402
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema  # noqa: E402

COLLECTION = "books"
PREFIX = "demo"
WORKER = """\
bootstrap.servers: {KAFKA_BOOTSTRAP}
group.id: demo
config.storage.topic: demo-configs
offset.storage.topic: demo-offsets
status.storage.topic: demo-status
config.storage.replication.factor: 1
offset.storage.replication.factor: 1
status.storage.replication.factor: 1
plugin.path: {plugins}
listeners: http://127.0.0.1:0
"""
PIPELINE = """\
pipelines:
  - name: demo
    source:
      milvus.etcd.endpoints: {ETCD_ENDPOINT}
      milvus.etcd.root.path: {SOURCE_ROOT_PATH}
      milvus.kafka.bootstrap.servers: {KAFKA_BOOTSTRAP}
    sink:
      milvus.uri: http://{TARGET_URI}
"""


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


class Demo:
    def __init__(self, build, folder):
        self.build, self.folder = build.resolve(), folder
        self.program = self.build / "runtime" / "kitestream"
        self.source = Milvus("source", os.environ["SOURCE_URI"])
        self.target = Milvus("target", os.environ["TARGET_URI"])
        self.log = folder / "kitestream.log"
        self.process = None

    def start(self):
        values = os.environ | {"plugins": self.build / "plugins"}
        worker, pipeline = self.folder / "worker.yaml", self.folder / "pipeline.yaml"
        worker.write_text(WORKER.format_map(values), encoding="utf-8")
        pipeline.write_text(PIPELINE.format_map(values), encoding="utf-8")
        say(f"$ kitestream run -c worker.yaml pipeline.yaml      (log: {self.log})")
        print(pipeline.read_text(encoding="utf-8"), end="")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([self.program, "run", "-c", worker, pipeline], stdout=log,
                                            stderr=subprocess.STDOUT)
        self.until(lambda: "[demo-source|task-0] RUNNING" in self.log.read_text(errors="replace"),
                   "kitestream: reads the source")

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def until(self, condition, what):
        def seen():
            if self.process.poll() is not None:
                raise SystemExit(f"kitestream ended with {self.process.returncode}, see below\n{self._log_end()}")
            return condition()
        try:
            wait.until(seen, 90, what)
        except AssertionError as error:
            raise SystemExit(f"{error}\n{self._log_end()}") from error
        print(f"  {what}", flush=True)

    def _log_end(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def change(self):
        """Each step waits until the target shows it, so that the reader sees them in pairs."""
        say("a collection, a partition, an index, loaded")
        fields = [FieldSchema("id", DataType.INT64, is_primary=True),
                  FieldSchema("title", DataType.VARCHAR, max_length=100),
                  FieldSchema("vector", DataType.FLOAT_VECTOR, dim=4)]
        books = Collection(COLLECTION, CollectionSchema(fields, "what we read"), using=self.source.using(),
                           consistency_level="Strong")
        books.create_partition("fiction")
        books.create_index("vector", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
        books.load()
        self.until(lambda: self.target.has(COLLECTION) and
                             self.target.load_state(COLLECTION) == "Loaded", "target: the collection is there, loaded")

        say("five rows inserted, one of them into the partition")
        books.insert([_row(1, "Moby-Dick"), _row(2, "Emma"), _row(3, "Walden"), _row(4, "Middlemarch")])
        books.insert([_row(5, "Frankenstein")], partition_name="fiction")
        self.until(lambda: self.target.count(COLLECTION) == 5, "target: five rows")

        say("one upserted, one deleted")
        books.upsert([_row(2, "Emma, 2nd edition")])
        books.delete("id in [3]")
        self.until(lambda: self.target.count(COLLECTION) == 4 and
                             not differences(self.source, self.target, COLLECTION), "target: the same four rows")

    def show(self, topic):
        say(f"$ kitestream tail -c worker.yaml --once {topic}")
        subprocess.run([self.program, "tail", "-c", self.folder / "worker.yaml", "--once", topic], check=True)

    def compare(self):
        say("source and target compared")
        found = differences(self.source, self.target, COLLECTION)
        here, there = shape(self.source, COLLECTION), shape(self.target, COLLECTION)
        found += [f"{key}: source {here[key]}, target {there[key]}" for key in here if here[key] != there[key]]
        keys = self.target.keys(COLLECTION)
        for key, row in sorted(self.target.rows(COLLECTION, keys).items()):
            print(f"  target: {key} {row['title']} {row['vector']}")
        print("  partitions {partitions}, indexes {indexes}, {load}".format_map(there))
        print("\n".join(found) if found else "  equal: rows, schema, partitions, index, load state", flush=True)
        return not found

    def stay(self):
        say("Everything stays up until Ctrl-C. To play with it:")
        print(f"  source Milvus {os.environ['SOURCE_URI']}, target {os.environ['TARGET_URI']}, "
              f"Kafka {os.environ['KAFKA_BOOTSTRAP']}\n"
              f"  {self.program} tail -c {self.folder}/worker.yaml {PREFIX}.default.{COLLECTION}", flush=True)
        self.process.wait()


def _row(key, title):
    return {"id": key, "title": title, "vector": [key / 4, 0.5, -key / 2, 1.0]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--once", action="store_true")
    args = parser.parse_args()
    demo = Demo(args.build, args.folder)
    try:
        demo.start()
        demo.change()
        demo.show(f"{PREFIX}.ddl")
        demo.show(f"{PREFIX}.default.{COLLECTION}")
        equal = demo.compare()
        if not args.once:
            demo.stay()
        return 0 if equal else 1
    except KeyboardInterrupt:
        return 130
    finally:
        demo.stop()


if __name__ == "__main__":
    sys.exit(main())
