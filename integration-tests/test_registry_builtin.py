"""The worker's own schema registry on its REST port, used by clients that are not ours: confluent-kafka's
registry client and serializers, fastavro, and plain HTTP where a status or a code matters.
"""

import io
import json

import fastavro
import pytest
import requests
from confluent_kafka import Producer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

import wait
from connect_rest import ConnectRest
from rest_lines import Lines, started
from samples import create, row

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
AVRO = "io.confluent.connect.avro.AvroConverter"


def _record(*fields, name="Value"):
    return json.dumps({"type": "record", "name": name, "namespace": "shop.orders", "fields": list(fields)})


ID, NOTE = {"name": "id", "type": "long"}, {"name": "note", "type": ["null", "string"], "default": None}
V1, V2 = _record(ID), _record(ID, NOTE)
NO_DEFAULT, RETYPED = _record(ID, {"name": "n", "type": "long"}), _record({"name": "id", "type": "string"})


def _write(parts, topic, subject, version, schema_id, schema):
    """As another worker does it."""
    producer = Producer(parts.kafka_client)
    key = {"keytype": "SCHEMA", "subject": subject, "version": version, "magic": 1, "id": schema_id}
    value = {"subject": subject, "version": version, "id": schema_id, "schema": schema, "deleted": False}
    producer.produce(topic, key=json.dumps(key), value=json.dumps(value))
    assert producer.flush(30) == 0


@pytest.fixture
def registry(runtime, parts):
    """A worker without any connector; its registry holds what another worker has written."""
    rest, topic = started(runtime), runtime.worker["schema.storage.topic"]
    rest.expect(200, "GET", "/subjects")  # makes the topic
    for subject, version, schema_id, schema in (("orders-value", 1, 11, V1), ("orders-value", 2, 12, V2),
                                                ("a/b c-value", 1, 11, V1)):
        _write(parts, topic, subject, version, schema_id, schema)
    return rest


def _ask(rest, method, path, body=None, headers=None):
    content = body if body is None or isinstance(body, str) else json.dumps(body)
    return requests.request(method, rest.url + path, data=content, timeout=60,
                            headers=headers or {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE})


# method, path, body, status, error code or what the answer is (None: anything)
CALLS = [
    ("GET", "/schemas/ids/12", None, 200, {"schema": V2}),  # the first question finds what was written last
    ("GET", "/schemas/ids/11?subject=orders-value&fetchMaxId=true", None, 200, {"schema": V1, "maxId": 12}),
    ("GET", "/schemas/ids/11/subjects", None, 200, ["a/b c-value", "orders-value"]),
    ("GET", "/schemas/ids/11/versions", None, 200, [{"subject": "a/b c-value", "version": 1},
                                                    {"subject": "orders-value", "version": 1}]),
    ("GET", "/schemas/ids/99999", None, 404, 40403),
    ("GET", "/schemas/ids/11/schema", None, 200, json.loads(V1)),
    ("GET", "/schemas/types", None, 200, ["AVRO"]),
    ("GET", "/schemas?latestOnly=true&subjectPrefix=orders", None, 200,
     [{"subject": "orders-value", "version": 2, "id": 12, "schema": V2}]),
    ("GET", "/subjects", None, 200, ["a/b c-value", "orders-value"]),
    ("GET", "/subjects/?subjectPrefix=orders&deleted=true", None, 200, ["orders-value"]),
    ("GET", "/subjects/orders-value/versions", None, 200, [1, 2]),
    ("GET", "/subjects/orders-value/versions/", None, 200, [1, 2]),
    ("GET", "/subjects/none/versions", None, 404, 40401),
    ("GET", "/subjects/none/versions/latest", None, 404, 40401),
    ("GET", "/subjects/orders-value/versions/77", None, 404, 40402),
    ("GET", "/subjects/orders-value/versions/0", None, 422, 42202),
    ("GET", "/subjects/orders-value/versions/abc", None, 422, 42202),
    ("GET", "/subjects/orders-value/versions/-1", None, 200,
     {"subject": "orders-value", "version": 2, "id": 12, "schema": V2}),
    ("GET", "/subjects/a%2Fb%20c-value/versions/latest", None, 200,
     {"subject": "a/b c-value", "version": 1, "id": 11, "schema": V1}),
    ("GET", "/subjects/orders-value/versions/2/schema", None, 200, json.loads(V2)),
    ("GET", "/subjects/orders-value/versions/2/referencedby", None, 200, []),
    ("POST", "/subjects/orders-value", {"schema": V1}, 200,
     {"subject": "orders-value", "version": 1, "id": 11, "schema": V1}),
    ("POST", "/subjects/orders-value", {"schema": NO_DEFAULT}, 404, 40403),
    ("POST", "/subjects/none", {"schema": V1}, 404, 40401),
    ("POST", "/subjects/orders-value/versions?normalize=true", {"schema": V2}, 200, {"id": 12}),
    ("POST", "/subjects/orders-value/versions", {"schema": NO_DEFAULT}, 422, 42205),
    ("POST", "/subjects/orders-value/versions", {"schema": '{"type": "nope"}'}, 422, 42201),
    ("POST", "/subjects/orders-value/versions", "{", 400, 400),
    ("POST", "/compatibility/subjects/orders-value/versions/latest", {"schema": V2}, 200, {"is_compatible": True}),
    ("POST", "/compatibility/subjects/orders-value/versions/1", {"schema": V2}, 200, {"is_compatible": True}),
    ("POST", "/compatibility/subjects/orders-value/versions/latest", {"schema": NO_DEFAULT}, 200, {"is_compatible": False}),
    ("POST", "/compatibility/subjects/orders-value/versions", {"schema": RETYPED}, 200, {"is_compatible": False}),
    ("POST", "/compatibility/subjects/none/versions/latest", {"schema": V2}, 404, 40401),
    ("GET", "/config", None, 200, {"compatibilityLevel": "BACKWARD"}),
    ("GET", "/config/orders-value?defaultToGlobal=true", None, 200, {"compatibilityLevel": "BACKWARD"}),
    ("PUT", "/config/orders-value", {"compatibility": "NONE"}, 422, 42205),
    ("GET", "/mode", None, 200, {"mode": "READONLY"}),
    ("DELETE", "/subjects/orders-value", None, 422, 42205),
    ("DELETE", "/subjects/orders-value/versions/1?permanent=true", None, 422, 42205),
    ("PUT", "/subjects/orders-value", {}, 405, 405),
]


