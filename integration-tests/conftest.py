"""Fixtures: the parts of the session, and for each test a name, both servers, the stream and the program."""

import os
import pathlib
import re
import secrets
from urllib.parse import quote

import pytest

from connect_rest import ConnectRest
from kitestream import Kitestream, program
from lone_source import LoneSource
from milvus_server import Milvus
from parts import ROOT, Parts
from pipeline import Pipeline
from stream import Kafka, Stream, TopicSchemas

pytest_plugins = ["cdc", "counting", "rest_lines"]  # their fixtures


@pytest.fixture(scope="session")
def parts():
    opened = Parts.open()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def kills():
    """How often the kill loops kill."""
    return int(os.environ.get("KITESTREAM_KILLS", "10"))


@pytest.fixture(scope="session")
def source(parts):
    yield from _server("source", parts.env["SOURCE_URI"], parts)


@pytest.fixture(scope="session")
def target(parts):
    yield from _server("target", parts.env["TARGET_URI"], parts)


def _server(name, address, parts):
    server = Milvus(name, address, parts.env.get("MILVUS_TOKEN", ""))
    yield server
    server.close()


@pytest.fixture(scope="session")
def kafka(parts):
    return Kafka(parts.kafka_client)


@pytest.fixture
def name(request):
    """Unique for each run of each test: prefix of topics, suffix of groups, name of collections."""
    short = re.sub(r"\W+", "_", request.node.name.removeprefix("test_"))[:30].strip("_")
    return f"{short}_{secrets.token_hex(3)}"


@pytest.fixture
def folder(request, tmp_path, name):
    """Where the test's files go; kept below KITESTREAM_LOG_DIR if that is set."""
    kept = os.environ.get("KITESTREAM_LOG_DIR")
    if not kept:
        return tmp_path
    path = pathlib.Path(kept) / name
    path.mkdir(parents=True)
    return path


@pytest.fixture
def kitestream(parts, kafka, folder, name):
    """Not started yet. What a test leaves running is killed, and its topics are deleted."""
    assert pathlib.Path(program(ROOT)).exists(), f"{program(ROOT)} has not been built"
    started = Kitestream(ROOT, folder, parts, name)
    yield started
    started.end()
    kafka.delete(name)


@pytest.fixture
def connect(parts):
    """A real Kafka Connect worker, without the connectors that a test which failed has left."""
    with parts.beside("connect"):
        rest = ConnectRest(parts.env["CONNECT_URL"]).wait_up()
        for name in rest.ok("GET", "/connectors"):
            rest.expect(204, "DELETE", f"/connectors/{quote(name, safe='')}")
        yield rest


@pytest.fixture
def stream(kafka, kitestream, name):
    return Stream(kafka, name, TopicSchemas(kafka, kitestream.worker["schema.storage.topic"]))


@pytest.fixture
def unstarted(kitestream, stream, source, target, kafka, name):
    """Source and sink for what is called after the test; not configured yet."""
    made = Pipeline(kitestream, stream, source, target, kafka, name)
    yield made
    made.clean_up()


@pytest.fixture
def pipeline(unstarted):
    """Started and past its first cut."""
    unstarted.configure()
    return unstarted.start()


@pytest.fixture(scope="session")
def source_parts():
    """A source Milvus that only the tests of the source use."""
    opened = Parts.open_source()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def lone_server(source_parts):
    yield from _server("lone source", source_parts.env["SOURCE_URI"], source_parts)


@pytest.fixture
def lone(source_parts, lone_server, folder, name):
    """A source connector without a sink, configured, not started. Ends with an empty Milvus."""
    kafka = Kafka(source_parts.kafka_client)
    kitestream = Kitestream(ROOT, folder, source_parts, name)
    kitestream.source()
    made = LoneSource(kitestream, Stream(kafka, name, TopicSchemas(kafka, kitestream.worker["schema.storage.topic"])),
                      lone_server, kafka, source_parts)
    yield made
    kitestream.end()
    made.clean_up()
    kafka.delete(name)
