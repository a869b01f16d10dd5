"""Connect's REST interface on a real Kafka: the contract of each request that concerns connectors, what
pause, stop, restart and the rest do to lines that are flowing meanwhile, and offsets.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from connect_rest import ERROR, INFO, MESSAGE, OFFSETS, STATUS, TASK_ID
from counting import COUNTER, LEDGER, LEDGER_PARTITION, offsets
from rest_lines import started

MOCK = "org.apache.kafka.connect.tools.MockSourceConnector"


# The contract

def _contract(lines):
    """(method, path, body, status, shape of the answer, text in it), in an order in which each makes sense."""
    good, name = lines.source_config(), lines.name
    bad = {key: value for key, value in good.items() if key != "topic"}
    task = {"id": TASK_ID, "config": dict}
    yield "GET", "/connectors", None, 200, [str], None
    for path in ("", "/config", "/tasks", "/offsets"):
        yield "GET", f"/connectors/{name}{path}", None, 404, ERROR, f"Connector {name} not found"
    yield "GET", f"/connectors/{name}/status", None, 404, ERROR, f"No status found for connector {name}"
    yield "GET", f"/connectors/{name}/tasks/0/status", None, 404, ERROR, f"No status found for task {name}-0"
    for verb in ("pause", "resume", "stop"):
        yield "PUT", f"/connectors/{name}/{verb}", None, 404, ERROR, f"Unknown connector {name}"
    for path in ("restart", "restart?includeTasks=true", "tasks/0/restart"):
        yield "POST", f"/connectors/{name}/{path}", None, 404, ERROR, f"Unknown connector: {name}"
    yield "PATCH", f"/connectors/{name}/config", {"a": "b"}, 404, ERROR, "not found"
    yield "DELETE", f"/connectors/{name}", None, 404, ERROR, "not found"
    yield "DELETE", f"/connectors/{name}/offsets", None, 404, ERROR, "not found"
    for body in ([], "x", {"name": name}, {"name": name, "config": None}, {"name": 1, "config": good},
                 {"name": name, "config": good, "bogus": 1}, {"name": name, "config": good | {"x": {"a": 1}}},
                 {"name": name, "config": good | {"x": None}}, {"name": "..", "config": good},
                 {"name": name, "config": good, "initial_state": "SLEEPING"},
                 {"name": name, "config": good | {"name": "other"}}, {"config": good}, {"name": " ", "config": good}):
        yield "POST", "/connectors", body, 400, ERROR, None
    yield ("POST", "/connectors", {"name": name, "config": bad}, 400, ERROR,
           "Connector configuration is invalid and contains the following 1 error(s):\n")
    yield ("POST", "/connectors", {"name": name, "config": bad}, 400, ERROR,
           "\nYou can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`")
    yield ("POST", "/connectors", {"name": name, "config": good | {"connector.class": "com.example.Nope"}}, 400, ERROR,
           "Failed to find any class that implements Connector")
    yield "POST", "/connectors", {"name": name, "config": {}}, 400, ERROR, "contains no connector type"
    yield "GET", "/connectors", None, 200, [str], None
    yield ("POST", "/connectors", {"name": name, "config": good | {"tasks.max": 1}, "initial_state": "stopped"}, 201,
           INFO, None)
    yield "POST", "/connectors", {"name": name, "config": good}, 409, ERROR, "already exists"
    yield "GET", f"/connectors/{name}", None, 200, INFO, None
    yield "GET", f"/connectors/{name}/", None, 200, INFO, None
    yield "GET", f"/connectors/{name}/config", None, 200, dict, None
    yield "GET", f"/connectors/{name}/status", None, 200, STATUS, None
    yield "GET", f"/connectors/{name}/tasks", None, 200, [task], None
    yield "GET", "/connectors?expand=status&expand=info", None, 200, {name: {"status": STATUS, "info": INFO}}, None
    yield "GET", "/connectors?expand=status", None, 200, {name: {"status": STATUS}}, None
    yield "GET", "/connectors?expand=bogus", None, 200, {name: {}}, None
    yield "PUT", f"/connectors/{name}/config", good | {"batch.size": 7, "x.y": 1.5, "z": True}, 200, INFO, None
    yield "PUT", f"/connectors/{name}/config", bad, 400, ERROR, "topic"
    yield "PUT", f"/connectors/{name}/config", good | {"name": "other"}, 400, ERROR, "other"
    yield "PATCH", f"/connectors/{name}/config", {"z": None, "batch.size": 8}, 200, INFO, None
    yield "PATCH", f"/connectors/{name}/config", {"topic": None}, 400, ERROR, "topic"
    yield "PATCH", f"/connectors/{name}/config", {"name": "other"}, 400, ERROR, "other"
    yield "GET", f"/connectors/{name}/offsets", None, 200, OFFSETS, None
    for body in ({}, {"offsets": []}, {"offsets": None}):
        yield "PATCH", f"/connectors/{name}/offsets", body, 400, ERROR, "Partitions / offsets need to be provided"
    for body in ({"bogus": []}, {"offsets": [{"offset": {"position": 1}}]}, {"offsets": {}},
                 {"offsets": [{"partition": {"nope": "x"}, "offset": {"position": 1}}]},
                 {"offsets": [{"partition": {"filename": "x"}, "offset": {"position": -1}, "more": 1}]},
                 {"offsets": [{"partition": {"filename": {"deep": 1}}, "offset": {"position": 1}}]}):
        yield "PATCH", f"/connectors/{name}/offsets", body, 400, ERROR, None
    yield ("PATCH", f"/connectors/{name}/offsets",
           {"offsets": [{"partition": {"filename": "x"}, "offset": {"position": 1}}]}, 200, MESSAGE, "altered")
    yield "DELETE", f"/connectors/{name}/offsets", None, 200, MESSAGE, "reset"
    yield "GET", f"/connectors/{name}/topics", None, 200, {name: {"topics": [str]}}, None
    yield "PUT", f"/connectors/{name}/topics/reset", None, 202, None, None
    yield "POST", f"/connectors/{name}/restart", None, 204, None, None
    yield "POST", f"/connectors/{name}/restart?onlyFailed=true", None, 202, STATUS, None
    yield "POST", f"/connectors/{name}/tasks/0/restart", None, 404, ERROR, f"Unknown task: {name}-0"
    yield "POST", f"/connectors/{name}/tasks/x/restart", None, 404, ERROR, None
    yield "GET", f"/connectors/{name}/tasks/0/status", None, 404, ERROR, None
    yield "PUT", f"/connectors/{name}/stop", None, 204, None, None
    yield "DELETE", f"/connectors/{name}", None, 204, None, None
    yield "GET", f"/connectors/{name}", None, 404, ERROR, None
    yield "GET", "/connectors", None, 200, [str], None


def test_contract(rest, lines):
    for method, path, body, status, shape, text in _contract(lines):
        answer = rest.expect(status, method, path, body, shape)
        assert text is None or text in str(answer.get("message")), (method, path, body, answer)


def test_answers_in_detail(rest, lines):
    config = lines.source_config()
    answer = rest.call("POST", "/connectors", {"name": " ä/b ", "config": config | {"tasks.max": 1}})
    assert answer.status_code == 201 and answer.headers["Location"].endswith("/connectors/%C3%A4%2Fb")
    assert answer.json() == {"name": "ä/b", "config": config | {"tasks.max": "1", "name": "ä/b"}, "tasks": [],
                             "type": "source"}
    path = "/connectors/%C3%A4%2Fb"
    status = rest.wait_state("%C3%A4%2Fb", "RUNNING")
    assert status["tasks"][0] | {"version": None} == {"id": 0, "state": "RUNNING", "version": None,
                                                      "worker_id": rest.url.removeprefix("http://")}
    assert rest.ok("GET", f"{path}/tasks/0/status") == status["tasks"][0]
    assert rest.ok("GET", path)["tasks"] == [{"connector": "ä/b", "task": 0}]
    task = rest.ok("GET", f"{path}/tasks")[0]
    assert task["config"]["task.class"].endswith("FileStreamSourceTask")
    assert rest.ok("PUT", f"{path}/config", config | {"batch.size": 7, "x": True})["config"] == \
        config | {"batch.size": "7", "x": "true", "name": "ä/b"}
    assert rest.ok("PATCH", f"{path}/config", {"x": None, "batch.size": "9"})["config"] == \
        config | {"batch.size": "9", "name": "ä/b"}
    restarting = rest.expect(202, "POST", f"{path}/restart?includeTasks=true", shape=STATUS)
    assert [restarting["connector"]["state"], restarting["tasks"][0]["state"]] == ["RESTARTING"] * 2
    rest.wait_state("%C3%A4%2Fb", "RUNNING")
    assert rest.call("PUT", f"{path}/config", config | {"name": "ä/b"}).status_code == 200
    rest.expect(204, "DELETE", path)


def test_initial_states(rest, lines):
    config = lines.source_config()
    for state, tasks in (("STOPPED", []), ("PAUSED", []), ("RUNNING", ["RUNNING"])):
        rest.expect(201, "POST", "/connectors", {"name": state, "config": config, "initial_state": state.lower()})
        rest.wait_state(state, state, tasks)
        rest.ok("PUT", f"/connectors/{state}/resume")
        rest.wait_state(state, "RUNNING", ["RUNNING"])
        rest.ok("DELETE", f"/connectors/{state}")


def test_simultaneous_creates__one_wins(rest, lines):
    def create(at):
        return rest.call("POST", "/connectors", {"name": lines.name, "config": lines.source_config()}).status_code
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == [201] + [409] * 7


def test_made_again_with_the_same_configuration(rest, lines):
    for _ in range(3):
        lines.create(rest)
        rest.wait_state(lines.name, "RUNNING")
        lines.write(10)
        lines.wait_published()
        rest.ok("DELETE", f"/connectors/{lines.name}")
    lines.create(rest)
    rest.wait_state(lines.name, "RUNNING")
    assert rest.ok("GET", f"/connectors/{lines.name}")["tasks"] == [{"connector": lines.name, "task": 0}]
    lines.write(10)
    lines.wait_published()
    assert lines.published() == lines.written


# Life, with lines flowing

def test_no_line_is_lost_or_repeated(rest, lines):
    lines.create(rest)
    rest.wait_state(lines.name, "RUNNING")
    path = f"/connectors/{lines.name}"
    with lines.flowing():
        for _ in range(2):
            rest.ok("PUT", f"{path}/pause")
            rest.wait_state(lines.name, "PAUSED")
            rest.ok("PUT", f"{path}/resume")
            rest.wait_state(lines.name, "RUNNING")
            lines.wait_more()
            rest.ok("PUT", f"{path}/stop")
            rest.wait_state(lines.name, "STOPPED", [])
            rest.ok("PUT", f"{path}/resume")
            rest.wait_state(lines.name, "RUNNING", ["RUNNING"])
            lines.wait_more()
            rest.expect(202, "POST", f"{path}/restart?includeTasks=true")
            lines.wait_more()
            rest.expect(204, "POST", f"{path}/tasks/0/restart")
            lines.wait_more()
            for size in (10, 200):
                rest.ok("PATCH", f"{path}/config", {"batch.size": size})
            lines.wait_more()
            rest.ok("DELETE", path)
            lines.create(rest)
            lines.wait_more()
    lines.wait_published()
    rest.ok("PUT", f"{path}/stop")
    rest.wait_state(lines.name, "STOPPED", [])
    assert lines.published() == lines.written


def test_paused_means_still(rest, lines):
    lines.create(rest)
    lines.write(100)
    lines.wait_published()
    rest.ok("PUT", f"/connectors/{lines.name}/pause")
    rest.wait_state(lines.name, "PAUSED")
    lines.write(100)
    rest.ok("PATCH", f"/connectors/{lines.name}/config", {"batch.size": 50})
    rest.wait_state(lines.name, "PAUSED", ["PAUSED"])
    assert len(lines.published()) == 100
    rest.ok("PUT", f"/connectors/{lines.name}/resume")
    lines.wait_published()
    assert lines.published() == lines.written


def test_sink__clean_ends_repeat_nothing(rest, lines):
    lines.create(rest)
    lines.create_sink(rest)
    path = f"/connectors/{lines.sink_name}"
    with lines.flowing():
        for verb, state, tasks in (("pause", "PAUSED", None), ("stop", "STOPPED", [])):
            lines.wait_more_sunk()
            rest.ok("PUT", f"{path}/{verb}")
            rest.wait_state(lines.sink_name, state, tasks)
            rest.ok("PUT", f"{path}/resume")
        lines.wait_more_sunk()
        rest.expect(202, "POST", f"{path}/restart?includeTasks=true")
        lines.wait_more_sunk()
        rest.ok("DELETE", path)
        lines.create_sink(rest)
    lines.wait_sunk()
    assert lines.sunk() == lines.written
    assert rest.ok("GET", f"{path}/topics") == {lines.sink_name: {"topics": [lines.topic]}}


def test_failed_task__stays_its_own_affair(rest, lines):
    bad = {"connector.class": MOCK, "tasks.max": "2", "mock_mode": "task-failure", "delay_ms": "0"}
    lines.create(rest)
    rest.expect(201, "POST", "/connectors", {"name": "bad", "config": bad})
    status = rest.wait_state("bad", "RUNNING", ["FAILED"])
    assert "mock_mode" in status["tasks"][0]["trace"]
    lines.write(10)
    lines.wait_published()
    rest.wait_state(lines.name, "RUNNING")
    restarting = rest.expect(202, "POST", "/connectors/bad/restart?includeTasks=true&onlyFailed=true", shape=STATUS)
    assert restarting["connector"]["state"] == "RUNNING" and restarting["tasks"][0]["state"] == "RESTARTING"
    rest.wait_state("bad", "RUNNING", ["FAILED"])
    rest.ok("PATCH", "/connectors/bad/config", {"mock_mode": None})
    rest.wait_state("bad", "RUNNING", ["RUNNING"])


def test_auto_restart__is_visible(runtime, lines):
    runtime.connectors.append(
        {"name": "bad", "class": MOCK, "tasksMax": 1, "autoRestart": {"enabled": True, "maxRestarts": 2},
         "config": {"mock_mode": "task-failure", "delay_ms": 0}})
    rest = started(runtime)

    def waits(text):
        def seen():
            tasks = rest.status("bad")["tasks"]
            assert tasks and tasks[0]["state"] == "FAILED" and text in tasks[0].get("waiting", ""), tasks
            assert "mock_mode" in tasks[0]["trace"]
            return True
        runtime.wait_for(seen, 60, text)
    waits("restart 2 of 2 by itself at 20")
    waits("restarted 2 times by itself, which is the limit")


# A connector that hangs

def test_hanging_poll__is_named_and_freezes_nothing(runtime, lines):
    rest = started(runtime, **{"task.hang.timeout.ms": 500, "task.shutdown.graceful.timeout.ms": 1000})
    fifo = runtime.folder / "fifo"
    os.mkfifo(fifo)  # to open it for reading waits for a writer
    hanging = lines.source_config() | {"file": str(fifo), "topic": f"{lines.topic}.hanging"}
    lines.create(rest)
    rest.expect(201, "POST", "/connectors", {"name": "hanging", "config": hanging})

    def is_named():
        tasks = rest.status("hanging")["tasks"]
        return tasks and "poll of org.apache.kafka.connect.file" in tasks[0].get("waiting", "")
    runtime.wait_for(is_named, 30, "the name of the call that hangs")
    for method, path in (("GET", "/connectors?expand=status&expand=info"), ("PUT", "/connectors/hanging/pause"),
                         ("POST", "/connectors/hanging/restart?includeTasks=true"), ("PUT", "/connectors/hanging/stop")):
        answer = rest.call(method, path)
        assert answer.status_code < 300 and answer.elapsed.total_seconds() < 1, (path, answer.text, answer.elapsed)
    rest.wait_state("hanging", "STOPPED", [])
    lines.write(10)
    lines.wait_published()
    rest.ok("DELETE", "/connectors/hanging")
    runtime.stop()


# Offsets

def test_source_offsets__are_where_it_goes_on(rest, lines):
    lines.create(rest)
    lines.write(10)
    lines.wait_published()
    path = f"/connectors/{lines.name}"
    partition, end = {"filename": str(lines.path)}, lines.path.stat().st_size
    assert rest.ok("GET", f"{path}/offsets") == {"offsets": [{"partition": partition, "offset": {"position": end}}]}
    new = {"offsets": [{"partition": partition, "offset": {"position": end // 2}}]}
    for verb in ("resume", "pause"):
        rest.ok("PUT", f"{path}/{verb}")
        assert "must be in the STOPPED state" in rest.expect(400, "PATCH", f"{path}/offsets", new, ERROR)["message"]
        assert "must be in the STOPPED state" in rest.expect(400, "DELETE", f"{path}/offsets", None, ERROR)["message"]
    rest.ok("PUT", f"{path}/stop")
    rest.expect(200, "PATCH", f"{path}/offsets", new, MESSAGE)
    assert rest.ok("GET", f"{path}/offsets") == new
    rest.ok("PUT", f"{path}/resume")
    again = lines.path.read_text(encoding="utf-8")[end // 2:].splitlines()
    lines.wait_published(10 + len(again))
    assert lines.published() == lines.written + again
    rest.ok("PUT", f"{path}/stop")
    rest.expect(200, "DELETE", f"{path}/offsets", None, MESSAGE)
    assert rest.ok("GET", f"{path}/offsets") == {"offsets": []}
    rest.ok("PUT", f"{path}/resume")
    lines.wait_published(20 + len(again))
    assert lines.published() == lines.written + again + lines.written


def test_sink_offsets__are_those_of_its_group(rest, lines, kafka):
    lines.create(rest)
    lines.create_sink(rest)
    lines.write(10)
    lines.wait_sunk()
    path = f"/connectors/{lines.sink_name}"
    end = rest.ok("GET", f"{path}/offsets")

    def one(offset, partition=0, topic=lines.topic, **more):
        return {"offsets": [{"partition": {"kafka_topic": topic, "kafka_partition": partition} | more,
                             "offset": offset}]}
    rest.ok("PUT", f"{path}/stop")
    rest.wait_state(lines.sink_name, "STOPPED", [])
    end = rest.ok("GET", f"{path}/offsets")["offsets"]
    assert [entry["partition"] for entry in end] == [{"kafka_topic": lines.topic, "kafka_partition": 0}]
    assert end[0]["offset"]["kafka_offset"] >= 10
    for wrong in (one({"kafka_offset": -5}), one({"kafka_offset": 1}, 9), one({"kafka_offset": 1}, topic="no.such"),
                  one({"kafka_offset": 1}, "p"), one({"x": 1}), one({"kafka_offset": "1.5"}),
                  {"offsets": [{"partition": {"kafka_topic": lines.topic}, "offset": {"kafka_offset": 1}}]}):
        rest.expect(400, "PATCH", f"{path}/offsets", wrong, ERROR)
    rest.expect(200, "PATCH", f"{path}/offsets", one({"kafka_offset": "0"}, "0", x=1), MESSAGE)
    assert rest.ok("GET", f"{path}/offsets") == one({"kafka_offset": 0})
    assert kafka.committed(f"connect-{lines.sink_name}", lines.topic, 0) == 0
    rest.ok("PUT", f"{path}/resume")
    lines.wait_sunk(20)
    rest.ok("PUT", f"{path}/stop")
    for method, body in (("PATCH", one(None)), ("DELETE", None)):
        rest.expect(200, method, f"{path}/offsets", body, MESSAGE)
        assert rest.ok("GET", f"{path}/offsets") == {"offsets": []}
        assert kafka.committed(f"connect-{lines.sink_name}", lines.topic, 0) == 0
    rest.ok("PUT", f"{path}/resume")
    lines.wait_sunk(30)
    assert lines.sunk() == lines.written * 3


def test_sink_with_a_state_of_its_own__is_reset_whole(kitestream, kafka, test_plugins):
    """What the ledger has added up is its state: twice the numbers with half a reset would double the sum."""
    rest = started(kitestream, **{"plugin.path": str(test_plugins)})
    topic, count = f"{kitestream.name}.numbers", 600
    path = "/connectors/ledger/offsets"
    rest.expect(201, "POST", "/connectors", {"name": "count", "config": {
        "connector.class": COUNTER, "topic": topic, "numbers": count, "batch": 20}})
    rest.expect(201, "POST", "/connectors", {"name": "ledger", "config": {
        "connector.class": LEDGER, "topic": topic, "commit.every": 1}})

    def is_read():
        seen = sum(one["offset"]["kafka_offset"] for one in rest.ok("GET", path)["offsets"])
        return seen if seen >= count else None
    read = kitestream.wait_for(is_read, 60, "all numbers in the ledger")
    rest.ok("PUT", "/connectors/ledger/stop")
    rest.wait_state("ledger", "STOPPED", [])
    one = {"offsets": [{"partition": {"kafka_topic": topic, "kafka_partition": 0}, "offset": {"kafka_offset": 0}}]}
    assert "follows from its state" in rest.expect(400, "PATCH", path, one, ERROR)["message"]
    assert "starts over" in rest.expect(200, "DELETE", path, None, MESSAGE)["message"]
    assert {one["offset"]["kafka_offset"] for one in rest.ok("GET", path)["offsets"]} == {0}
    rest.ok("PUT", "/connectors/ledger/resume")
    kitestream.wait_for(lambda: (is_read() or 0) >= read, 60, "all numbers in the ledger again")
    rest.ok("PUT", "/connectors/ledger/stop")
    rest.wait_state("ledger", "STOPPED", [])
    state = offsets(kafka, kitestream.worker["offset.storage.topic"])[("ledger", LEDGER_PARTITION)]
    assert state == {"count": count, "sum": count * (count - 1) // 2}


# Topics

def test_topics__are_tracked_forgotten_and_found_again(rest, lines):
    lines.create(rest)
    lines.write(1)
    lines.wait_published()
    path = f"/connectors/{lines.name}/topics"
    assert rest.ok("GET", path) == {lines.name: {"topics": [lines.topic]}}
    rest.expect(202, "PUT", f"{path}/reset")
    lines.runtime.wait_for(lambda: rest.ok("GET", path) == {lines.name: {"topics": []}}, 10, "no topics")
    lines.write(1)
    lines.wait_published()
    lines.runtime.wait_for(lambda: rest.ok("GET", path) == {lines.name: {"topics": [lines.topic]}}, 10,
                                     "the topic again")
    lines.runtime.stop()
    lines.runtime.start()
    rest.wait_up()
    assert rest.ok("GET", path) == {lines.name: {"topics": [lines.topic]}}


@pytest.mark.parametrize("option, reads", [("topic.tracking.enable", 403), ("topic.tracking.allow.reset", 200)])
def test_topics__switched_off(runtime, lines, option, reads):
    rest = started(runtime, **{option: "false"})
    assert rest.call("GET", f"/connectors/{lines.name}/topics").status_code == reads
    rest.expect(403, "PUT", f"/connectors/{lines.name}/topics/reset", None, ERROR)
