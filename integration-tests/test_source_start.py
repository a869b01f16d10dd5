"""Where a source begins, and what it captures."""

import datetime
import time

from pymilvus import utility

import wait
from samples import create, row


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="milliseconds")


def between():
    """A moment after all that was written so far, and before what will be."""
    moment = time.time() + 0.5
    wait.until(lambda: time.time() > moment + 0.5, 5, "the next second")
    return moment


def test_latest__says_whose_rows_are_left_out(lone, name):
    full, empty = f"{name}_full", f"{name}_empty"
    made = create(lone.server, full, shards=1)
    made.insert([row(1)])
    made.flush()
    create(lone.server, empty, shards=1)
    lone.start()
    made.insert([row(2)])
    lone.wait_keys(full, [2])
    assert all(one["snapshot"] for one in lone.stream.ddl())
    lone.kitestream.wait_log(rf"{full} exists already: rows")
    assert f"{empty} exists already: rows" not in lone.kitestream.log

    def said():
        assert f"default.{full}" in (lone.status().get("waiting") or ""), lone.status()
        return True
    lone.kitestream.wait_for(said, 20, "a status that names the collection")
    assert empty not in lone.status()["waiting"]


def test_earliest__rows_of_living_collections_after_all_metadata(lone, name):
    """What has been dropped before cannot be told any more: its rows are left out. Partitions that exist are
    part of the create."""
    old, gone, new = f"{name}_old", f"{name}_gone", f"{name}_new"
    made = create(lone.server, old, shards=1)
    made.insert([row(1)])
    create(lone.server, gone, shards=1).insert([row(9)])
    lone.server.drop(gone)
    made.create_partition("part").insert([row(2)])
    create(lone.server, new, shards=1).insert([row(3)])
    made.delete("id in [1]")
    lone.kitestream.source(start_from="earliest")
    lone.start()
    lone.wait_keys(old, [1, 2, 1])
    lone.wait_keys(new, [3])
    ddl = [one for one in lone.stream.ddl() if one["collection"] in (old, new)]
    assert [one["kind"] for one in ddl] == ["create_collection"] * 2
    assert all(one["snapshot"] for one in ddl)
    first = min(record.value["source"]["tick"] for record in lone.stream.rows(old) if record.value)
    assert max(one["tick"] for one in ddl) <= first
    assert f"{lone.stream.prefix}.default.{gone}" not in lone.kafka.topics(name)


def test_time__rows_from_then_on(lone, name):
    made = create(lone.server, name, shards=1)
    made.insert([row(1)])
    moment = between()
    made.insert([row(2)])
    made.upsert([row(1, text="again")])
    lone.kitestream.source(start_from=iso(moment))
    lone.start()
    lone.wait_keys(name, [2, 1])
    assert [record.op for record in lone.stream.rows(name)] == ["c", "u"]
    made.insert([row(3)])
    lone.wait_keys(name, [2, 1, 3])


def test_filters__new_matches_are_picked_up(lone, name):
    lone.kitestream.source(**{"collection.include.list": rf"default\.{name}_in.*,{name}_db\..*",
                              "collection.exclude.list": r".*_out"})
    create(lone.server, f"{name}_in_old", shards=1)
    create(lone.server, f"{name}_other", shards=1).insert([row(1)])
    lone.start()
    for collection in ("in_new", "in_but_out", "never"):
        create(lone.server, f"{name}_{collection}", shards=1).insert([row(2)])
    lone.server.create_database(f"{name}_db")
    for collection in (f"{name}_in", f"{name}_out"):
        create(lone.server, collection, f"{name}_db", shards=1).insert([row(3)])
    lone.server.collection(f"{name}_in_old").insert([row(4)])
    lone.server.collection(f"{name}_other").insert([row(5)])
    utility.rename_collection(f"{name}_never", f"{name}_in_by_rename", using=lone.server.using())
    lone.wait_keys(f"{name}_in_old", [4])
    lone.wait_keys(f"{name}_in_new", [2])
    lone.wait_keys(f"{name}_in", [3], f"{name}_db")
    lone.caught_up()
    data = [topic for topic in lone.kafka.topics(f"{name}.") if not topic.endswith((".ddl", ".heartbeat"))]
    assert sorted(data) == sorted([f"{name}.default.{name}_in_old", f"{name}.default.{name}_in_new",
                                   f"{name}.{name}_db.{name}_in"])
    # The filters are asked again at a start: what has a matching name by now begins now.
    lone.kitestream.stop()
    lone.kitestream.start()
    lone.server.collection(f"{name}_other").insert([row(6)])
    lone.server.collection(f"{name}_in_by_rename").insert([row(7)])
    lone.wait_keys(f"{name}_in_by_rename", [7])
    lone.caught_up()
    assert len([topic for topic in lone.kafka.topics(f"{name}.default.")]) == 3


def test_same_name_in_several_databases(lone, name):
    lone.start()
    databases = ["default", f"{name}_a", f"{name}_b"]
    for at, database in enumerate(databases):
        if at:
            lone.server.create_database(database)
        create(lone.server, name, database, shards=1).insert([row(at)])
    for at, database in enumerate(databases):
        lone.wait_keys(name, [at], database)
    lone.server.drop(name, databases[1])
    lone.server.drop_database(databases[1])
    lone.server.collection(name, databases[2]).insert([row(7)])
    lone.wait_keys(name, [2, 7], databases[2])
    lone.wait_keys(name, [1], databases[1])
    of_a = [one["kind"] for one in lone.stream.ddl() if one["db"] == databases[1]]
    lone.kitestream.wait_for(lambda: [one["kind"] for one in lone.stream.ddl() if one["db"] == databases[1]] == [
        "create_database", "create_collection", "drop_collection", "drop_database"], 30, f"the drop, not {of_a}")
