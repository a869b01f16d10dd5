"""The parts themselves, and the helpers that judge: what they say must be true before anything else is."""

import pytest

import wait
from samples import create, row
from milvus_server import differences, shape
from stream import Record, materialised


def test_insert_reaches_the_message_queue(parts, source, kafka, name):
    made = create(source, name)
    marker = f"marker-{name}"
    made.insert([row(1, text=marker)])
    prefix = parts.env["SOURCE_CHANNEL_PREFIX"]

    def seen():
        topics = [topic for topic in kafka.topics(prefix) if "rootcoord-dml" in topic]
        return any(marker.encode() in (one.value() or b"") for topic in topics for one in kafka.raw(topic))

    wait.until(seen, 30, "the row on a topic of the source")
    made.drop()


def test_differences_are_found(source, target, name):
    for server in (source, target):
        create(server, name, loaded=True)
        server.collection(name).insert([row(key) for key in range(2000)])
    assert differences(source, target, name) == []
    assert shape(source, name) == shape(target, name)
    target.collection(name).upsert([row(7, text="other")])
    assert [one.split(":")[0] for one in differences(source, target, name)] == ["key 7"]
    target.collection(name).delete("id in [8]")
    assert differences(source, target, name) == ["2000 rows in the source, 1999 in the target"]
    for server in (source, target):
        server.collection(name).drop()


@pytest.mark.outage
def test_one_part_stops_and_comes_back(parts, target, name):
    """On the same address, with what it held."""
    create(target, name)
    with parts.away("target"):
        pass
    wait.until(lambda: target.has(name), 30, "the collection after a restart")
    target.collection(name).drop()


def test_materialised__last_write_wins_and_duplicates_stay():
    def change(op, key, after):
        return Record("t", 0, 0, {"id": key}, {"op": op, "before": None, "after": after}, {}, 0)

    records = [change("c", 1, "a"), change("c", 1, "b"), change("c", 2, "x"), change("u", 2, "y"),
               change("c", 3, "z"), change("d", 3, None), Record("t", 0, 0, {"id": 3}, None, {}, 0)]
    assert materialised(records, "id") == {1: ["a", "b"], 2: ["y"]}
