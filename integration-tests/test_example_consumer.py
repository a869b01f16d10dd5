"""examples/consumer.py, killed and resumed again and again: the rows in its state file are those of the source.

The source connector is killed, too, in the middle of its transactions, so that the stream holds aborted records.
"""

import itertools
import os
import time

import pytest
from pymilvus import DataType, FieldSchema, utility

import wait
from example_consumer import ExampleConsumer
from load import Load
from pipeline import TICKING
from samples import create, index_and_load, row, schema
from stream import RegistrySchemas, Stream

ROUNDS = 2
CUTS = 5
MANY = [range(10**6 + at, 10**6 + at + 5000) for at in (0, 5000, 10_000)]  # more keys than a transaction has rows


class Rows(Load):
    """Inserts, upserts and deletes in one collection, without an end; some keys are inserted twice."""

    def __init__(self, collection, seed):
        super().__init__(seed, 0.01)
        self._collection = collection
        self._next = 0

    def step(self):
        known = [self.random.randrange(self._next + 1) for _ in range(20)]
        what = self.random.random()
        if what < 0.5:
            self._collection.insert([row(key) for key in range(self._next, self._next + 50)])
            self._next += 50
        elif what < 0.55:
            self._collection.insert([row(key, text=f"once more {self.steps}") for key in set(known)])
        elif what < 0.8:
            self._collection.upsert([row(key, text=f"step {self.steps}") for key in set(known)])
        else:
            self._collection.delete(f"id in {known}")


class Stage:
    """A source connector without a sink, and the example that reads its stream."""

    def __init__(self, kitestream, stream, source, kafka, registry, name):
        self.kitestream, self.stream, self.source, self.kafka = kitestream, stream, source, kafka
        self.registry, self.name = registry, name

    def lives(self, number):
        """What can happen to a collection, while others go on: every kind of change that moves or removes rows."""
        name = f"{self.name}_life"
        made = create(self.source, name)
        made.create_partition("second")
        made.create_partition("third")
        made.insert([row(key) for key in range(100)])
        made.insert([row(key, text="here, too") for key in range(50, 150)], partition_name="second")
        made.insert([row(key) for key in range(10)], partition_name="third")
        made.upsert([row(60, text="again")], partition_name="second")
        made.delete("id in [70, 71]", partition_name="second")
        made.delete("id in [80, 81]")
        made.drop_partition("third")
        if number % 2:
            self.source.drop(name)
        else:
            utility.rename_collection(name, f"{name}_{number}", using=self.source.using())
            self.source.collection(f"{name}_{number}").insert([row(500 + number)])

    def moves_between_partitions(self):
        """Where a partition key decides, an upsert takes the key out of whatever partition it was in."""
        name = f"{self.name}_tenants"
        by = FieldSchema("tenant", DataType.VARCHAR, max_length=30, is_partition_key=True)
        made = create(self.source, name, of=schema(extra=[by]))
        made.insert([row(key, tenant=f"t{key % 7}") for key in range(200)])
        made.upsert([row(key, tenant="elsewhere") for key in range(50)])
        made.delete("id in [6, 7, 100]")

    def aborted(self, collection):
        """Are there records in its topic that a reader of committed ones never sees?"""
        topic = self.stream.topic(collection)
        return len(self.kafka.raw(topic, isolation="read_uncommitted")) > len(self.kafka.raw(topic))

    def abort(self, collection):
        """Kills the connector as soon as a record of a large transaction is seen, until that was in the middle of it."""
        for _ in range(20):
            self.kitestream.kill()
            for keys in MANY:
                self.source.collection(collection).insert([row(key) for key in keys])
            for keys in MANY:
                self.source.collection(collection).delete(f"id in {list(keys)}")
            with self.kafka.tail(self.stream.topic(collection)) as tail:
                self.kitestream.start()
                self.kitestream.wait_for(lambda: tail.consume(1, timeout=1), 60, "a record")
                self.kitestream.kill()
            self.kitestream.start()
            self.kitestream.wait_log("source|task-0] RUNNING", 60)
            if self.aborted(collection):
                return
        raise AssertionError("never killed in the middle of a transaction")

    def same(self, example, collection):
        """Row by row what a Strong read of the source gives. Of a key that it holds several times it shows one."""
        seen = example.rows(collection)
        assert self.source.count(collection) == sum(len(same) for same in seen.values()), collection
        there = self.source.rows(collection, self.source.keys(collection) | set(seen))
        assert set(there) == set(seen), collection
        for key, one in there.items():
            assert one in seen[key], (collection, key)
        return len(seen)


