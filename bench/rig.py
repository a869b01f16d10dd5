"""What all measurements stand on: real parts, the release build, and questions to Kafka and to the target that cost
little while something else is being measured.

In: a folder, a set of parts, a build. Out: Kitestream processes (integration-tests/kitestream.py), numbers.
"""

import json
import os
import pathlib
import secrets
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "integration-tests"), str(ROOT / "scripts")]

import samples  # noqa: E402
import wait  # noqa: E402
from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType  # noqa: E402
from kitestream import Kitestream  # noqa: E402
from milvus_server import Milvus  # noqa: E402
from parts import Parts  # noqa: E402
from pymilvus import Collection  # noqa: E402
from realparts.partset import PartSet  # noqa: E402
from stream import Kafka, Stream, TopicSchemas  # noqa: E402

import rows  # noqa: E402

APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}
PCHANNELS = 16
DEADLINE_S = 1800


class Rig:
    def __init__(self, folder, parts_folder, build, dim):
        self.folder, self.build, self.dim = pathlib.Path(folder), pathlib.Path(build), dim
        self.name = f"bench_{secrets.token_hex(3)}"
        self.parts = Parts(parts_folder, owned=False)
        self.source = Milvus("source", self.parts.env["SOURCE_URI"])
        self.target = Milvus("target", self.parts.env["TARGET_URI"])
        self.kafka = Kafka(self.parts.kafka_client)
        self._metrics = f"http://127.0.0.1:{PartSet(parts_folder).server('target').ports['metrics']}/metrics"
        self._watch = Consumer(self.parts.kafka_client | {"group.id": "bench"})
        self._started = []
        os.environ["KITESTREAM_BIN"] = str(self.build / "runtime" / "kitestream")
        os.environ["KITESTREAM_PLUGIN_PATH"] = str(self.build / "plugins")

    # Kitestream

    def kitestream(self, name) -> Kitestream:
        folder = self.folder / name
        folder.mkdir()
        started = Kitestream(ROOT, folder, self.parts, f"{self.name}_{name}")
        self._started.append(started)
        return started

    def stream(self, kitestream):
        schemas = TopicSchemas(self.kafka, kitestream.worker["schema.storage.topic"])
        return Stream(self.kafka, kitestream.name, schemas)

    def close(self):
        for one in self._started:
            one.end()
        self._watch.close()
        for server in (self.source, self.target):
            for collection in server.collections():
                if collection.startswith(self.name):
                    server.drop(collection)
            server.close()
        self.kafka.delete(self.name)

    # Both servers

    def collection(self, server, name, shards=2) -> Collection:
        return samples.create(server, f"{self.name}_{name}", shards=shards, of=rows.schema(self.dim))

    def insert(self, server, name, first, count, batch):
        """By one plain client; what that took."""
        done = subprocess.run([sys.executable, "-B", ROOT / "bench" / "plain_client.py", server.address,
                               f"{self.name}_{name}", *map(str, (first, count, batch, self.dim))],
                              check=True, capture_output=True, text=True, timeout=DEADLINE_S)
        return json.loads(done.stdout)

    def target_counters(self):
        """What the target says of itself: rows taken by Insert, Insert calls, milliseconds spent in them."""
        with urllib.request.urlopen(self._metrics, timeout=10) as answer:
            lines = answer.read().decode().splitlines()

        def total(start, *inside):
            return sum(float(one.split()[-1]) for one in lines
                       if one.startswith(start) and all(label in one for label in inside))
        return {"rows": total("milvus_proxy_insert_vectors_count"),
                "calls": total("milvus_proxy_req_count", 'function_name="Insert"', 'status="success"'),
                "ms": total("milvus_proxy_mutation_latency_sum", "insert")}

    # Kafka

    def make_topic(self, topic, partitions):
        for done in self.kafka.admin.create_topics([NewTopic(topic, partitions, 1, config=APPEND_TIME)]).values():
            done.result()

    def stamp_by_broker(self, topic):
        """From now on the records of a topic carry the time at which the broker appended them."""
        entries = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                   for name, value in APPEND_TIME.items()]
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        for done in self.kafka.admin.incremental_alter_configs([resource]).values():
            done.result()

    def ends(self, topic):
        """The next offset of each partition."""
        return [self._watch.get_watermark_offsets(TopicPartition(topic, one), timeout=10)[1]
                for one in range(self.kafka.partitions(topic))]

    def wait_grown(self, topic, starts, count, process):
        """Until that many records are there and nothing more comes; markers of transactions count as records."""
        seen = {"ends": starts, "since": time.monotonic()}

        def settled():
            ends = self.ends(topic)
            if ends != seen["ends"]:
                seen.update(ends=ends, since=time.monotonic())
            return sum(ends) - sum(starts) >= count and time.monotonic() - seen["since"] > 0.5
        process.wait_for(settled, DEADLINE_S, f"{count} records in {topic}")

    def append_times(self, topic, starts):
        """Broker's milliseconds of the first and of the last record from these offsets on."""
        firsts, lasts = [], []
        for partition, start in enumerate(starts):
            end = self.ends(topic)[partition]
            if end > start:
                firsts.append(self._time_of(topic, partition, start))
                lasts.append(max(self._time_of(topic, partition, at) for at in range(max(start, end - 4), end)))
        return min(firsts), max(lasts)

    def _time_of(self, topic, partition, offset):
        """Of the first record from there on; 0 if only markers of transactions follow."""
        options = {"group.id": "bench", "enable.partition.eof": True, "auto.offset.reset": "error"}
        consumer = Consumer(self.parts.kafka_client | options)
        try:
            consumer.assign([TopicPartition(topic, partition, offset)])
            message = wait.until(lambda: consumer.poll(1), 30, f"offset {offset} of {topic}")
            return 0 if message.error() else message.timestamp()[1]
        finally:
            consumer.close()
