"""A schema registry that is not ours: Apicurio, for its Confluent-compatible API."""

import json
import urllib.request

import pytest

from samples import create, row
from pipeline import Pipeline
from stream import RegistrySchemas, Stream


@pytest.fixture
def registered(parts, kitestream, kafka, source, target, name):
    url = parts.env["REGISTRY_URL"]
    for side in ("key", "value"):
        kitestream.worker[f"{side}.converter.schema.registry.url"] = url
    made = Pipeline(kitestream, Stream(kafka, name, RegistrySchemas(url)), source, target, kafka, name)
    made.configure()
    made.start()
    yield made
    made.clean_up()


def test_schemas_are_in_the_registry(registered, parts, name):
    create(registered.source, name, loaded=True).insert([row(key) for key in range(20)])
    registered.same_rows(name)
    assert len(registered.same_stream(name)) == 20
    with urllib.request.urlopen(f"{parts.env['REGISTRY_URL']}/subjects", timeout=10) as answer:
        subjects = json.load(answer)
    topic = registered.stream.topic(name)
    assert {f"{topic}-key", f"{topic}-value", f"{name}.ddl-value"} <= set(subjects)
