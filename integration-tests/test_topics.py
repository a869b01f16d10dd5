"""Names and settings of topics: transforms of the RegexRouter kind, topic.creation.*, compaction.
"""

import re

import pytest
from confluent_kafka.admin import ConfigResource

import wait
from kitestream import SINK_CLASS, plugin_path
from parts import ROOT
from rest_lines import Lines, started
from samples import create, row

ROUTER = "org.apache.kafka.connect.transforms.RegexRouter"


def router(alias, regex, replacement, kind=ROUTER):
    return {f"transforms.{alias}.type": kind, f"transforms.{alias}.regex": regex,
            f"transforms.{alias}.replacement": replacement}


def configs(kafka, topic):
    wanted = ConfigResource(ConfigResource.Type.TOPIC, topic)
    return {name: entry.value for name, entry in kafka.admin.describe_configs([wanted])[wanted].result(30).items()}


def _task(pipeline, connector, state):
    """What its status says, once it is in that state."""
    def seen():
        found = pipeline.kitestream.task_status(pipeline.kafka, connector)
        return found if found.get("state") == state else None
    return pipeline.kitestream.wait_for(seen, 60, f"{connector} {state}")


# Any connector

def test_lines_are_routed__and_their_topic_made_by_its_group(runtime, kafka):
    lines = Lines(runtime, kafka)
    plain, lines.topic = lines.topic, f"{runtime.name}-lines.routed"
    config = lines.source_config() | {"topic": plain, "transforms": "cut, put", "topic.creation.groups": "other, routed"}
    config |= router("cut", r"(.*)\.(\w+)", "$1-$2")
    config |= router("put", r".*-(?<what>lines)", f"{runtime.name}-${{what}}.routed", "RegexRouter")
    config |= {"topic.creation.other.include": re.escape(plain), "topic.creation.routed.include": r"no, .*\.routed",
               "topic.creation.routed.partitions": "2", "topic.creation.routed.retention.ms": "7200000",
               "topic.creation.default.retention.bytes": "12345"}
    rest = started(runtime)
    rest.expect(201, "POST", "/connectors", {"name": lines.name, "config": config})
    lines.write(500)
    lines.wait_published()
    runtime.kill()
    lines.write(10)
    runtime.start()
    rest.wait_up()
    lines.create_sink(rest)
    lines.wait_sunk()
    assert sorted(lines.published()) == sorted(lines.written)
    assert plain not in kafka.topics(runtime.name) and kafka.partitions(lines.topic) == 2
    settings = configs(kafka, lines.topic)
    assert settings["retention.ms"] == "7200000" and settings["retention.bytes"] != "12345"
    assert rest.ok("GET", f"/connectors/{lines.name}/topics")[lines.name]["topics"] == [lines.topic]


def test_what_the_brokers_refuse_names_the_group(runtime, kafka):
    lines = Lines(runtime, kafka)
    rest = started(runtime)
    config = lines.source_config() | {"topic.creation.default.nobody.knows": "1"}
    rest.expect(201, "POST", "/connectors", {"name": lines.name, "config": config})
    lines.write(1)
    rest.wait_state(lines.name, "RUNNING", ["FAILED"])
    trace = rest.ok("GET", f"/connectors/{lines.name}/tasks/0/status")["trace"]
    assert "topic.creation.default" in trace and "nobody.knows" in trace


WRONG = (
    ({"transforms": "f", "transforms.f.type": "org.apache.kafka.connect.transforms.Filter"}, "transforms.f.type"),
    ({"transforms": "r"} | router("r", "(", "x"), "transforms.r.regex"),
    ({"transforms": "r"} | router("r", "(a)", "$2"), "transforms.r.replacement"),
    ({"transforms": "r", "transforms.r.predicate": "p"} | router("r", "a", "b"), "transforms.r.predicate"),
    ({"topic.creation.groups": "g"}, "topic.creation.g.include"),
    ({"topic.creation.default.partitions": "0"}, "topic.creation.default.partitions"),
)


def test_validation_names_the_option(runtime, kafka, name):
    rest = started(runtime, **{"plugin.path": f"{runtime.worker['plugin.path']},{plugin_path(ROOT)}"})

    def faults(config):
        plugin = config["connector.class"].rsplit(".", 1)[1]
        infos = rest.ok("PUT", f"/connector-plugins/{plugin}/config/validate", config | {"name": name})
        return {one["value"]["name"]: one["value"]["errors"] for one in infos["configs"] if one["value"]["errors"]}
    for wrong, option in WRONG:
        assert set(faults(Lines(runtime, kafka).source_config() | wrong)) == {option}, wrong
    # The Milvus sink finds its topics itself.
    found = faults({"connector.class": SINK_CLASS, "topic.prefix": name, "milvus.uri": "localhost:1", "transforms": "r"}
                   | router("r", "a", "b"))
    assert set(found) == {"transforms"} and "collection.mapping" in found["transforms"][0]


# A Milvus stream

@pytest.fixture
def routed(unstarted, name):
    """Rows, metadata and heartbeats each in a topic with another name."""
    route = {"transforms": "rows,rest", **router("rows", rf"{name}\.default\.(.*)", f"{name}-rows_$1"),
             **router("rest", r"([^.]*)\.(ddl|heartbeat)", "$1-$2-of-it")}
    unstarted.configure(source=route | {
        "topic.creation.groups": "rows", "topic.creation.rows.include": f"{name}-rows_.*",
        "topic.creation.rows.retention.ms": "7200000", "topic.creation.default.partitions": "3",
        "topic.creation.default.retention.ms": "3600000", "topic.creation.default.segment.bytes": "10485760"},
        sink={"ddl.topic": f"{name}-ddl-of-it"})
    stream = unstarted.stream
    stream.ddl_topic, stream.heartbeat_topic = f"{name}-ddl-of-it", f"{name}-heartbeat-of-it"
    stream.topic = lambda collection, database="default": f"{name}-rows_{collection}"
    return unstarted.start()