@pytest.fixture(params=["builtin", pytest.param("apicurio", marks=pytest.mark.full)])
def stage(request, parts, kitestream, stream, source, kafka, name):
    if not source.has(TICKING):
        create(source, TICKING, shards=1)
    registry = kitestream.rest
    if request.param == "apicurio":
        registry = parts.env["REGISTRY_URL"]
        for side in ("key", "value"):
            kitestream.worker[f"{side}.converter.schema.registry.url"] = registry
        stream = Stream(kafka, name, RegistrySchemas(registry))
    kitestream.source(collection_include_list=rf".*\.{name}.*")
    kitestream.start()
    kitestream.wait_for(stream.heartbeats, 60, "a heartbeat")
    yield Stage(kitestream, stream, source, kafka, registry, name)
    for collection in source.collections():
        if collection.startswith(name):
            source.drop(collection)


@pytest.fixture
def example(stage, parts, folder, name):
    made = ExampleConsumer(folder, parts.env["KAFKA_BOOTSTRAP"], stage.registry, name)
    made.start()
    yield made
    made.kill()


def test_dictionaries_equal_the_source__killed_and_resumed(stage, example, source, name):
    steady = create(source, name)
    stage.moves_between_partitions()
    resumed_at = []
    with Rows(steady, name) as load:
        for number in range(ROUNDS):
            stage.lives(number)
            resumed_at.append(example.wait_more(resumed_at))
            example.kill()
            enough = load.steps + 20  # there is something to resume for
            wait.until(lambda: load.steps > enough, 60, "more load")
            example.start()
        example.wait_past(time.time())  # it knows all schemas now: the registry is the worker that is about to be killed
        stage.abort(name)
    living = [one for one in source.collections() if one.startswith(name)]
    for one in living:
        index_and_load(source.collection(one))
    example.wait_past(time.time())
    assert sorted(living) == sorted([name, f"{name}_life_0", f"{name}_tenants"])
    for one in living:
        assert stage.same(example, one) > 100
    # Every kill was in the middle: something was saved, and more was to come.
    read = [sum(state["positions"].values()) for state in [*resumed_at, example.state]]
    assert 0 < read[0] < read[1] < read[2], read


def test_cut__is_one_moment(stage, example, source, name):
    """Two collections are written to in turns: at any moment the second is at most one behind. And a cut holds the rows up
    to its tick, no others."""
    names = [f"{name}_{which}" for which in ("first", "second")]
    first, second = (create(source, one) for one in names)
    keys, seen = itertools.count(), {}

    def several_cuts():
        for _ in range(5):
            key = next(keys)
            first.insert([row(key)])
            second.insert([row(key)])
        if os.path.exists(example.path):
            state = example.state
            seen[state["tick"]] = tuple(len(example.rows(one, state)) for one in names)
        return len({counts for counts in seen.values() if counts[0] > 0}) >= CUTS
    wait.until(several_cuts, 90, "cuts with rows", every_s=0.02)
    assert all(counts[0] - counts[1] in (0, 1) for counts in seen.values()), seen
    ticks = [[record.value["source"]["tick"] for record in stage.stream.rows(one)] for one in names]
    assert seen == {cut: tuple(sum(tick <= cut for tick in one) for one in ticks) for cut in seen}
