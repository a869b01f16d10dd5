"""A server goes away and comes back: nothing is lost, nothing ends, and the status says what is waited for."""

import pytest

from samples import create, row

pytestmark = pytest.mark.outage


@pytest.fixture
def flowing(pipeline, source, name):
    """A collection whose first rows have arrived."""
    made = create(source, name, loaded=True)
    made.insert([row(key) for key in range(100)])
    pipeline.same_rows(name)
    return made


def waits_for(pipeline, connector, what, state="RUNNING"):
    """The task is not given up: its status says what it waits for."""
    def said():
        status = pipeline.kitestream.task_status(pipeline.kafka, connector)
        assert status.get("state") == state and what in (status.get("waiting") or ""), status
        return True
    pipeline.kitestream.wait_for(said, 60, f"a status that names {what}")


def test_target_is_away(pipeline, flowing, parts, name):
    with parts.away("target"):
        flowing.insert([row(key) for key in range(100, 400)])
        flowing.delete("id in [1, 2, 3]")
        waits_for(pipeline, "sink", parts.env["TARGET_URI"])
    pipeline.same_rows(name, deadline_s=90)


def test_target_is_away_at_the_start(pipeline, flowing, parts, name):
    pipeline.kitestream.stop()
    flowing.insert([row(key) for key in range(100, 200)])
    with parts.away("target"):
        pipeline.kitestream.start()
        waits_for(pipeline, "sink", parts.env["TARGET_URI"], state="RESTARTING")
    pipeline.same_rows(name, deadline_s=90)
    assert "FAILED" not in pipeline.kitestream.log


def test_etcd_is_away(pipeline, flowing, parts, name):
    with parts.away("etcd"):
        waits_for(pipeline, "source", parts.env["ETCD_ENDPOINT"])
    flowing.insert([row(key) for key in range(100, 200)])
    pipeline.same_rows(name, deadline_s=90)


def test_kafka_is_away(pipeline, flowing, parts, name):
    with parts.away("kafka"):
        pass
    flowing.insert([row(key) for key in range(100, 200)])
    pipeline.same_rows(name, deadline_s=120)
    pipeline.same_stream(name)
