#!/usr/bin/env python3
"""Keeps the rows of a Milvus in plain dictionaries, fed by its Kitestream change stream alone.

    consumer.py BROKERS REGISTRY PREFIX STATE_FILE      e.g. localhost:9092 http://localhost:8083 shop books.state

The rules are those of docs/stream.md. A row waits for the metadata change named in its `ddl_seq`, a metadata change for
the positions in its `after`: that restores the exact order. The newest heartbeat says how far to go: everything up to
its tick, nothing beyond. What is held then is what the Milvus held at that tick, and only then is it saved, rows and
positions in one file that is exchanged as a whole. Killed on whatever line, the program goes on from the last such cut.
"""
import collections
import json
import os
import pickle
import sys

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer

ENOUGH = 10_000  # records of one partition that may wait; then it is paused
Record = collections.namedtuple("Record", "offset key value")


def apply_ddl(held, ddl):
    """held: collection ID -> its name, and its rows as partition ID -> key -> list of rows."""
    if ddl["kind"] in ("create_collection", "rename_collection", "alter_collection"):
        one = held.setdefault(ddl["collection_id"], {"partitions": {}})
        one["name"] = f"{ddl['db']}.{ddl['collection']}"
        one["partition_key"] = any(field["is_partition_key"] for field in ddl["schema"]["fields"])
    elif ddl["kind"] == "drop_collection":
        del held[ddl["collection_id"]]
    elif ddl["kind"] == "drop_partition":
        held[ddl["collection_id"]]["partitions"].pop(ddl["partition_id"], None)


def apply_row(held, key, row):
    """Milvus does not keep keys unique, so a key has a list of rows. A delete that names no partition, and any change of
    a collection with a partition key, concerns the key in all partitions; an upsert, and another delete, in its own."""
    one, own = held[row["source"]["collection_id"]], row["source"]["partition_id"]
    if row["op"] in ("u", "d"):
        for partition in one["partitions"] if own == -1 or one["partition_key"] else (own,):
            one["partitions"].get(partition, {}).pop(key, None)
    if row["op"] != "d":
        one["partitions"].setdefault(own, {}).setdefault(key, []).append(row["after"])


class Follower:
    def __init__(self, brokers, registry, prefix, path):
        self.path, self.ddl, self.heartbeat = path, (f"{prefix}.ddl", 0), (f"{prefix}.heartbeat", 0)
        self.state = {"tick": 0, "applied": 0, "positions": {self.ddl: 0}, "held": {}}
        if os.path.exists(path):
            with open(path, "rb") as file:
                self.state = pickle.load(file)
        self.decode = AvroDeserializer(SchemaRegistryClient({"url": registry}))
        # The end of a partition is an event: it lies behind transaction markers and aborted records, which never show.
        self.consumer = Consumer({"bootstrap.servers": brokers, "group.id": "example", "enable.auto.commit": False,
                                  "isolation.level": "read_committed", "enable.partition.eof": True,
                                  "auto.offset.reset": "error"})
        self.queues, self.next_offset, self.paused = {}, {}, set()  # by (topic, partition)
        self.cut = self.newest = None  # heartbeats
        self.consumer.incremental_assign([TopicPartition(*self.heartbeat, 0)])
        for at, offset in self.state["positions"].items():
            self.follow(at, offset)

    def follow(self, at, offset=0):
        if at not in self.queues:
            self.queues[at], self.next_offset[at] = collections.deque(), offset
            self.consumer.incremental_assign([TopicPartition(*at, offset)])

    def position(self, at):
        return self.queues[at][0].offset if self.queues[at] else self.next_offset[at]

    def reached(self, offsets):
        """A topic that is gone counts as reached."""
        return all(self.position(at) >= one["offset"] for one in offsets
                   if (at := (one["topic"], one["partition"])) in self.queues)

    def receive(self, message):
        at, error = (message.topic(), message.partition()), message.error()
        if error and error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART and at[0] not in (self.ddl[0], self.heartbeat[0]):
            self.consumer.incremental_unassign([TopicPartition(*at)])
            self.queues.pop(at, None)
        elif error and error.code() != KafkaError._PARTITION_EOF:
            raise SystemExit(f"{at[0]}, partition {at[1]}: {error.str()}")
        elif at == self.heartbeat:
            self.newest = self.newest if error else self.decode(message.value(), None)
        else:
            self.next_offset[at] = message.offset() + (0 if error else 1)
            if not error and message.value() is not None:  # a tombstone says nothing new
                self.queues[at].append(Record(message.offset(), self.decode(message.key(), None),
                                              self.decode(message.value(), None)))

    def due(self, at, value):
        if at == self.ddl:
            return value["seq"] <= self.cut["ddl_seq"] and self.reached(value["after"])
        return value["source"]["ddl_seq"] <= self.state["applied"] and value["source"]["tick"] <= self.cut["tick"]

    def apply(self, at, record):
        if at == self.ddl:
            apply_ddl(self.state["held"], record.value)
            self.state["applied"] = record.value["seq"]
            if record.value["kind"] in ("create_collection", "rename_collection"):
                topic = record.value["topic"]
                for partition in self.consumer.list_topics(topic, timeout=30).topics[topic].partitions:
                    self.follow((topic, partition))
        else:
            key = record.key if not isinstance(record.key, dict) else next(iter(record.key.values()))
            apply_row(self.state["held"], key, record.value)

    def advance(self):
        """Does all that is due. Nothing can wait for ever: rows wait only for changes before them, and the reverse."""
        moved = True
        while moved:
            moved = False
            for at, queue in list(self.queues.items()):
                while queue and self.due(at, queue[0].value):
                    self.apply(at, queue.popleft())
                    moved = True

    def hold_back(self):
        for at, queue in self.queues.items():
            if (len(queue) >= ENOUGH) != (at in self.paused):
                self.paused ^= {at}
                (self.consumer.pause if at in self.paused else self.consumer.resume)([TopicPartition(*at)])

    def save(self):
        """Rename is all or nothing; a loss of power may bring the cut before back, which is as good."""
        self.state |= {"tick": self.cut["tick"], "positions": {at: self.position(at) for at in self.queues}}
        with open(f"{self.path}.new", "wb") as file:
            pickle.dump(self.state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{self.path}.new", self.path)

    def cuts(self):
        """Yields the state each time that it is what the Milvus held at one tick."""
        while True:
            for message in self.consumer.consume(1000, timeout=1):
                self.receive(message)
            if not self.cut and self.newest and self.newest["tick"] > self.state["tick"]:
                self.cut = self.newest
                for one in self.cut["offsets"]:  # partitions may have been added to a topic
                    self.follow((one["topic"], one["partition"]))
            if self.cut:
                self.advance()
                if self.state["applied"] >= self.cut["ddl_seq"] and self.reached(self.cut["offsets"]):
                    self.save()
                    self.cut = None
                    yield self.state
            self.hold_back()


def main():
    for state in Follower(*sys.argv[1:5]).cuts():
        counts = {one["name"]: sum(len(same) for keys in one["partitions"].values() for same in keys.values())
                  for one in state["held"].values()}
        print(json.dumps({"tick": state["tick"], "rows": counts}), flush=True)


if __name__ == "__main__":
    main()
