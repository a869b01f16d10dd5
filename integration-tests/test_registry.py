"""Schema registries that are not ours: Apicurio, for its Confluent-compatible API; and our own behind TLS and a login."""

import base64

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from certificates import certificate
from kitestream import Kitestream, free_port
from parts import ROOT
from pipeline import Pipeline
from registry_proxy import RegistryProxy
from rest_lines import Lines, started
from samples import create, row
from stream import RegistrySchemas, Stream

AVRO = "io.confluent.connect.avro.AvroConverter"
STRATEGIES = "io.confluent.kafka.serializers.subject"


@pytest.fixture(scope="module")
def apicurio(parts):
    """Its client; every subject is BACKWARD compatible, as it is with Confluent's registry by default."""
    client = SchemaRegistryClient({"url": parts.env["REGISTRY_URL"]})
    client.set_compatibility(level="BACKWARD")
    return client


@pytest.fixture
def proxies(parts, apicurio):
    """Makes addresses in front of Apicurio."""
    made = []

    def make(**options):
        made.append(RegistryProxy(parts.env["REGISTRY_URL"], **options).start())
        return made[-1]
    yield make
    for proxy in made:
        proxy.stop()


def _set(worker, **options):
    for side in ("key", "value"):
        for option, value in options.items():
            worker[f"{side}.converter.{option.replace('_', '.')}"] = value


@pytest.fixture
def registered(parts, apicurio, kitestream, kafka, source, target, name):
    """A pipeline with Apicurio for both ends; not started."""
    url = parts.env["REGISTRY_URL"]
    _set(kitestream.worker, schema_registry_url=url)
    made = Pipeline(kitestream, Stream(kafka, name, RegistrySchemas(url)), source, target, kafka, name)
    made.configure()
    yield made
    made.clean_up()


def _rows(pipeline, collection, count=20):
    create(pipeline.source, collection, loaded=True).insert([row(key) for key in range(count)])
    pipeline.same_rows(collection)


def test_schemas_are_in_the_registry(registered, apicurio, name):
    registered.start()
    _rows(registered, name)
    assert len(registered.same_stream(name)) == 20
    topic = registered.stream.topic(name)
    assert {f"{topic}-key", f"{topic}-value", f"{name}.ddl-value"} <= set(apicurio.get_subjects())


def test_tls_login_and_failover(registered, proxies, folder, name):
    """The first address is dead, the second dies, then the third: what is new waits, and goes on."""
    server, client = certificate(folder, "server"), certificate(folder, "client")
    login = "Basic " + base64.b64encode(b"jo:pass:word").decode()
    first, second = (proxies(certificate=server, clients=client, authorization=login) for _ in range(2))
    store = folder / "client.pem"
    store.write_bytes(client.read_bytes() + client.with_suffix(".key").read_bytes())
    _set(registered.kitestream.worker, schema_registry_url=f"http://127.0.0.1:1,{first.url},{second.url}",
         basic_auth_credentials_source="USER_INFO", basic_auth_user_info="jo:pass:word",
         schema_registry_ssl_ca_location=str(server), schema_registry_ssl_keystore_location=str(store),
         schema_registry_ssl_keystore_type="PEM")
    registered.start()
    _rows(registered, name)
    assert first.asked and not second.asked
    first.stop()
    _rows(registered, f"{name}_second")
    assert second.asked
    second.stop()
    collection = create(registered.source, f"{name}_third", loaded=True)
    collection.insert([row(key) for key in range(20)])

    def waits():
        waiting = registered.kitestream.task_status(registered.kafka, "source").get("waiting") or ""
        assert "none of the 3 addresses of schema.registry.url answers" in waiting, waiting
        return True
    registered.kitestream.wait_for(waits, 60, "a status that names the registry")
    first.start()
    registered.same_rows(f"{name}_third")
    assert "pass:word" not in registered.kitestream.log


def test_worker_as_the_registry_of_another(pipeline_of_two, name):
    """Source with its own registry, behind TLS; the sink's worker asks it by a login that may only read."""
    _rows(pipeline_of_two, name)


@pytest.fixture
def pipeline_of_two(parts, kitestream, folder, kafka, source, target, stream, name):
    server = certificate(folder, "server")
    (folder / "users").write_text("admin=s3cret\nreader=r3ader\n", encoding="utf-8")
    kitestream.worker |= {"listeners": kitestream.rest.replace("http://", "https://"),
                          "listeners.https.ssl.certificate.location": str(server),
                          "listeners.https.ssl.key.location": str(server.with_suffix(".key")),
                          "rest.auth.users.file": str(folder / "users"), "rest.auth.read.only": "reader"}
    made = Pipeline(kitestream, stream, source, target, kafka, name)
    made.configure()
    sink_folder = folder / "sink"
    sink_folder.mkdir()
    second = Kitestream(ROOT, sink_folder, parts, f"{name}_2")
    second.connectors = [kitestream.connectors.pop()]
    second.worker["listeners"] = f"http://127.0.0.1:{free_port()}"
    _set(second.worker, schema_registry_url=kitestream.rest, schema_registry_ssl_truststore_location=str(server),
         schema_registry_ssl_truststore_type="PEM", basic_auth_credentials_source="USER_INFO",
         basic_auth_user_info="reader:r3ader")
    made.start()
    second.start()
    yield made
    second.end()
    made.clean_up()
    assert "r3ader" not in second.log
    kafka.delete(f"{name}_2")