def test_a_routed_stream__through_kills(routed, source, kafka, name):
    made = create(source, name, loaded=True)
    made.insert([row(key) for key in range(300)])
    routed.kitestream.wait_for(lambda: routed.stream.rows(name), 60, "rows on the routed topic")
    routed.kitestream.kill()
    made.upsert([row(key, text="again") for key in range(100, 200)])
    made.delete("id in [0, 1, 2]")
    routed.kitestream.start()
    routed.same_rows(name)
    rows = routed.same_stream(name)
    assert len(rows) == 297 and rows[150][0]["text"] == "again"
    ops = [record.op for record in routed.stream.rows(name) if record.value]
    assert (ops.count("c"), ops.count("u"), ops.count("d")) == (300, 100, 3)

    topic, ddl = routed.stream.topic(name), routed.stream.ddl()
    assert {one["topic"] for one in ddl if one["collection"] == name} == {topic}
    made.create_partition("p")
    routed.ddl_arrives(lambda: "create_partition" in routed.stream.kinds(name), "create_partition")
    after = next(one for one in routed.stream.ddl() if one["kind"] == "create_partition")["after"]
    assert after and {one["topic"] for one in after} == {topic}
    routed.caught_up()
    assert topic in {one["topic"] for one in routed.stream.heartbeats()[-1]["offsets"]}
    assert not kafka.topics(f"{name}."), "a topic with its plain name"

    assert kafka.partitions(topic) == 3 and kafka.partitions(routed.stream.ddl_topic) == 1
    assert configs(kafka, topic)["retention.ms"] == "7200000"
    kept = configs(kafka, routed.stream.ddl_topic)
    assert (kept["retention.ms"], kept["cleanup.policy"], kept["segment.bytes"]) == ("-1", "delete", "10485760")
    assert "partitions=3, retention.ms=3600000" in routed.kitestream.log

    # Other transforms: without its history the source does not start.
    kitestream = routed.kitestream
    config = next(one["config"] for one in kitestream.connectors if one["name"] == f"{name}-source")
    wanted = config["transforms.rest.replacement"]
    kitestream.stop()
    config["transforms.rest.replacement"] = "$1-$2-elsewhere"
    kitestream.start()
    assert "transforms" in _task(routed, "source", "FAILED")["trace"]
    kitestream.stop()
    config["transforms.rest.replacement"] = wanted
    made.insert([row(key) for key in range(500, 520)])
    kitestream.start()
    routed.same_rows(name)
    assert len(routed.same_stream(name)) == 317


def test_two_collections_of_one_topic__are_refused(unstarted, source, name):
    unstarted.configure(source={"transforms": "all"} | router("all", rf"{name}\.default\.{name}.*", f"{name}-all"))
    unstarted.start()
    create(source, name)
    unstarted.ddl_arrives(lambda: unstarted.stream.kinds(name), "the first collection")
    create(source, f"{name}_2")
    trace = _task(unstarted, "source", "FAILED")["trace"]
    assert f"collection default.{name} and collection default.{name}_2 would share the topic {name}-all" in trace


# Compaction

QUICK = {f"topic.creation.default.{option}": value for option, value in {
    "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "100",
    "max.compaction.lag.ms": "100"}.items()}


def _compacted(pipeline, collection, made, marker, is_done):
    """Waits until Kafka has compacted that much of the topic; each row that is written closes a segment."""
    written = iter(range(marker, marker + 1000))

    def is_compacted():
        made.upsert([row(next(written))])
        pipeline.caught_up()
        return is_done(pipeline.stream.rows(collection))
    wait.until(is_compacted, 120, f"compaction of {pipeline.stream.topic(collection)}", every_s=2)


def _sink_is(pipeline, sink, state):
    pipeline.kitestream.stop()
    sink["state"] = state
    pipeline.kitestream.start()


def test_a_compacted_flat_stream__gives_a_new_sink_everything(unstarted, source, kafka, name):
    unstarted.configure(source=QUICK | {"change.shape": "flat"})
    kitestream = unstarted.kitestream
    sink = next(one for one in kitestream.connectors if one["class"] == SINK_CLASS)
    sink["state"] = "stopped"
    unstarted.start()
    made = create(source, name, loaded=True)
    for at in range(5):
        made.upsert([row(key, text=f"round {at}") for key in range(200)])
    made.delete(f"id in {list(range(50))}")
    unstarted.caught_up()
    assert configs(kafka, unstarted.stream.topic(name))["cleanup.policy"] == "compact"
    assert configs(kafka, unstarted.stream.ddl_topic)["cleanup.policy"] == "delete"
    _compacted(unstarted, name, made, 10000, lambda rows: len(rows) < 400)  # of 1050
    made.create_partition("after_the_holes")
    _sink_is(unstarted, sink, "running")
    unstarted.same_rows(name)
    unstarted.same_shape(name)

    # A sink that stands still misses deletes between two inserts: it must not double the rows.
    _sink_is(unstarted, sink, "stopped")
    again = set(range(50, 100))
    made.delete(f"id in {sorted(again)}")
    made.insert([row(key, text="again") for key in again])
    _compacted(unstarted, name, made, 20000,
               lambda rows: not any(one.value is None and one.key["id"] in again for one in rows))
    _sink_is(unstarted, sink, "running")
    unstarted.same_rows(name)
    assert source.rows(name, [60])[60]["text"] == "again"
