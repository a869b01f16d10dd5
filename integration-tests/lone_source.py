"""A source connector at work on a Milvus that nobody else uses, so that its queue and its etcd may be broken.

In: the program, its stream, that Milvus. Out: what the stream holds, what the task's status says.
"""

import base64
import json
import time
import urllib.request

from confluent_kafka import Producer, TopicPartition

DEFAULT_DB = "default"


class LoneSource:
    def __init__(self, kitestream, stream, server, kafka, parts):
        self.kitestream, self.stream, self.server, self.kafka, self.parts = kitestream, stream, server, kafka, parts
        self._broken, self._compacted = set(), None  # channels, revision

    def start(self):
        """Returns when the stream has begun."""
        self.kitestream.start()
        self.kitestream.wait_for(self.stream.heartbeats, 60, "a heartbeat")
        return self

    def clean_up(self):
        """Leaves a Milvus without collections, and queues without what a test wrote to them."""
        for database in self.server.databases():
            for collection in self.server.collections(database):
                self.server.drop(collection, database)
            if database != DEFAULT_DB:
                self.server.drop_database(database)
        for channel in self._broken:
            self.expire(channel)

    # The stream

    def caught_up(self, deadline_s=60):
        """The stream holds all that happened before this call. Some collection must live, or time stands still."""
        now = int(time.time() * 1000) << 18
        self.kitestream.wait_for(lambda: [one for one in self.stream.heartbeats()[-1:] if one["tick"] > now],
                                 deadline_s, "a heartbeat past this moment")

    def keys(self, collection, database=DEFAULT_DB):
        """Keys of the changes in order, tombstones left out."""
        return [record.key["id"] for record in self.stream.rows(collection, database) if record.value]

    def wait_keys(self, collection, keys, database=DEFAULT_DB, deadline_s=60):
        def there():
            assert sorted(self.keys(collection, database)) == sorted(keys), self.keys(collection, database)
            return True
        self.kitestream.wait_for(there, deadline_s, f"rows {keys} of {collection}")

    def wait_kinds(self, collection, kinds, deadline_s=60):
        def there():
            assert self.stream.kinds(collection) == kinds, self.stream.kinds(collection)
            return True
        self.kitestream.wait_for(there, deadline_s, f"{kinds} of {collection}")

    def channel(self, collection):
        """The pchannel that the newest row of a collection came from."""
        return self.stream.rows(collection)[-1].value["source"]["channel"]

    # The status

    def failure(self, deadline_s=60):
        found = self.kitestream.wait_for(
            lambda: [one for one in [self.status()] if one.get("state") == "FAILED"], deadline_s, "a failed source")
        return found[0]["trace"]

    def status(self):
        return self.kitestream.task_status(self.kafka, "source")

    # What others do to the source

    def write(self, channel, value, headers=None):
        """A record that Milvus did not write; returns its offset."""
        offsets = []
        producer = Producer(self.parts.kafka_client)
        producer.produce(channel, value, partition=0, headers=headers,
                         on_delivery=lambda error, message: offsets.append(None if error else message.offset()))
        producer.flush(30)
        self._broken.add(channel)
        assert offsets and offsets[0] is not None
        return offsets[0]

    def expire(self, channel):
        """As if retention had removed all there is; returns where the channel begins now."""
        part = TopicPartition(channel, 0, -1)
        return self.kafka.admin.delete_records([part])[part].result(30).low_watermark

    def committed(self, channel):
        """The newest offset of this connector for a channel (or "etcd")."""
        newest = None
        for message in self.kafka.raw(self.kitestream.worker["offset.storage.topic"]):
            if json.loads(message.key())[1].get("channel") == channel:
                newest = json.loads(message.value())
        return newest

    def compact(self):
        """Forgets everything in etcd but the present."""
        now = self._etcd("kv/range", {"key": base64.b64encode(b"x").decode()})["header"]["revision"]
        if now != self._compacted:
            self._etcd("kv/compaction", {"revision": now, "physical": True})
        self._compacted = now

    def _etcd(self, call, body):
        request = urllib.request.Request(f"http://{self.parts.env['ETCD_ENDPOINT']}/v3/{call}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
