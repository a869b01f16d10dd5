"""What the source makes of the time when it did not run, and of a Milvus that holds nothing."""

import os
import re
import signal

from pymilvus import utility

from samples import create, index_and_load, row


def rename(lone, old, new):
    utility.rename_collection(old, new, using=lone.server.using())


def test_etcd_compacted_meanwhile__changes_come_in_order(lone, name):
    """Drop and re-create of one name, a whole life, a rename, a partition: with the rows in between."""
    again, short, moved, kept = (f"{name}_{what}" for what in ("again", "short", "moved", "kept"))
    lone.start()
    made = {one: create(lone.server, one, shards=1) for one in (again, moved, kept)}
    for one in made.values():
        one.insert([row(1)])
    for one in made:
        lone.wait_keys(one, [1])
    lone.kitestream.stop()

    made[again].insert([row(2)])
    lone.server.drop(again)
    create(lone.server, again, shards=1).insert([row(3)])
    create(lone.server, short, shards=1).insert([row(4)])
    lone.server.drop(short)
    rename(lone, moved, f"{moved}_to")
    made[kept].create_partition("later").insert([row(5)])
    index_and_load(made[kept])
    lone.compact()

    lone.kitestream.start()
    lone.kitestream.wait_log("etcd no longer has revision")
    lone.wait_keys(again, [1, 2, 3])
    lone.wait_kinds(again, ["create_collection", "drop_collection", "create_collection"])
    lone.wait_keys(short, [4])
    lone.wait_kinds(short, ["create_collection", "drop_collection"])
    lone.wait_kinds(f"{moved}_to", ["rename_collection"])
    lone.wait_keys(kept, [1, 5])
    lone.wait_kinds(kept, ["create_collection", "create_partition", "create_index", "load_collection"])
    # Each row needs the last change of its own collection that goes before it.
    ids = {one["seq"]: one["collection_id"] for one in lone.stream.ddl()}
    for record in lone.stream.rows(again):
        if record.value:
            assert ids[record.value["source"]["ddl_seq"]] == record.value["source"]["collection_id"]
    ticks = [one["tick"] for one in lone.stream.ddl()]
    assert ticks == sorted(ticks)


def test_etcd_compacted_meanwhile__last_collection_was_dropped(lone, name):
    """Its channel is used by nothing any more; the rows before the drop are there all the same."""
    lone.start()
    made = create(lone.server, name)
    made.insert([row(key) for key in range(10)])
    lone.wait_keys(name, range(10))
    lone.kitestream.stop()
    made.delete("id in [1, 2]")
    made.insert([row(key) for key in range(10, 20)])
    lone.server.drop(name)
    lone.compact()
    lone.kitestream.start()
    lone.wait_kinds(name, ["create_collection", "drop_collection"])
    lone.wait_keys(name, [*range(20), 1, 2])
    create(lone.server, name).insert([row(100)])
    lone.wait_keys(name, [*range(20), 1, 2, 100])


def test_no_collection_at_all__metadata_still_flows(lone, name):
    """Without channels in use time is what etcd tells; a collection that comes and goes starts it again."""
    lone.start()
    database = f"{name}_db"
    lone.server.create_database(database)
    lone.kitestream.wait_for(lambda: lone.stream.kinds()[-1:] == ["create_database"], 30, "the database")
    for round_ in range(2):
        create(lone.server, name, shards=1).insert([row(round_)])
        lone.server.drop(name)
    lone.wait_kinds(name, ["create_collection", "drop_collection"] * 2)
    lone.wait_keys(name, [0, 1])
    lone.server.drop_database(database)
    lone.kitestream.wait_for(lambda: lone.stream.kinds()[-1:] == ["drop_database"], 30, "the drop")
    lone.kitestream.stop()
    lone.kitestream.start()
    create(lone.server, name, shards=1).insert([row(2)])
    lone.wait_keys(name, [0, 1, 2])
    ticks = [one["tick"] for one in lone.stream.heartbeats()]
    assert ticks == sorted(ticks)


def test_killed_between_lives_of_one_name(lone, name):
    """Drop and re-create under load, killed in the middle each time; every other time etcd forgets what was."""
    lone.start()
    expected = []
    for life in range(4):
        made = create(lone.server, name, shards=1)
        keys = range(life * 100, life * 100 + 50)
        for key in keys:
            made.insert([row(key)])
            if key % 100 == 25:
                lone.kitestream.kill()
                if life % 2:
                    lone.compact()
                lone.kitestream.start()
        lone.server.drop(name)
        expected += keys
    lone.wait_keys(name, expected, deadline_s=90)
    lone.wait_kinds(name, ["create_collection", "drop_collection"] * 4)
    ticks = [record.value["source"]["tick"] for record in lone.stream.rows(name) if record.value]
    assert ticks == sorted(ticks)


def test_silent_etcd__status_names_it_and_nothing_is_lost(lone, name):
    """Milvus is away meanwhile: it would end itself, some time after its own lease on etcd ran out."""
    lone.start()
    made = create(lone.server, name, shards=1)
    made.insert([row(1)])
    lone.wait_keys(name, [1])
    etcd = lone.parts.pid("etcd")
    with lone.parts.away("source"):
        os.kill(etcd, signal.SIGSTOP)
        try:
            def named():
                status = lone.status()
                assert status["state"] == "RUNNING" and "etcd" in (status.get("waiting") or ""), status
                return True
            lone.kitestream.wait_for(named, 60, "a status that names etcd")
            lone.kitestream.stop()
        finally:
            os.kill(etcd, signal.SIGCONT)
    lone.kitestream.start()
    made.insert([row(2)])
    lone.wait_keys(name, [1, 2])
    assert not re.search("FAILED", lone.kitestream.log)
