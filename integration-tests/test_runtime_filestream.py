"""The worker itself on a real Kafka, with the sample plugin: pipelines, states, restarts, several
workers. Lines of a file go to a topic in transactions and from there to another file.
"""

import json
import os
import pathlib
import signal
import subprocess

import pytest
from confluent_kafka import Producer

from kitestream import Kitestream, free_port, program
from parts import ROOT

AVRO_PREFIX_BYTES = 5
SOURCE, SINK = "FileStreamSource", "FileStreamSink"


@pytest.fixture(scope="session")
def sample_plugins(tmp_path_factory):
    """What the sample's CMakeLists.txt does, without an installation."""
    folder = tmp_path_factory.mktemp("sample")
    sdk = pathlib.Path(program(ROOT)).parents[1] / "sdk"
    sources = sorted((ROOT / "samples/filestream").glob("*.c"))
    subprocess.run(["cc", "-std=c17", "-O1", "-g", "-shared", "-fPIC", "-fvisibility=hidden",
                    "-D_POSIX_C_SOURCE=200809L", '-DFILESTREAM_VERSION="0.1.0"', f"-I{ROOT}/include", *sources,
                    f"-L{sdk}", "-lkitestream-sdk", "-ljansson", "-Wl,--exclude-libs,ALL",
                    "-o", folder / "filestream.so"], check=True)
    return folder


@pytest.fixture
def runtime(kitestream, sample_plugins):
    kitestream.worker["plugin.path"] = str(sample_plugins)
    return kitestream


@pytest.fixture
def second(runtime, parts, sample_plugins):
    """Another worker of the same group."""
    folder = runtime.folder / "second"
    folder.mkdir()
    made = Kitestream(ROOT, folder, parts, runtime.name)
    made.worker = runtime.worker | {"listeners": f"http://127.0.0.1:{free_port()}"}
    yield made
    made.end()


class Lines:
    """The file that the source follows, the topic, the file that the sink writes."""

    def __init__(self, runtime, kafka):
        self.runtime, self._kafka = runtime, kafka
        self.path, self.out_path = runtime.folder / "in.txt", runtime.folder / "out.txt"
        self.topic, self.written = f"{runtime.name}.lines", []
        self.path.touch()

    def source(self, name="in", **config):
        self.runtime.connector(f"{self.runtime.name}-{name}", SOURCE,
                               {"file": str(self.path), "topic": self.topic, "batch.size": 100} | config)

    def sink(self, name="out"):
        self.runtime.connector(f"{self.runtime.name}-{name}", SINK,
                               {"file": str(self.out_path), "topics": self.topic})

    def write(self, count):
        new = [f"line {len(self.written) + at}" for at in range(count)]
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in new))
        self.written += new

    def published(self):
        """Values are Avro strings: 0, the schema's id, a zigzag length of one or two bytes, the text."""
        values = [message.value()[AVRO_PREFIX_BYTES:] for message in self._kafka.raw(self.topic)]
        return [value[1 if value[0] < 128 else 2:].decode() for value in values]

    def wait_published(self):
        return self.runtime.wait_for(lambda: len(self.published()) >= len(self.written), 60,
                                     f"{len(self.written)} lines in {self.topic}")

    def sunk(self):
        return self.out_path.read_text(encoding="utf-8").splitlines() if self.out_path.exists() else []


@pytest.fixture
def lines(runtime, kafka):
    return Lines(runtime, kafka)


def _write_config(runtime, parts, key, value):
    """As another worker, or a tool for Kafka Connect, would."""
    producer = Producer(parts.kafka_client)
    producer.produce(runtime.worker["config.storage.topic"], key=f"{key}-{runtime.name}-in",
                     value=None if value is None else json.dumps(value))
    assert producer.flush(30) == 0


def _newest(runtime, kafka, key):
    values = [message.value() for message in kafka.raw(runtime.worker["config.storage.topic"])
              if message.key().decode() == key]
    return json.loads(values[-1]) if values and values[-1] else None


