"""POST /cdc, milvus-cdc's contract: tasks are made, watched, paused and deleted, and rows follow them."""

import concurrent.futures
import re

import requests

import wait
from cdc import Cdc, milvus, until_ready, until_rows, until_state
from kitestream import Kitestream
from parts import ROOT
from samples import create, row
from stream import Stream, TopicSchemas

SECRET = "very-s3cret"


def test_the_life_of_a_task(cdc, kitestream, parts, source, target, name):
    made = create(source, name, loaded=True)
    asked = milvus(parts, token=f"root:{SECRET}") | {"collection_infos": [{"name": name}]}
    task_id = cdc.ok("create", **asked)["task_id"]
    assert re.fullmatch("[0-9a-f]{32}", task_id)
    assert cdc.connectors() == [f"{task_id}-sink", f"{task_id}-source"]
    made.insert([row(key) for key in range(300)])  # at once: what comes after the answer counts
    until_rows(kitestream, target, name, 300)

    assert cdc.ok("pause", task_id=task_id) is None
    until_state(kitestream, cdc, task_id, "Paused")
    assert "paused already" in cdc.fault("pause", task_id=task_id)
    made.insert([row(key) for key in range(300, 400)])
    before = cdc.task(task_id)
    assert before["collection_infos"] == [{"name": name, "positions": {}, "use_start_position": False}]
    assert before["milvus_connect_param"]["uri"] == asked["milvus_connect_param"]["uri"]
    assert cdc.ok("list")["tasks"] == [before]

    kitestream.stop()
    kitestream.start()
    until_ready(kitestream, cdc)
    assert cdc.task(task_id) == before, "a pause outlives the worker"
    assert target.count(name) == 300
    cdc.ok("resume", task_id=task_id)
    until_rows(kitestream, target, name, 400)
    until_state(kitestream, cdc, task_id, "Running")
    assert "running already" in cdc.fault("resume", task_id=task_id)
    assert SECRET not in cdc.post("list").text and SECRET not in kitestream.log

    assert cdc.ok("delete", task_id=task_id) is None
    assert cdc.connectors() == [] and cdc.ok("list") == {"tasks": []}
    assert "no task" in cdc.fault("get", task_id=task_id)
    assert "no task" in cdc.fault("delete", task_id=task_id)
    assert cdc.ok("delete", task_id=task_id, ignore_not_found=True) is None
    assert target.count(name) == 400

    made.insert([row(key) for key in range(400, 450)])
    cdc.ok("create", **asked, task_id=task_id)  # goes on where the one of that name was
    until_rows(kitestream, target, name, 450)