def test_the_calls_of_its_api(registry):
    wrong = []
    for method, path, body, status, wanted in CALLS:
        answer = _ask(registry, method, path, body)
        found = answer.json()
        code = found.get("error_code") if isinstance(found, dict) else None
        if answer.status_code != status or (code if isinstance(wanted, int) else found) != wanted:
            wrong.append(f"{method} {path}: {answer.status_code} {answer.text}")
        if status != 405 and answer.headers["Content-Type"] != CONTENT_TYPE:
            wrong.append(f"{method} {path}: {answer.headers['Content-Type']}")
    assert not wrong, "\n".join(wrong)
    assert _ask(registry, "HEAD", "/subjects").status_code == 200
    plain = {"Content-Type": "application/json", "Accept": "application/json"}
    assert _ask(registry, "POST", "/subjects/orders-value/versions", {"schema": V1}, plain).json() == {"id": 11}


def test_reasons_of_an_incompatible_schema(registry):
    path = "/compatibility/subjects/orders-value/versions/latest?verbose=true"
    answer = _ask(registry, "POST", path, {"schema": NO_DEFAULT}).json()
    assert not answer["is_compatible"]
    assert answer["messages"] == ["READER_FIELD_MISSING_DEFAULT_VALUE at n: it was not written and has no default"]
    assert _ask(registry, "POST", path, {"schema": V2}).json() == {"is_compatible": True, "messages": []}


def test_confluents_client(registry, runtime, parts):
    client = SchemaRegistryClient({"url": registry.url})
    assert client.get_subjects() == ["a/b c-value", "orders-value"]
    assert client.get_versions("a/b c-value") == [1]
    latest = client.get_latest_version("orders-value")
    assert (latest.version, latest.schema_id, latest.schema.schema_str) == (2, 12, V2)
    assert client.get_version("orders-value", 1).schema.schema_str == V1
    assert client.lookup_schema("orders-value", Schema(V1, "AVRO")).schema_id == 11
    assert client.test_compatibility("orders-value", Schema(V2, "AVRO"))
    assert not client.test_compatibility("orders-value", Schema(RETYPED, "AVRO"))
    assert client.get_compatibility() == "BACKWARD"
    for refused in (lambda: client.register_schema("orders-value", Schema(NO_DEFAULT, "AVRO")),
                    lambda: client.set_compatibility(level="NONE"), lambda: client.delete_subject("orders-value")):
        with pytest.raises(SchemaRegistryError) as refusal:
            refused()
        assert (refusal.value.http_status_code, refusal.value.error_code) == (422, 42205)
    with pytest.raises(SchemaRegistryError) as unknown:
        client.get_schema(13)
    assert unknown.value.error_code == 40403
    _write(parts, runtime.worker["schema.storage.topic"], "new-value", 1, 13, '"int"')
    assert client.get_schema(13).schema_str == '"int"'


def _lines(runtime, kafka):
    """A worker whose source has written lines in Avro."""
    runtime.worker |= {"key.converter": AVRO, "value.converter": AVRO}
    rest, lines = started(runtime), Lines(runtime, kafka)
    lines.create(rest)
    lines.write(20)
    wait.until(lambda: len(kafka.raw(lines.topic)) == 20, 60, "lines")
    return rest, lines


