"""The plugins of the runtime's tests (plugins/*.c) and what they leave behind: the counter numbers its records,
the ledger adds them up and keeps the sum with its offsets, so whatever is lost or doubled shows.
"""

import json
import pathlib
import subprocess

import pytest

import wait
from parts import ROOT

AVRO_STRING_PREFIX = 6  # 0, the schema's id, the length
COUNTER, LEDGER = "test.CounterSource", "test.LedgerSink"
LEDGER_PARTITION = '{"ledger": 1}'


@pytest.fixture(scope="session")
def test_plugins(tmp_path_factory):
    """A third party's way: a compiler and the headers, nothing else."""
    folder = tmp_path_factory.mktemp("plugins")
    for source in sorted(pathlib.Path(__file__).with_name("plugins").glob("*.c")):
        subprocess.run(["cc", "-std=c17", "-O1", "-g", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread",
                        f"-I{ROOT}/include", source, "-o", folder / f"{source.stem}.so"], check=True)
    return folder


def numbers(kafka, topic):
    return [int(message.value()[AVRO_STRING_PREFIX:]) for message in kafka.raw(topic)]


def offsets(kafka, topic):
    """(connector, partition as text) -> offset, from the workers' offset topic."""
    newest = {message.key(): message.value() for message in kafka.raw(topic)}
    return {tuple(json.loads(key)[:1]) + (json.dumps(json.loads(key)[1]),): json.loads(value)
            for key, value in newest.items() if value}


class Chains:
    """Counters and ledgers in pairs, one topic each."""

    def __init__(self, kafka, name, count, per_second=100):
        self._kafka, self.name, self._per_second = kafka, name, per_second
        self.indices = range(count)
        self.counters = [f"{name}-count-{index}" for index in self.indices]
        self.ledgers = [f"{name}-ledger-{index}" for index in self.indices]

    @property
    def connectors(self):
        return self.counters + self.ledgers

    def topic(self, index):
        return f"{self.name}.numbers-{index}"

    def counter_config(self, index):
        return {"connector.class": COUNTER, "topic": self.topic(index), "numbers": str(10**9), "batch": "10",
                "pause.ms": str(10 * 1000 // self._per_second)}

    def ledger_config(self, index):
        return {"connector.class": LEDGER, "topic": self.topic(index), "commit.every": "100"}

    def create(self, ask):
        """ask(): the REST client for the next request, so that all workers get some."""
        for index in self.indices:
            ask().expect(201, "POST", "/connectors",
                         {"name": self.counters[index], "config": self.counter_config(index)})
            ask().expect(201, "POST", "/connectors",
                         {"name": self.ledgers[index], "config": self.ledger_config(index)})

    def ledger_counts(self, offset_topic):
        found = offsets(self._kafka, offset_topic)
        return {name: found.get((name, LEDGER_PARTITION), {}).get("count", 0) for name in self.ledgers}

    def written(self):
        return {index: sorted(numbers(self._kafka, self.topic(index))) for index in self.indices}

    def finish(self, ask, offset_topic, deadline_s=60):
        """The counters pause, the ledgers catch up; then every number is once on its topic and once in its
        ledger. Returns how many these are."""
        for counter in self.counters:
            ask().expect(202, "PUT", f"/connectors/{counter}/pause")
        for counter in self.counters:
            ask().wait_state(counter, "PAUSED", deadline_s=deadline_s)
        written = self.written()
        for found in written.values():
            assert found == list(range(len(found)))
        wanted = {self.ledgers[index]: {"count": len(found), "sum": sum(found)} for index, found in written.items()}

        def complete():
            found = offsets(self._kafka, offset_topic)
            wrong = {name: (found.get((name, LEDGER_PARTITION)), sums) for name, sums in wanted.items()
                     if found.get((name, LEDGER_PARTITION)) != sums}
            assert not wrong, f"ledgers (has, wanted): {wrong}"
            return True
        wait.until(complete, deadline_s, "all numbers in the ledgers", every_s=0.5)
        return sum(len(found) for found in written.values())