def test_position__is_where_another_task_may_begin(cdc, kitestream, kafka, parts, source, name):
    made = create(source, name, loaded=True, shards=1)
    first = cdc.ok("create", task_id="first", collection_infos=[{"name": name}],
                   kafka_connect_param={"address": parts.env["KAFKA_BOOTSTRAP"], "topic": f"{name}.one"})["task_id"]
    assert first == "first" and cdc.connectors() == ["first-source"]
    made.insert([row(key) for key in range(50)])
    schemas = TopicSchemas(kafka, kitestream.worker["schema.storage.topic"])
    one, two = Stream(kafka, f"{name}.one", schemas), Stream(kafka, f"{name}.two", schemas)
    kitestream.wait_for(lambda: len(one.rows(name)) == 50, 60, "50 rows on the stream")

    seen = cdc.ok("position", task_id=first)["positions"]
    found = kitestream.wait_for(lambda: later(cdc, first, seen), 60, "positions past the rows")
    for place in (found["positions"] + found["op_positions"]):
        assert place["tt"] == (place["time"] + 1) << 18 and place["msg_id"]
    assert [place["channel_name"] for place in found["op_positions"]] == ["etcd"]
    assert found["target_positions"] == []
    assert cdc.ok("position", task_id="none") == {"positions": [], "op_positions": [], "target_positions": []}

    made.insert([row(key) for key in range(50, 60)])
    vchannel = f"{found['positions'][0]['channel_name']}_{collection_id(one, name)}v0"
    cdc.ok("create", task_id="second", kafka_connect_param={"address": parts.env["KAFKA_BOOTSTRAP"], "topic": f"{name}.two"},
           db_collections={"default": [{"name": f"{name}_none"}]})
    assert "already covered" in cdc.fault(
        "create", task_id="third", collection_infos=[{"name": name, "positions": {vchannel: found["positions"][0]["msg_id"]}}],
        kafka_connect_param={"address": parts.env["KAFKA_BOOTSTRAP"], "topic": f"{name}.three"})
    cdc.ok("delete", task_id=first)
    cdc.ok("delete", task_id="second")
    cdc.ok("create", task_id="third", collection_infos=[{"name": name, "positions": {vchannel: found["positions"][0]["msg_id"]}}],
           kafka_connect_param={"address": parts.env["KAFKA_BOOTSTRAP"], "topic": f"{name}.three"})
    three = Stream(kafka, f"{name}.three", schemas)
    rows = kitestream.wait_for(lambda: len(three.rows(name)) >= 10 and three.rows(name), 60, "the later rows")
    assert sorted(record.key["id"] for record in rows) == list(range(50, 60))
    assert two.rows(name) == []


def later(cdc, task_id, seen):
    """Positions whose time is past all that was seen before."""
    found = cdc.ok("position", task_id=task_id)
    newest = max((place["time"] for place in seen), default=0)
    return found if found["positions"] and min(place["time"] for place in found["positions"]) > newest else None


def collection_id(stream, name):
    return next(one["collection_id"] for one in stream.ddl()
                if one["kind"] == "create_collection" and one["collection"] == name)


def test_create__again_and_beside_others(cdc, kitestream, parts, source, target, name):
    create(source, name, loaded=True)
    asked = milvus(parts) | {"collection_infos": [{"name": name}], "task_id": "mine"}
    assert cdc.ok("create", **asked) == {"task_id": "mine"}
    assert cdc.ok("create", **asked) == {"task_id": "mine"}
    assert cdc.ok("create", task_id="mine") == {"task_id": "mine"}, "nothing is compared"
    assert "already covered" in cdc.fault("create", **(asked | {"task_id": "other"}))
    everything = milvus(parts) | {"db_collections": {"default": [{"name": "*"}]}, "task_id": "all"}
    cdc.ok("create", **everything)
    assert cdc.connectors() == ["all-sink", "all-source", "mine-sink", "mine-source"]
    left_out = requests.get(f"{cdc.url}/connectors/all-source/config", timeout=60).json()["collection.exclude.list"]
    assert left_out == rf"default\.{name}"
    cdc.ok("delete", task_id="all")

    until_state(kitestream, cdc, "mine", "Running")
    requests.delete(f"{cdc.url}/connectors/mine-sink", timeout=60).raise_for_status()
    half = cdc.task("mine")
    assert half["state"] == "Initial" and "half made" in half["reason"]
    cdc.ok("create", **asked)
    until_state(kitestream, cdc, "mine", "Running")
    requests.put(f"{cdc.url}/connectors/mine-source/stop", timeout=60).raise_for_status()  # as between the last writes
    assert "half made" in cdc.task("mine")["reason"]
    cdc.ok("create", **asked)
    until_state(kitestream, cdc, "mine", "Running")
    kitestream.wait_for(lambda: target.has(name), 60, "the collection in the target")