def _wait_state(runtime, kafka, state, connector="in", deadline_s=60):
    def is_there():
        found = runtime.task_status(kafka, connector)
        return found if found.get("state") == state else None
    return runtime.wait_for(is_there, deadline_s, f"{connector} {state}")


def test_lines_go_through_kills_once_and_in_order(runtime, lines, kills):
    lines.source()
    runtime.start()
    for _ in range(min(kills, 5)):
        lines.write(1000)
        published = len(lines.published())
        runtime.wait_for(lambda: len(lines.published()) > published, 60, "more lines")
        runtime.kill()
        lines.write(10)
        runtime.start()
    lines.wait_published()
    runtime.stop()
    assert lines.published() == lines.written


def test_sink_writes_what_the_source_read(runtime, lines):
    lines.source()
    lines.sink()
    runtime.start()
    lines.write(5000)
    runtime.wait_for(lambda: len(lines.sunk()) >= 2500, 60, "half of the lines in the sink's file")
    runtime.kill()
    runtime.start()
    lines.write(10)
    runtime.wait_for(lambda: len(lines.sunk()) and lines.sunk()[-1] == lines.written[-1], 60, "the last line")
    runtime.stop()
    # A file has no transactions: what was written after the last commit is written again.
    assert list(dict.fromkeys(lines.sunk())) == lines.written
    assert lines.published() == lines.written


def test_states_follow_connects_records(runtime, lines, kafka, parts):
    """PAUSED, STOPPED, STARTED and a deletion, written by somebody else."""
    name = f"{runtime.name}-in"
    lines.source()
    runtime.start()
    lines.write(10)
    lines.wait_published()
    _wait_state(runtime, kafka, "RUNNING")
    _write_config(runtime, parts, "target-state", {"state": "PAUSED"})
    _wait_state(runtime, kafka, "PAUSED")
    assert runtime.statuses(kafka)[f"connector-{name}"]["state"] == "PAUSED"
    lines.write(10)
    _write_config(runtime, parts, "target-state", {"state": "STARTED"})
    _wait_state(runtime, kafka, "RUNNING")
    lines.wait_published()
    _write_config(runtime, parts, "target-state", {"state": "STOPPED"})
    runtime.wait_for(lambda: set(runtime.statuses(kafka)) == {f"connector-{name}"}, 60, "no task")
    assert runtime.statuses(kafka)[f"connector-{name}"]["state"] == "STOPPED"
    _write_config(runtime, parts, "target-state", {"state": "STARTED"})
    status = _wait_state(runtime, kafka, "RUNNING")
    assert status["worker_id"] and status["generation"] >= 1 and status["version"] == "0.1.0"
    _write_config(runtime, parts, "connector", None)
    runtime.wait_for(lambda: not runtime.statuses(kafka), 60, "no status")
    runtime.stop()
    assert lines.published() == lines.written


def test_config_and_tasks_are_stored_as_connect_does(runtime, lines, kafka):
    name = f"{runtime.name}-in"
    os.environ["KITESTREAM_TEST_TOPIC"] = lines.topic
    lines.source(topic="${env:KITESTREAM_TEST_TOPIC}")
    runtime.start()
    lines.write(1)
    lines.wait_published()
    runtime.stop()
    stored = _newest(runtime, kafka, f"connector-{name}")["properties"]
    assert stored["connector.class"] == SOURCE and stored["topic"] == "${env:KITESTREAM_TEST_TOPIC}"
    assert _newest(runtime, kafka, f"task-{name}-0")["properties"]["file"] == str(lines.path)
    assert _newest(runtime, kafka, f"commit-{name}")["tasks"] == 1
    assert all(lines.topic.encode() not in message.value()
               for message in kafka.raw(runtime.worker["config.storage.topic"]) if message.value())


def test_pipeline_file_is_applied_again_only_when_it_changes(runtime, lines, kafka, parts):
    lines.source()
    runtime.start()
    _wait_state(runtime, kafka, "RUNNING")
    _write_config(runtime, parts, "target-state", {"state": "PAUSED"})
    _wait_state(runtime, kafka, "PAUSED")
    runtime.stop()
    runtime.start()
    runtime.wait_log("unchanged since it was last applied")
    _wait_state(runtime, kafka, "PAUSED")
    runtime.stop()
    lines.source(**{"batch.size": 50})
    runtime.start()
    _wait_state(runtime, kafka, "RUNNING")
    runtime.stop()


