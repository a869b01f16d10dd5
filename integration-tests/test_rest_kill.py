"""kill -9 in the middle of a change of offsets by REST, of a source and of two kinds of sink: afterwards all offsets of a
connector are the old ones or all are the new ones, those of an answer that came are the new ones, and rows go on from
exactly there.
"""

import collections
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import Producer

import wait
from counting import AVRO_STRING_PREFIX, COUNTER, LEDGER, LEDGER_PARTITION, offsets
from cut_off import Written, after, cut_off
from rest_lines import SINK, started

COUNTERS = 4  # and as many partitions of the topic that both sinks read
GO_ON_EVERY = 4  # rounds


class Numbers:
    """The topic: partition -> [(offset, number)], as it was at the last look."""

    def __init__(self, kafka, topic):
        self._kafka, self.topic, self.found = kafka, topic, {}

    def look(self):
        found = collections.defaultdict(list)
        for message in self._kafka.raw(self.topic):
            found[message.partition()].append((message.offset(), int(message.value()[AVRO_STRING_PREFIX:])))
        self.found = found
        return found

    def last(self, partition):
        return self.found[partition][-1][0]

    def where(self, condition):
        """The numbers for whose partition and offset it holds."""
        return [value for partition, found in self.found.items() for offset, value in found
                if condition(partition, offset)]


class Subject:
    """A connector whose offsets are changed. `held`: those that it has, partition -> offset."""

    transactional_suffix = ""

    def __init__(self, rest, numbers, name):
        self.rest, self.numbers, self.name = rest, numbers, name
        self.path, self.held, self.began_at = f"/connectors/{name}", {}, {}

    def create(self):
        self.rest.expect(201, "POST", "/connectors", {"name": self.name, "config": self.config()})

    def told(self):
        found = self.rest.expect(200, "GET", f"{self.path}/offsets")["offsets"]
        return {json.dumps(one["partition"], sort_keys=True): one["offset"] for one in found}

    def stop(self):
        self.rest.expect(204, "PUT", f"{self.path}/stop")
        self.rest.wait_state(self.name, "STOPPED", [])
        self.held = self.told()

    def resume(self):
        self.began_at = self.held
        self.rest.expect(202, "PUT", f"{self.path}/resume")

    def change(self, chance):
        """What alters or resets, and what that makes of the offsets."""
        if self.held != self.after_reset() and chance.random() < 0.4:
            return lambda: self.rest.call("DELETE", f"{self.path}/offsets"), self.after_reset()
        new = self.other_offsets(chance)
        body = {"offsets": [{"partition": json.loads(partition), "offset": offset}
                            for partition, offset in new.items()]}
        return lambda: self.rest.call("PATCH", f"{self.path}/offsets", body), new

    def after_reset(self):
        return {}

    def judge(self, new, answer):
        """Returns which of the two it is."""
        found = self.told()
        assert found in (self.held, new), f"{self.name}: {found} is neither {self.held} nor {new}"
        assert answer is None or answer.status_code == 200, answer.text
        assert answer is None or found == new, f"{self.name}: {found} after the answer {answer.text}"
        which = "the same" if self.held == new else "new" if found == new else "old"
        self.held = found
        return which

    def end_what_hangs(self, group, options):
        """As the next start of the task does it, or the broker after transaction.timeout.ms and up to ten seconds."""
        own = f"{group}-{self.name}-0{self.transactional_suffix}"
        Producer(options | {"transactional.id": own, "log_level": 3}).init_transactions(30)

    def partition(self, number):
        return json.dumps({"kafka_partition": number, "kafka_topic": self.numbers.topic}, sort_keys=True)

    def read_up_to(self, number, offsets_told):
        return offsets_told.get(self.partition(number), {"kafka_offset": 0})["kafka_offset"]


class Counters(Subject):
    """The source: each counter goes on from its own offset."""

    _before = {}

    def config(self):
        return {"connector.class": COUNTER, "topic": self.numbers.topic, "numbers": str(10**9),
                "counters": str(COUNTERS), "batch": "5", "pause.ms": "10"}

    def resume(self):
        self._before = {partition: len(found) for partition, found in self.numbers.found.items()}
        super().resume()

    def other_offsets(self, chance):
        return {json.dumps({"counter": number + 1}): {"n": chance.randrange(10**6)} for number in range(COUNTERS)}

    def wait_gone_on(self):
        wait.until(lambda: len(found := self.numbers.look()) == COUNTERS and
                   all(len(found[one]) > self._before.get(one, 0) for one in found), 60, "more of all numbers")

    def check_gone_on(self):
        for number, found in self.numbers.found.items():
            partition = json.dumps({"counter": number + 1})
            new = [value for _, value in found[self._before.get(number, 0):]]
            first = self.began_at.get(partition, {"n": 0})["n"]
            assert new == list(range(first, first + len(new))), f"{partition} did not go on from {first}: {new[:20]}"
            assert self.held[partition] == {"n": first + len(new)}