def test_create__on_two_workers_at_once(cdc, kitestream, parts, source, target, name, tmp_path):
    made = create(source, name, loaded=True)
    other = Kitestream(ROOT, tmp_path, parts, name)
    other.worker = kitestream.worker | {"listeners": other.rest}
    other.start()
    try:
        second = Cdc(other.rest)
        until_ready(other, second)
        asked = milvus(parts) | {"collection_infos": [{"name": name}], "task_id": "both"}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda worker: worker.ok("create", **asked), (cdc, second)))
        assert answers == [{"task_id": "both"}] * 2
        until_state(kitestream, cdc, "both", "Running")
        until_state(other, second, "both", "Running")
        assert cdc.connectors() == second.connectors() == ["both-sink", "both-source"]
        made.insert([row(key) for key in range(10)])
        until_rows(kitestream, target, name, 10)
        second.ok("delete", task_id="both")
        other.wait_for(lambda: cdc.ok("list") == {"tasks": []}, 30, "the deletion on the first worker")
    finally:
        other.end()


def test_create__with_other_names_in_the_target(cdc, kitestream, parts, source, target, name):
    made = create(source, name, loaded=True)
    mapping = [{"source_db": "default", "target_db": "default", "collection_mapping": {name: f"{name}_2"}}]
    cdc.ok("create", **milvus(parts), task_id="mapped", collection_infos=[{"name": name}], name_mapping=mapping)
    made.insert([row(key) for key in range(10)])
    until_rows(kitestream, target, f"{name}_2", 10)
    assert not target.has(name)


def test_wrong_requests(cdc, parts, name):
    good = milvus(parts) | {"collection_infos": [{"name": name}]}
    cases = [
        ("create", {}, "there is no target"),
        ("create", good | {"collection_infos": []}, "there are no collections"),
        ("create", good | {"milvus_connect_param": {"host": "h", "port": "1"}}, "must be a whole number"),
        ("create", good | {"milvus_connect_param": {"uri": "http://127.0.0.1:1", "connect_timeout": 1}}, "does not answer"),
        ("create", good | {"milvus_connect_param": {"uri": f"http://{parts.env['KAFKA_BOOTSTRAP']}", "connect_timeout": 1}},
         "does not answer"),
        ("create", good | {"milvus_connect_param": {"uri": f"http://u:{SECRET}@h:1"}}, "holds a user"),
        ("create", good | {"rpc_channel_info": {"name": "other"}}, "rpc_channel_info.name"),
        ("create", good | {"extra_info": {"enable_user_role": True}}, "not replicated yet"),
        ("create", good | {"collection_infos": [{"name": name, "positions": {"a_1v0": "?"}}]}, "not the base64"),
        ("create", good | {"task_id": "a b"}, "task_id"),
        ("get", {}, "task_id is empty"),
        ("get", {"task_id": "none"}, "no task"),
        ("pause", {"task_id": "none"}, "no task"),
        ("resume", {"task_id": 1}, "task_id must be a string"),
        ("delete", {"task_id": "none"}, "no task"),
        ("maintenance", {"operation": "reset_log_msg"}, "rows are never written"),
    ]
    for request_type, data, part in cases:
        message = cdc.fault(request_type, **data)
        assert part in message and SECRET not in message, (request_type, data, message)
    assert cdc.connectors() == []
    for body, status in (("{", 400), ("[]", 400), ('{"request_type": "drop"}', 400)):
        answer = requests.post(f"{cdc.url}/cdc", data=body, headers={"Content-Type": "application/json"}, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (status, status)
    answer = requests.get(f"{cdc.url}/cdc", timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (405, 405)
    assert requests.post(f"{cdc.url}/cdc", data="{}", timeout=60).status_code == 415


def test_maintenance__the_log_level(cdc):
    assert cdc.ok("maintenance", operation="set_log_level", params={"log_level": "debug"}) == {
        "state": "the log level is DEBUG"}
    levels = requests.get(f"{cdc.url}/admin/loggers/root", timeout=60).json()
    assert levels["level"] == "DEBUG"
    cdc.ok("maintenance", operation="set_log_level", params={"log_level": "info"})
    wait.until(lambda: requests.get(f"{cdc.url}/admin/loggers/root", timeout=60).json()["level"] == "INFO", 10)
