"""Killed again and again under a mixed load, stream and target end equal to the source, row by row."""

import random

from load import UniqueKeys
from samples import create


def test_kill_under_load(pipeline, source, kills, name):
    kitestream = pipeline.kitestream
    made = create(source, name, loaded=True)
    chance, at_work = random.Random(name), 0
    with UniqueKeys(made, name) as load:
        for _ in range(kills):
            # Anywhere between its first step and full speed.
            enough = load.rows + chance.randrange(50, 8000)
            kitestream.wait_for(lambda: load.rows > enough, 60, "more load")
            at_work += "sink|task-0] RUNNING" in kitestream.log
            kitestream.kill()
            kitestream.start()
    assert at_work >= kills // 3, "killed too early to show anything"
    pipeline.same_rows(name, deadline_s=120)
    rows = pipeline.same_stream(name)
    in_source = source.rows(name, source.keys(name))
    assert {key: one[0]["text"] for key, one in rows.items()} == {key: one["text"] for key, one in in_source.items()}
    kitestream.stop()


def test_stop_under_load_and_go_on(pipeline, source, name):
    """SIGTERM in the middle: exit 0 within ten seconds, and nothing is lost or doubled."""
    made = create(source, name, loaded=True)
    with UniqueKeys(made, name) as load:
        for _ in range(2):
            before = load.rows
            pipeline.kitestream.wait_for(lambda: load.rows > before + 500, 60, "more load")
            pipeline.kitestream.stop()
            pipeline.kitestream.start()
    pipeline.same_rows(name, deadline_s=120)
    pipeline.same_stream(name)
