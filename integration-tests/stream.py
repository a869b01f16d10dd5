"""The change stream read by clients that are not ours: confluent-kafka for the topics, fastavro for the values.

In: a topic. Out: its committed records, decoded, in the order of their partitions.
"""

import contextlib
import io
import json
import struct
import urllib.request
from dataclasses import dataclass

import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient


@dataclass
class Record:
    topic: str
    partition: int
    offset: int
    key: object
    value: object  # None: a tombstone
    headers: dict
    timestamp_ms: int

    @property
    def op(self):
        return self.value["op"] if self.value else None


class Kafka:
    """In: client options. Reads whole topics as they are now."""

    def __init__(self, options):
        self._options = options
        self.admin = AdminClient(options)

    def topics(self, prefix=""):
        return sorted(name for name in self.admin.list_topics(timeout=10).topics if name.startswith(prefix))

    def delete(self, prefix):
        """A topic costs a broker memory and, after it was killed, time."""
        topics = self.topics(prefix)
        for done in self.admin.delete_topics(topics).values() if topics else ():
            done.result()

    def committed(self, group, topic, partition):
        """The group's offset; below 0: none."""
        consumer = Consumer(self._options | {"group.id": group, "enable.auto.commit": False})
        try:
            return consumer.committed([TopicPartition(topic, partition)], timeout=10)[0].offset
        finally:
            consumer.close()

    def partitions(self, topic):
        return len(self.admin.list_topics(topic, timeout=10).topics[topic].partitions)

    @contextlib.contextmanager
    def tail(self, topic):
        """A consumer of what is written from now on, committed or not."""
        consumer = Consumer(self._options | {"group.id": "integration-tests", "isolation.level": "read_uncommitted",
                                             "enable.auto.commit": False})
        try:
            consumer.assign([TopicPartition(topic, partition, consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=10)[1]) for partition in range(self.partitions(topic))])
            yield consumer
        finally:
            consumer.close()

    def raw(self, topic, isolation="read_committed", deadline_s=60):
        """Messages up to the high watermark asked first. With read_committed a position may have to pass
        records of a transaction that is still open: then this waits until it is decided."""
        import wait

        if topic not in self.topics():
            return []
        consumer = Consumer(self._options | {"group.id": "integration-tests", "isolation.level": isolation,
                                             "enable.auto.commit": False, "enable.partition.eof": True,
                                             "auto.offset.reset": "error"})
        try:
            ends, parts = {}, []
            for partition in range(self.partitions(topic)):
                low, high = wait.until(lambda: _watermarks(consumer, topic, partition), 30, f"the range of {topic}")
                ends[partition] = high
                parts.append(TopicPartition(topic, partition, low))
            consumer.assign(parts)
            messages = []

            def at_the_end():
                messages.extend(_taken(consumer))
                at = {one.partition: one.offset for one in consumer.position(parts)}
                return all(high == 0 or at[one] >= high for one, high in ends.items())

            wait.until(at_the_end, deadline_s, f"the end of {topic}, {ends}", every_s=0)
            return sorted(messages, key=lambda one: (one.partition(), one.offset()))
        finally:
            consumer.close()


def _watermarks(consumer, topic, partition):
    """A topic that has just been made may not have its leader yet."""
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
    except KafkaException as error:
        assert not error.args[0].retriable() and error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION, error
        raise


def _taken(consumer):
    for message in consumer.consume(5000, timeout=0.2):
        if message.error() is None:
            yield message
        elif message.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(message.error())


class TopicSchemas:
    """Schemas of the worker's built-in store: the values of its compacted topic hold `id` and `schema`."""

    def __init__(self, kafka, topic):
        self._kafka, self._topic, self._known = kafka, topic, {}

    def get(self, schema_id):
        if schema_id not in self._known:
            for message in self._kafka.raw(self._topic):
                entry = json.loads(message.value()) if message.value() else {}
                if "schema" in entry:
                    self._known[entry["id"]] = entry["schema"]
        return self._known[schema_id]


class RegistrySchemas:
    """Schemas of a Confluent-compatible registry."""

    def __init__(self, url):
        self._url, self._known = url, {}

    def get(self, schema_id):
        if schema_id not in self._known:
            with urllib.request.urlopen(f"{self._url}/schemas/ids/{schema_id}", timeout=10) as answer:
                self._known[schema_id] = json.load(answer)["schema"]
        return self._known[schema_id]


class Stream:
    """The topics of one prefix."""

    def __init__(self, kafka, prefix, schemas):
        self.kafka, self.prefix, self.schemas, self._parsed = kafka, prefix, schemas, {}
        self.ddl_topic, self.heartbeat_topic = f"{prefix}.ddl", f"{prefix}.heartbeat"

    def topic(self, collection, database="default"):
        return f"{self.prefix}.{database}.{collection}"

    def rows(self, collection, database="default"):
        return self.read(self.topic(collection, database))

    def ddl(self):
        """Values of the DDL topic; seq must count 1, 2, 3 … whatever else a test looks for."""
        found = [record.value for record in self.read(self.ddl_topic)]
        assert [one["seq"] for one in found] == list(range(1, len(found) + 1)), "gap or repetition in seq"
        return found

    def kinds(self, collection=None):
        """Kinds of the changes that concern a collection, or of all."""
        return [one["kind"] for one in self.ddl()
                if collection in (None, one["collection"], *(one["collections"] or []))]

    def heartbeats(self):
        return [record.value for record in self.read(self.heartbeat_topic)]

    def read(self, topic):
        return [Record(topic, message.partition(), message.offset(), self.decode(message.key()),
                       self.decode(message.value()), dict(message.headers() or []), message.timestamp()[1])
                for message in self.kafka.raw(topic)]

    def schema(self, record_bytes):
        magic, schema_id = struct.unpack(">bI", record_bytes[:5])
        assert magic == 0, f"not Confluent's wire format: {record_bytes[:8]!r}"
        return self.schema_by_id(schema_id)

    def schema_by_id(self, schema_id):
        if schema_id not in self._parsed:
            self._parsed[schema_id] = fastavro.parse_schema(json.loads(self.schemas.get(schema_id)))
        return self._parsed[schema_id]

    def decode(self, record_bytes):
        if record_bytes is None:
            return None
        body = io.BytesIO(record_bytes[5:])
        value = fastavro.schemaless_reader(body, self.schema(record_bytes))
        assert not body.read(), "bytes after the end of the value"
        return value


def materialised(records, key_field):
    """The rows that a reader who knows nothing but the stream ends with: key -> list of rows (Milvus keeps
    several rows of one key)."""
    rows = {}
    for record in records:
        if record.value is None:
            continue
        after, key = record.value["after"], record.key[key_field]
        if record.op == "d":
            rows.pop(key, None)
        elif record.op == "u":
            rows[key] = [after]
        else:
            rows.setdefault(key, []).append(after)
    return rows
