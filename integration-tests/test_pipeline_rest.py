"""A Milvus pipeline driven by REST while rows flow: nothing is lost or doubled, lags are told, offsets can be set."""

import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from connect_rest import ConnectRest
from samples import create, row

BATCH = 20


class Writer:
    """Inserts batches until it is told to stop; what it wrote is in `keys`."""

    def __init__(self, collection):
        self.keys, self._stop = 0, threading.Event()
        self._collection, self._thread = collection, threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.is_set():
            self._collection.insert([row(self.keys + at) for at in range(BATCH)])
            self.keys += BATCH

    def goes_on(self, pipeline, batches=3):
        wanted = self.keys + batches * BATCH
        pipeline.kitestream.wait_for(lambda: self.keys >= wanted, 60, "more rows in the source")


@pytest.fixture
def rest(pipeline):
    return ConnectRest(pipeline.kitestream.rest).wait_up()


def lag(rest, collection):
    """Seconds; None: no series."""
    text = rest.call("GET", "/metrics").text
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            if one.name.endswith("collection_lag_seconds") and one.labels.get("collection") == f"default.{collection}":
                return one.value
    return None


def test_life_with_rows_flowing(pipeline, rest, name):
    source, sink = f"{name}-source", f"{name}-sink"
    with Writer(create(pipeline.source, name, loaded=True)) as writer:
        for connector in (sink, source):
            rest.expect(202, "PUT", f"/connectors/{connector}/pause")
            rest.wait_state(connector, "PAUSED")
            writer.goes_on(pipeline)
            rest.expect(202, "PUT", f"/connectors/{connector}/resume")
            rest.wait_state(connector, "RUNNING")
            rest.expect(204, "PUT", f"/connectors/{connector}/stop")
            rest.wait_state(connector, "STOPPED", tasks=[])
            writer.goes_on(pipeline)
            rest.expect(202, "PUT", f"/connectors/{connector}/resume")
            rest.wait_state(connector, "RUNNING")
            rest.expect(202, "POST", f"/connectors/{connector}/restart?includeTasks=true")
            rest.wait_state(connector, "RUNNING")
            rest.expect(204, "POST", f"/connectors/{connector}/tasks/0/restart")
            writer.goes_on(pipeline)
        rest.expect(200, "PATCH", f"/connectors/{source}/config", {"heartbeat.interval.ms": "700"})
        rest.wait_state(source, "RUNNING")
        writer.goes_on(pipeline)
    pipeline.same_rows(name, keys=range(writer.keys), deadline_s=90)
    assert len(pipeline.same_stream(name)) == writer.keys
    pipeline.kitestream.wait_for(lambda: lag(rest, name) == 0, 30, "no lag of the collection")


def test_lag_of_a_collection(pipeline, rest, name):
    made = create(pipeline.source, name, loaded=True)
    made.insert([row(1)])
    pipeline.same_rows(name)
    rest.expect(204, "PUT", f"/connectors/{name}-sink/stop")
    rest.wait_state(f"{name}-sink", "STOPPED", tasks=[])
    assert lag(rest, name) is None
    made.insert([row(key) for key in range(2, 100)])
    pipeline.caught_up()
    rest.expect(202, "PUT", f"/connectors/{name}-sink/resume")
    pipeline.same_rows(name)
    pipeline.kitestream.wait_for(lambda: lag(rest, name) == 0, 30, "no lag of the collection")


def test_offsets(pipeline, rest, name):
    """The source's are set to what they are; the sink's set back to the start of a topic, which it repeats."""
    source, sink = f"{name}-source", f"{name}-sink"
    made = create(pipeline.source, name, loaded=True)
    made.insert([row(key) for key in range(100)])
    pipeline.same_rows(name)
    pipeline.caught_up()
    rest.expect(400, "PATCH", f"/connectors/{source}/offsets", {"offsets": []})
    for connector in (source, sink):
        rest.expect(204, "PUT", f"/connectors/{connector}/stop")
        rest.wait_state(connector, "STOPPED", tasks=[])
    offsets = rest.expect(200, "GET", f"/connectors/{source}/offsets")["offsets"]
    assert "etcd" in {one["partition"]["channel"] for one in offsets} and len(offsets) > 1
    rest.expect(200, "PATCH", f"/connectors/{source}/offsets", {"offsets": offsets})
    read = [one for one in rest.expect(200, "GET", f"/connectors/{sink}/offsets")["offsets"]
            if one["partition"]["kafka_topic"] == pipeline.stream.topic(name)]
    assert sum(one["offset"]["kafka_offset"] for one in read) >= 100
    for one in read:
        one["offset"]["kafka_offset"] = 0
    rest.expect(200, "PATCH", f"/connectors/{sink}/offsets", {"offsets": read})
    for connector in (source, sink):
        rest.expect(202, "PUT", f"/connectors/{connector}/resume")
        rest.wait_state(connector, "RUNNING")
    made.insert([row(key) for key in range(100, 200)])
    pipeline.same_rows(name, keys=range(200))
    assert len(pipeline.same_stream(name)) == 200


def test_reset_of_a_sink(pipeline, rest, name):
    """It starts over, and what it wrote before is not taken for its own: it refuses, however often it is started,
    until the collection is dropped in the target. Then it ends with what the source holds, each row once."""
    sink = f"{name}-sink"
    made = create(pipeline.source, name, loaded=True)
    made.insert([row(key) for key in range(100)])
    made.delete("id in [7, 8, 9]")
    pipeline.same_rows(name)

    def stop():
        rest.expect(204, "PUT", f"/connectors/{sink}/stop")
        rest.wait_state(sink, "STOPPED", tasks=[])

    def resume():
        rest.expect(202, "PUT", f"/connectors/{sink}/resume")
        rest.wait_state(sink, "RUNNING")

    def refuses():
        task, = rest.status(sink)["tasks"]
        kept = f"default.{name} of the target is kept by the sink connector {sink} with a state that is not"
        return kept in task.get("waiting", "")
    stop()
    answer = rest.expect(200, "DELETE", f"/connectors/{sink}/offsets")
    assert "starts over" in answer["message"]
    assert {one["offset"]["kafka_offset"] for one in rest.ok("GET", f"/connectors/{sink}/offsets")["offsets"]} <= {0}
    made.insert([row(key) for key in range(100, 150)])
    for _ in range(2):
        resume()
        pipeline.kitestream.wait_for(refuses, 60, "the refusal in the status")
        assert pipeline.target.count(name) == 97
        stop()
    pipeline.target.drop(name)
    resume()
    pipeline.same_rows(name, keys=range(150))
    assert pipeline.target.count(name) == 147