class PlainSink(Subject):
    """Lines of a file: each record once, from the offsets that were told."""

    transactional_suffix = "-sink"

    def __init__(self, rest, numbers, name, path):
        super().__init__(rest, numbers, name)
        self._path, self._before = path, 0

    def config(self):
        return {"connector.class": SINK, "topics": self.numbers.topic, "file": str(self._path)}

    def resume(self):
        self._before = len(self._lines())
        super().resume()

    def _lines(self):
        return self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []

    def other_offsets(self, chance):
        return {self.partition(number): {"kafka_offset": chance.randrange(self.numbers.last(number))}
                for number in range(COUNTERS)}

    def _wanted(self):
        return [str(value) for value in self.numbers.where(
            lambda partition, offset: offset >= self.read_up_to(partition, self.began_at))]

    def wait_gone_on(self):
        wanted = len(self._wanted())
        wait.until(lambda: len(self._lines()) - self._before >= wanted, 60, f"{wanted} lines in {self._path}")

    def check_gone_on(self):
        assert collections.Counter(self._lines()[self._before:]) == collections.Counter(self._wanted())


class Ledger(Subject):
    """A sink whose state is one with its offsets; those of single partitions can't be altered."""

    transactional_suffix = "-sink"

    def __init__(self, rest, numbers, name, state):
        super().__init__(rest, numbers, name)
        self._state = state

    def config(self):
        return {"connector.class": LEDGER, "topic": self.numbers.topic, "commit.every": "50", "stumbles": "false"}

    def change(self, chance):
        return lambda: self.rest.call("DELETE", f"{self.path}/offsets"), self.after_reset()

    def after_reset(self):
        return {self.partition(number): {"kafka_offset": 0} for number in range(COUNTERS)}

    def judge(self, new, answer):
        which = super().judge(new, answer)
        self.check_gone_on()
        return which

    def wait_gone_on(self):
        wait.until(lambda: (told := self.told()) and all(self.read_up_to(number, told) > self.numbers.last(number)
                                                         for number in range(COUNTERS)), 60, "all in the ledger")

    def check_gone_on(self):
        """The state is that of the records below the offsets."""
        below = self.numbers.where(lambda partition, offset: offset < self.read_up_to(partition, self.held))
        assert self._state() == {"count": len(below), "sum": sum(below)}


class Group:
    """The three, on one topic."""

    def __init__(self, runtime, rest, kafka, options):
        name, offset_topic = runtime.name, runtime.worker["offset.storage.topic"]
        numbers, ledger = Numbers(kafka, f"{name}.numbers"), f"{name}-ledger"
        self._group, self._options = runtime.worker["group.id"], options
        self._pool = ThreadPoolExecutor(3)
        self.source = Counters(rest, numbers, f"{name}-count")
        self.sinks = (PlainSink(rest, numbers, f"{name}-lines", runtime.folder / "lines.txt"),
                      Ledger(rest, numbers, ledger, lambda: offsets(kafka, offset_topic).get(
                          (ledger, LEDGER_PARTITION), {"count": 0, "sum": 0})))
        self.all = (self.source, *self.sinks)

    def each(self, function, *more):
        return list(self._pool.map(function, self.all, *more))

    def begin(self):
        self.each(lambda one: one.create())
        self._catch_up()

    def go_on(self):
        self.each(lambda one: one.resume())
        self._catch_up()

    def _catch_up(self):
        self.source.wait_gone_on()
        self.source.stop()
        self.source.numbers.look()

        def finish(one):
            if one is not self.source:
                one.wait_gone_on()
                one.stop()
            one.check_gone_on()
        self.each(finish)

    def judge(self, changes, answers):
        def judge(one, change, answer):
            one.end_what_hangs(self._group, self._options)
            return one.judge(change[1], answer)
        return self.each(judge, changes, answers)


@pytest.fixture
def runtime(kitestream, test_plugins, sample_plugins):
    kitestream.worker["plugin.path"] = f"{test_plugins},{sample_plugins}"
    return kitestream


def test_offsets__killed_while_they_change(runtime, kafka, parts, kills):
    rest = started(runtime)
    group, chance = Group(runtime, rest, kafka, parts.kafka_client), random.Random(runtime.name)
    group.begin()
    changes = group.each(lambda one: one.change(chance))
    begun = time.monotonic()
    answers = group.each(lambda one, change: change[0](), changes)
    request_s = 1.2 * (time.monotonic() - begun)
    group.judge(changes, answers)
    seen, rounds = collections.Counter(), max(4, kills // 3)
    for number in range(1, rounds + 1):
        changes = group.each(lambda one: one.change(chance))
        moment = after(chance.random() * request_s)
        if number % 3:
            watched = Written(kafka, parts.kafka_client, runtime.worker["offset.storage.topic"])
            moment = watched.records(chance.randint(1, COUNTERS), chance.random() * 0.01)
        answers = cut_off(runtime, [request for request, _ in changes], moment)
        runtime.start()
        rest.wait_up()
        seen.update(zip(group.judge(changes, answers), map(bool, answers)))
        if number % GO_ON_EVERY == 0 or number == rounds:
            group.go_on()
    print("\n(offsets, answered):", dict(seen))