def test_serializers(runtime, kafka):
    """Read with the registry's schema, write with it; a schema of one's own is refused clearly."""
    rest, lines = _lines(runtime, kafka)
    client = SchemaRegistryClient({"url": rest.url})
    context = SerializationContext(lines.topic, MessageField.VALUE)
    read = AvroDeserializer(client)
    values = [read(message.value(), context) for message in kafka.raw(lines.topic)]
    assert values == lines.written
    there = client.get_latest_version(f"{lines.topic}-value").schema.schema_str
    for options in ({}, {"auto.register.schemas": False}, {"auto.register.schemas": False, "use.latest.version": True}):
        write = AvroSerializer(client, there, conf=options)
        assert write("one more", context)[:5] == kafka.raw(lines.topic)[0].value()[:5]
    with pytest.raises(SchemaRegistryError) as refusal:
        AvroSerializer(SchemaRegistryClient({"url": rest.url}), '"int"')(7, context)
    assert refusal.value.error_code == 42205 and "only connectors" in refusal.value.error_message


def test_milvus_rows(pipeline, name):
    """An envelope, its key and the DDL stream by Confluent's deserializer and by fastavro."""
    create(pipeline.source, name, loaded=True).insert([row(key) for key in range(20)])
    pipeline.same_rows(name)
    records = pipeline.stream.rows(name)
    assert len(records) == 20
    rest = ConnectRest(pipeline.kitestream.rest)
    client, topic = SchemaRegistryClient({"url": rest.url}), pipeline.stream.topic(name)
    assert {f"{topic}-key", f"{topic}-value", f"{name}.ddl-value", f"{name}.heartbeat-value"} <= set(client.get_subjects())
    read = AvroDeserializer(client)
    messages = pipeline.kafka.raw(topic)
    assert [read(one.value(), SerializationContext(topic, MessageField.VALUE)) for one in messages] == \
        [one.value for one in records]
    assert [read(one.key(), SerializationContext(topic, MessageField.KEY)) for one in messages] == \
        [one.key for one in records]
    value = messages[0].value()
    text = requests.get(f"{rest.url}/schemas/ids/{int.from_bytes(value[1:5], 'big')}/schema", timeout=60).text
    parsed = fastavro.parse_schema(json.loads(text))
    assert fastavro.schemaless_reader(io.BytesIO(value[5:]), parsed) == records[0].value
    # As fastavro writes it again: names with their namespace.
    again = Schema(json.dumps({one: value for one, value in parsed.items() if not one.startswith("__")}), "AVRO")
    assert client.lookup_schema(f"{topic}-value", again).schema_id == int.from_bytes(value[1:5], "big")


def _evolved(envelope, change):
    """The envelope's schema after `change` was made to the fields of its row."""
    schema = json.loads(envelope)
    change(schema["fields"][0]["type"][1]["fields"])  # before: null or the row
    return Schema(json.dumps(schema), "AVRO")


# What may be done to a row's fields, and whether readers can still read what was written before.
EVOLUTIONS = [
    (lambda fields: fields.append({"name": "new", "type": ["null", {"type": "long", "milvus.type": "Int64"}], "default": None}), True),
    (lambda fields: fields.pop(), True),
    (lambda fields: fields[1].update(doc="as it is now"), True),
    (lambda fields: fields[1]["type"][1].update({"milvus.nullable": True}), True),
    (lambda fields: fields.append({"name": "new", "type": "long"}), False),
    (lambda fields: fields[0].update(name="other_key"), False),
    (lambda fields: fields[1].update(type=["null", "boolean"]), False),
    (lambda fields: fields[2].update(type="string", default=""), False),
]


def test_evolution(pipeline, parts, name):
    """A collection altered as far as this Milvus can; the rest as a newer one would, judged by two registries."""
    collection = create(pipeline.source, name, loaded=True)
    collection.insert([row(key) for key in range(10)])
    pipeline.same_rows(name)
    for days in (10, 20):  # Milvus 2.3.5 writes an altered property with the next change only
        collection.set_properties({"collection.ttl.seconds": days * 86400})
    collection.insert([row(key) for key in range(10, 20)])
    pipeline.same_rows(name)
    pipeline.ddl_arrives(lambda: "alter_collection" in pipeline.stream.kinds(name), "the altered property")
    assert len(pipeline.stream.rows(name)) == 20
    ours = SchemaRegistryClient({"url": pipeline.kitestream.rest})
    theirs = SchemaRegistryClient({"url": parts.env["REGISTRY_URL"]})
    subject = f"{pipeline.stream.topic(name)}-value"
    envelope = ours.get_latest_version(subject).schema.schema_str
    theirs.register_schema(subject, Schema(envelope, "AVRO"))
    theirs.set_compatibility(subject, "BACKWARD")
    for change, compatible in EVOLUTIONS:
        changed = _evolved(envelope, change)
        assert ours.test_compatibility(subject, changed) is compatible, changed.schema_str
        assert theirs.test_compatibility(subject, changed) is compatible, changed.schema_str