def test_subjects_by_record(registered, apicurio, name):
    _set(registered.kitestream.worker, key_subject_name_strategy=f"{STRATEGIES}.RecordNameStrategy",
         value_subject_name_strategy=f"{STRATEGIES}.TopicRecordNameStrategy")
    registered.start()
    _rows(registered, name)
    topic = registered.stream.topic(name)
    assert {f"{topic}.Key", f"{topic}-{topic}.Envelope", f"{name}.ddl-io.kitestream.Ddl"} <= \
        set(apicurio.get_subjects())


# Lines of a file: their schema is "string"

@pytest.fixture
def lines(runtime, kafka, parts, apicurio):
    """Registered in Apicurio, not started."""
    runtime.worker |= {"key.converter": AVRO, "value.converter": AVRO}
    _set(runtime.worker, schema_registry_url=parts.env["REGISTRY_URL"])
    return Lines(runtime, kafka)


def _fails(rest, lines):
    status = rest.wait_state(lines.name, "RUNNING", ["FAILED"])
    return status["tasks"][0]["trace"]


def _goes_on(rest, lines, count):
    rest.expect(204, "POST", f"/connectors/{lines.name}/tasks/0/restart")
    lines.runtime.wait_for(lambda: len(lines._kafka.raw(lines.topic)) >= count, 60, "lines")


def test_a_schema_that_is_refused(lines, apicurio):
    subject = f"{lines.topic}-value"
    apicurio.register_schema(subject, Schema('"int"', "AVRO"))
    rest = started(lines.runtime)
    lines.create(rest)
    lines.write(5)
    trace = _fails(rest, lines)
    assert "HTTP 409" in trace and subject in trace and "compatibility rule" in trace, trace
    apicurio.delete_subject(subject)
    _goes_on(rest, lines, 5)


def test_without_registering(lines, apicurio):
    _set(lines.runtime.worker, auto_register_schemas="false")
    rest = started(lines.runtime)
    lines.create(rest)
    lines.write(5)
    trace = _fails(rest, lines)
    assert "auto.register.schemas=false" in trace and "HTTP 404" in trace, trace
    apicurio.register_schema(f"{lines.topic}-value", Schema('"string"', "AVRO"))
    _goes_on(rest, lines, 5)


def test_latest_version(lines, apicurio):
    """Lines go out as the registry's last version has them: bytes, under its id."""
    _set(lines.runtime.worker, auto_register_schemas="false", use_latest_version="true")
    subject = f"{lines.topic}-value"
    apicurio.register_schema(subject, Schema('"int"', "AVRO"))
    rest = started(lines.runtime)
    lines.create(rest)
    lines.write(5)
    trace = _fails(rest, lines)
    assert f"use.latest.version: subject {subject}" in trace and "string was written, int is to be read" in trace, trace
    apicurio.delete_subject(subject)
    schema_id = apicurio.register_schema(subject, Schema('"bytes"', "AVRO"))
    _goes_on(rest, lines, 5)
    messages = lines._kafka.raw(lines.topic)
    assert {int.from_bytes(one.value()[1:5], "big") for one in messages} == {schema_id}
    read, context = AvroDeserializer(apicurio), SerializationContext(lines.topic, MessageField.VALUE)
    assert [read(one.value(), context).decode() for one in messages] == lines.written


def test_login_by_token(lines, proxies):
    proxy = proxies(authorization="Bearer a-token")
    _set(lines.runtime.worker, schema_registry_url=proxy.url, bearer_auth_credentials_source="STATIC_TOKEN",
         bearer_auth_token="another-token")
    rest = started(lines.runtime)
    lines.create(rest)
    lines.write(5)
    trace = _fails(rest, lines)
    assert "HTTP 401" in trace and "bearer.auth.token" in trace and "another-token" not in trace, trace
    config = lines.source_config() | {"value.converter": AVRO, "value.converter.bearer.auth.token": "a-token"}
    rest.expect(200, "PUT", f"/connectors/{lines.name}/config", config)
    lines.runtime.wait_for(lambda: len(lines._kafka.raw(lines.topic)) >= 5, 60, "lines")
    assert ("POST", f"/subjects/{lines.topic}-value/versions") in proxy.asked
