"""Everything with passwords: Kafka by SASL, etcd by TLS and users, both Milvus by token."""

import pytest

from samples import create, row
from kitestream import Kitestream
from milvus_server import Milvus
from parts import ROOT, Parts
from pipeline import Pipeline
from stream import Kafka, Stream, TopicSchemas


@pytest.fixture(scope="module")
def guarded():
    opened = Parts.open_with_auth()
    yield opened
    opened.close()


@pytest.fixture
def guarded_pipeline(guarded, folder, name):
    """Configured, not started: what the user has to say is in `secrets`."""
    env = guarded.env
    kafka = Kafka(guarded.kafka_client)
    kitestream = Kitestream(ROOT, folder, guarded, name)
    stream = Stream(kafka, name, TopicSchemas(kafka, kitestream.worker["schema.storage.topic"]))
    servers = [Milvus(f"{part} with token", env[f"{part.upper()}_URI"], env["MILVUS_TOKEN"])
               for part in ("source", "target")]
    made = Pipeline(kitestream, stream, *servers, kafka, name)
    yield made
    kitestream.end()
    made.clean_up()
    for server in servers:
        server.close()


def secrets(env):
    of_kafka = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
                "sasl.username": env["KAFKA_USERNAME"], "sasl.password": env["KAFKA_PASSWORD"]}
    source = {f"milvus.kafka.{option}": value for option, value in of_kafka.items()} | {
        "milvus.etcd.tls.enabled": "true",
        "milvus.etcd.username": env["ETCD_USERNAME"], "milvus.etcd.password": env["ETCD_PASSWORD"],
        "milvus.etcd.tls.ca.file": f"{env['CERTS']}/ca.pem",
        "milvus.etcd.tls.cert.file": f"{env['CERTS']}/client.pem",
        "milvus.etcd.tls.key.file": f"{env['CERTS']}/client.key"}
    return source, {"milvus.token": env["MILVUS_TOKEN"]}


def test_rows_flow_and_no_secret_is_logged(guarded_pipeline, guarded, name):
    pipeline, env = guarded_pipeline, guarded.env
    pipeline.configure(*secrets(env))
    pipeline.start()
    create(pipeline.source, name, loaded=True).insert([row(key) for key in range(50)])
    pipeline.same_rows(name)
    for secret in (env["KAFKA_PASSWORD"], env["ETCD_PASSWORD"], env["MILVUS_TOKEN"]):
        assert secret not in pipeline.kitestream.log


@pytest.mark.parametrize("side, option, names", [
    ("source", "milvus.etcd.password", "etcd"), ("source", "milvus.kafka.sasl.password", "Kafka"),
    ("sink", "milvus.token", "Milvus")])
def test_wrong_password(guarded_pipeline, guarded, side, option, names):
    pipeline = guarded_pipeline
    source, sink = secrets(guarded.env)
    (source if side == "source" else sink)[option] = "root:wrong-secret"
    pipeline.configure(source, sink)
    pipeline.kitestream.start()

    def said():
        status = pipeline.kitestream.task_status(pipeline.kafka, side)
        text = f"{status.get('trace')} {status.get('waiting')}"
        assert names.lower() in text.lower() and ("auth" in text.lower() or "password" in text.lower()), status
        assert "wrong-secret" not in text
        return True

    pipeline.kitestream.wait_for(said, 60, "a status that names the password's owner")
    assert "wrong-secret" not in pipeline.kitestream.log
