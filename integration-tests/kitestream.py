"""The program under test, as a process of its own with generated configuration.

In: a folder for its files, the real parts, a name that nobody else uses. Out: worker.yaml, pipeline.yaml
and log in that folder; the process, which can be killed, stopped and started again with the same state
(that state is in Kafka only, below names made from `name`).
"""

import json
import os
import re
import signal
import socket
import subprocess

import wait

SOURCE_CLASS = "io.kitestream.milvus.MilvusSourceConnector"
SINK_CLASS = "io.kitestream.milvus.MilvusSinkConnector"
STOP_S = 10  # what SIGTERM may take


def program(root):
    return os.environ.get("KITESTREAM_BIN", str(root / "build/dev/runtime/kitestream"))


def plugin_path(root):
    return os.environ.get("KITESTREAM_PLUGIN_PATH", str(root / "build/dev/plugins"))


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Kitestream:
    def __init__(self, root, folder, parts, name):
        self.folder, self.name, self._parts = folder, name, parts
        self._program, self._process, self._restarts = program(root), None, 0
        self.worker = parts.kafka_client | {
            "group.id": name,
            "config.storage.topic": f"{name}-configs",
            "offset.storage.topic": f"{name}-offsets",
            "status.storage.topic": f"{name}-status",
            "schema.storage.topic": f"{name}-schemas",
            "config.storage.replication.factor": 1,
            "offset.storage.replication.factor": 1,
            "status.storage.replication.factor": 1,
            "offset.storage.partitions": 1,
            "status.storage.partitions": 1,
            "plugin.path": plugin_path(root),
            # The same after a restart: the worker is known by it.
            "listeners": f"http://127.0.0.1:{free_port()}",
        }
        self.connectors = []

    @property
    def rest(self):
        """Where its REST interface is: the first listener."""
        return self.worker["listeners"].split(",")[0]

    # Configuration

    def connector(self, name, connector_class, config):
        """Adds a connector to the pipeline file, or replaces it."""
        self.connectors = [one for one in self.connectors if one["name"] != name]
        self.connectors.append({"name": name, "class": connector_class, "tasksMax": 1, "config": config})

    def source(self, name="source", **options):
        """Options as keyword arguments, with `_` for `.` (as a map: either); what every test needs is filled in."""
        env = self._parts.env
        config = {
            "topic.prefix": self.name,
            "milvus.etcd.endpoints": env["ETCD_ENDPOINT"],
            "milvus.etcd.root.path": env["SOURCE_ROOT_PATH"],
            "milvus.kafka.bootstrap.servers": env["KAFKA_BOOTSTRAP"],
        }
        self.connector(f"{self.name}-{name}", SOURCE_CLASS, config | _dotted(options))

    def sink(self, name="sink", **options):
        config = {"topic.prefix": self.name, "milvus.uri": f"http://{self._parts.env['TARGET_URI']}"}
        self.connector(f"{self.name}-{name}", SINK_CLASS, config | _dotted(options))

    # The process

    @property
    def log_path(self):
        return self.folder / f"kitestream-{self._restarts}.log"

    @property
    def log(self):
        """What the process that was started last has said so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def start(self):
        """YAML is written as JSON, which it contains."""
        assert not self.running, "started twice"
        self._restarts += 1
        worker, pipeline = self.folder / "worker.yaml", self.folder / "pipeline.yaml"
        worker.write_text(json.dumps(self.worker, indent=1), encoding="utf-8")
        pipeline.write_text(json.dumps({"connectors": self.connectors}, indent=1), encoding="utf-8")
        with open(self.log_path, "wb") as log:
            files = [str(pipeline)] if self.connectors else []
            self._process = subprocess.Popen([self._program, "run", "-c", str(worker), *files],
                                             stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        return self

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        self._process.kill()
        self._process.wait(10)

    def stop(self):
        """SIGTERM; the promise is exit 0 within ten seconds."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {STOP_S} s of SIGTERM:\n{self.tail()}") from None
        assert code == 0, f"ended with {code}:\n{self.tail()}"

    def end(self):
        """Whatever a test left behind."""
        if self.running:
            self.kill()

    def tail(self, lines=30):
        return "\n".join(self.log.splitlines()[-lines:])

    def wait_log(self, pattern, deadline_s=30):
        """The first match in the log, as soon as there is one; fails early if the process has ended."""
        return self.wait_for(lambda: re.search(pattern, self.log), deadline_s, f"/{pattern}/ in the log")

    def wait_for(self, condition, deadline_s=60, what="condition"):
        """Like wait.until, but a process that has ended can't fulfil anything any more."""
        def still_possible():
            seen = condition()
            if not seen and not self.running:
                raise RuntimeError(f"kitestream ended with {self._process.returncode} before {what}:\n{self.tail()}")
            return seen
        try:
            return wait.until(still_possible, deadline_s, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    # One-shot commands

    def command(self, *words, env=None):
        return subprocess.run([self._program, *map(str, words)], capture_output=True, text=True, timeout=60,
                              check=False, env=os.environ | (env or {}))

    # What it says about itself in Kafka

    def statuses(self, kafka):
        """Connect's status records: `connector-<name>` and `task-<name>-<n>` -> the newest value."""
        newest = {}
        for message in kafka.raw(self.worker["status.storage.topic"]):
            key = message.key().decode().removeprefix("status-")
            newest[key] = json.loads(message.value()) if message.value() else None
        return {key: value for key, value in newest.items() if value and not key.startswith("topic-")}

    def task_status(self, kafka, connector, task=0):
        return self.statuses(kafka).get(f"task-{self.name}-{connector}-{task}", {})


def _dotted(options):
    return {name.replace("_", "."): value for name, value in options.items()}
