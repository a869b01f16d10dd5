"""Rows are where a Java producer would have put them, so that what others write can be joined with them: 10,000 keys, as
records and bare, of numbers and of text.
"""

import itertools
import json
import pathlib
import random
import subprocess
import sys

import pytest
from confluent_kafka.admin import NewTopic
from pymilvus import DataType

from parts import ROOT
from pipeline import TICKING
from samples import create, row, schema

sys.path.insert(0, str(ROOT / "scripts"))
from realparts import cache  # noqa: E402

PROGRAM = pathlib.Path(__file__).parent / "readers/Partitions.java"
KEYS, BATCH, PARTITIONS = 10_000, 2000, 7


def keys(of):
    """From one byte to the largest."""
    chosen = random.Random(of)
    if of == "long":
        wanted = {chosen.randrange(-2**63, 2**63) >> chosen.randrange(64) for _ in range(KEYS * 2)}
    else:
        wanted = {"".join(chosen.choices("abcXYZ 019_-/äß日本", k=chosen.randrange(20))) for _ in range(KEYS * 2)}
    return chosen.sample(sorted(wanted), KEYS)


def java(parts, pairs):
    done = subprocess.run(["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
                           f"{cache.kafka_jars()}/*", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", PROGRAM,
                           parts.env["KAFKA_BOOTSTRAP"], *itertools.chain(*pairs)], capture_output=True, text=True,
                          timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def collections(source, name):
    """One with numbers as keys, one with text."""
    if not source.has(TICKING):
        create(source, TICKING, shards=1)
    made = {"long": create(source, f"{name}_long"), "string": create(source, f"{name}_string", of=schema(DataType.VARCHAR))}
    yield made
    for one in made.values():
        one.drop()


def test_java_producer_chooses_the_same_partition(parts, kitestream, collections, kafka, name):
    shapes = ("record", "primitive")
    for shape in shapes:
        kitestream.source(name=shape, topic_prefix=f"{name}_{shape}", key_shape=shape, topic_partitions=PARTITIONS,
                          collection_include_list=rf"default\.{name}_.*")
    kitestream.start()
    wanted = {of: keys(of) for of in collections}
    topics = [f"{name}_{shape}.default.{name}_{of}" for shape in shapes for of in collections]
    kitestream.wait_for(lambda: set(topics) <= set(kafka.topics(name)), 60, "the topics")
    others = [f"{name}-{at}" for at in range(len(topics))]
    for done in kafka.admin.create_topics([NewTopic(other, PARTITIONS, 1) for other in others]).values():
        done.result()
    for of, one in collections.items():
        for at in range(0, KEYS, BATCH):
            one.insert([row(key, number=0) for key in wanted[of][at:at + BATCH]])
    for topic in topics:
        assert kafka.partitions(topic) == PARTITIONS
        kitestream.wait_for(lambda: len(kafka.raw(topic)) == KEYS, 60, f"{KEYS} rows in {topic}")
    everywhere = {"written": KEYS, "partitions": PARTITIONS, "elsewhere": 0}
    assert java(parts, zip(topics, others)) == [everywhere] * len(topics)