def test_failed_task_shows_its_trace_and_leaves_the_others(runtime, lines, kafka, parts):
    lines.source(topic="${env:KITESTREAM_TEST_NOT_SET}")
    lines.source("other")
    runtime.start()
    failed = _wait_state(runtime, kafka, "FAILED")
    assert "KITESTREAM_TEST_NOT_SET" in failed["trace"] and '"topic"' in failed["trace"]
    lines.write(10)
    lines.wait_published()
    _wait_state(runtime, kafka, "RUNNING", "other")
    _write_config(runtime, parts, "restart-connector", {"include-tasks": True, "only-failed": True})
    runtime.wait_log(r"restart requested")
    runtime.wait_for(lambda: runtime.log.count("FAILED: ") == 2, 30, "a second try")
    runtime.stop()


def test_second_worker_takes_over_from_a_killed_one(runtime, second, lines, kafka):
    lines.source()
    runtime.start()
    lines.write(1000)
    lines.wait_published()
    second.connectors = runtime.connectors
    second.start()
    second.wait_log(r"holding 16")
    runtime.kill()
    lines.write(1000)
    second.wait_log(r"holding 32", 30)
    second.wait_for(lambda: len(lines.published()) >= len(lines.written), 60, "the lines of the second worker")
    second.stop()
    assert lines.published() == lines.written


def test_two_workers_of_one_id(runtime, second, lines):
    """The later one has the group. The earlier one says so, waits until it is gone, and goes on."""
    lines.source()
    runtime.start()
    lines.write(1000)
    lines.wait_published()
    second.connectors = runtime.connectors
    second.worker["rest.advertised.port"] = runtime.rest.rsplit(":", 1)[1]
    second.start()
    second.wait_log(r"holding 32", 60)
    runtime.wait_log(r"giving up 32 slots", 60)
    runtime.wait_log(r"another worker of group .* has the id", 60)
    lines.write(1000)
    lines.wait_published()
    second.kill()
    lines.write(1000)
    runtime.wait_log(r"(?s)joining group .* again.*holding 32", 60)
    lines.wait_published()
    runtime.stop()
    assert lines.published() == lines.written


def test_frozen_worker_is_replaced_and_does_not_interfere(runtime, second, lines, kafka):
    """Longer than its session: it still believes in its slots when it wakes up."""
    lines.source()
    runtime.start()
    lines.write(1000)
    lines.wait_published()
    second.connectors = runtime.connectors
    second.start()
    second.wait_log(r"holding 16")
    lines.write(1000)
    lines.wait_published()
    status = _wait_state(runtime, kafka, "RUNNING")
    frozen, other = (second, runtime) if status["worker_id"] in second.rest else (runtime, second)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        lines.write(1000)
        other.wait_for(lambda: len(lines.published()) >= len(lines.written), 60, "lines of the other worker")
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    lines.write(1000)
    frozen.wait_log(r"the membership in group .* has ended", 30)
    frozen.wait_log(r"(?s)has ended.*holding 16", 60)
    lines.write(1000)
    lines.wait_published()
    frozen.stop()
    other.stop()
    assert lines.published() == lines.written


def test_brokers_away_at_start(runtime, lines, kafka, parts):
    """It says which, keeps trying, and can be stopped."""
    lines.source()
    runtime.worker["bootstrap.servers"] = "127.0.0.1:1"
    runtime.start()
    runtime.wait_log(r"127\.0\.0\.1:1 .*again in", 30)
    runtime.stop()


def test_topic_that_is_not_compacted_is_refused(runtime, lines, kafka):
    from confluent_kafka.admin import NewTopic

    topic = runtime.worker["config.storage.topic"]
    kafka.admin.create_topics([NewTopic(topic, 1, 1, config={"cleanup.policy": "delete"})])[topic].result(30)
    lines.source()
    runtime.start()
    runtime.wait_log(rf"{topic} .*cleanup\.policy=delete")
