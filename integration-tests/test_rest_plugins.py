"""Plugins, validation and loggers of the REST interface, and `kitestream status`, on real workers.
"""

import json
import os
import pathlib
import subprocess

import pytest
import wait

from connect_rest import ERROR, ConnectRest
from kitestream import Kitestream, program
from parts import ROOT
from rest_lines import SINK, SOURCE, started

MOCK = "org.apache.kafka.connect.tools.MockSourceConnector"
TEXT = (str, type(None))
KEY_INFO = {"name": str, "type": str, "required": bool, "default_value": TEXT, "importance": ("HIGH", "MEDIUM", "LOW"),
            "documentation": TEXT, "group": TEXT, "order": int, "order_in_group": int,
            "width": ("NONE", "SHORT", "MEDIUM", "LONG"), "display_name": str, "dependents": [str]}
VALUE_INFO = {"name": str, "value": TEXT, "recommended_values": [str], "errors": [str], "visible": bool}
INFOS = {"name": str, "error_count": int, "groups": [str],
         "configs": [{"definition": (KEY_INFO, None), "value": VALUE_INFO}]}
PLUGIN = {"class": str, "type": ("source", "sink", "converter", "header_converter", "transformation"), "version": str}
LEVEL = {"level": ("OFF", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"), "last_modified": (int, type(None))}


def _validate(rest, plugin, config):
    return rest.expect(200, "PUT", f"/connector-plugins/{plugin}/config/validate", config, INFOS)


def _values(infos):
    return {one["value"]["name"]: one["value"] for one in infos["configs"]}


def test_plugins_and_their_options(rest):
    connectors = rest.expect(200, "GET", "/connector-plugins", shape=[PLUGIN])
    assert {one["class"] for one in connectors} == {SOURCE, SINK, MOCK}
    everything = rest.expect(200, "GET", "/connector-plugins?connectorsOnly=false", shape=[PLUGIN])
    assert {one["type"] for one in everything} == {"source", "sink", "converter", "header_converter", "transformation"}
    for plugin in everything:
        path = f"/connector-plugins/{plugin['class']}/config"
        rest.expect(200, "GET", path, shape=[KEY_INFO])
        rest.expect(200, "GET", f"{path}?version={plugin['version']}", shape=[KEY_INFO])
        rest.expect(400, "GET", f"{path}?version=99", shape=ERROR)
    rest.expect(404, "GET", "/connector-plugins/com.example.Nope/config", shape=ERROR)


def test_what_validation_accepts_can_be_created(rest, lines):
    config = lines.source_config() | {"name": lines.name}
    for plugin in (SOURCE, "FileStreamSourceConnector", "FileStreamSource"):
        assert _validate(rest, plugin, config)["error_count"] == 0
    lines.create(rest)
    rest.wait_state(lines.name, "RUNNING")


def test_validation_and_creation_refuse_the_same(rest, lines):
    good = lines.source_config() | {"name": lines.name}
    for bad in ({"topic": ""}, {"tasks.max": "many"}, {"errors.tolerance": "some"}, {"transforms": "t"},
                {"transforms": "t", "transforms.t.type": "com.example.T"}, {"value.converter": "com.example.C"},
                {"transaction.boundary": "interval"}, {"offsets.storage.topic": "mine"},
                {"topic.creation.groups": "g"}, {"connector.plugin.version": "99"}):
        infos = _validate(rest, SOURCE, good | bad)
        errors = [error for value in _values(infos).values() for error in value["errors"]]
        assert len(errors) == infos["error_count"] >= 1, bad
        answer = rest.expect(400, "POST", "/connectors", {"name": lines.name, "config": good | bad}, ERROR)
        assert all(error in answer["message"] for error in errors), bad


def test_a_form_can_be_made_of_next_to_nothing(rest):
    """As AKHQ asks for the options of each plugin."""
    for plugin in rest.ok("GET", "/connector-plugins"):
        name = plugin["class"].rsplit(".", 1)[1]
        infos = _validate(rest, name, {"connector.class": plugin["class"], "topics": "getPlugins"})
        assert sum(one["definition"]["order"] > 0 for one in infos["configs"] if one["definition"]) > 15


def test_passwords_are_not_shown(rest, lines):
    config = lines.source_config() | {"name": lines.name, "producer.override.sasl.jaas.config": "hush-hush"}
    infos = _validate(rest, SOURCE, config)
    assert _values(infos)["producer.override.sasl.jaas.config"]["value"] == "[hidden]"
    assert "hush-hush" not in json.dumps(infos)


# Recorded answers

GOLDEN = pathlib.Path(os.environ.get("KITESTREAM_SHARED", ROOT.parent / "shared")) / "golden/kafka-connect-rest"
CONVERTERS = ("key.converter", "value.converter", "header.converter")
OURS = {"documentation", "order"}  # of a definition


def _comparable(entry):
    """What is left of an option when the differences that docs/rest.md names are taken out."""
    definition, value = (entry["definition"], entry["value"]) if "definition" in entry else (entry, {})
    left = {name: inner for name, inner in definition.items() if name not in OURS} | {f"value.{name}": inner
                                                                               for name, inner in value.items()}
    for name in (one for one in left if left[one] == "4.3.1"):
        left[name] = "0.1.0"
    if definition["name"].endswith(".version"):
        left.pop("value.recommended_values", None)
    if definition["name"] == "errors.retry.timeout":
        left["default_value"], left["value.value"] = None, None
    if definition["name"] in CONVERTERS or definition["type"] == "CLASS":
        left["value.recommended_values"] = None
    return left


def _options(answer):
    """By name. Sources of Connect have no dead letters."""
    entries = answer["configs"] if isinstance(answer, dict) else answer
    named = {(one.get("definition") or one)["name"]: _comparable(one) for one in entries}
    return {name: one for name, one in named.items() if not name.startswith("errors.deadletterqueue.")}


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"no recording in {GOLDEN}")
def test_options_are_those_that_were_recorded(runtime):
    json_class = "org.apache.kafka.connect.json.JsonConverter"
    rest = started(runtime, **{f"{kind}.converter{option}": value for kind in ("key", "value")
                               for option, value in (("", json_class), (".schemas.enable", "false"))})
    with open(GOLDEN / "transcript.jsonl", encoding="utf-8") as file:
        steps = {step["name"]: step for step in map(json.loads, file)}
    compared = ["plugin-config"] + [f"plugin-config-{end}" for end in ("simple", "alias", "sink", "transform")] + [
        f"validate-{end}" for end in ("ok", "without-name", "simple-class-path", "alias-path", "only-class", "unknown-key",
                                      "only-class-and-topics", "number-value", "sink", "transform")]
    for name in compared:
        step = steps[name]
        body = json.loads(step["request_body"]) if step["request_body"] else None
        assert _options(rest.ok(step["method"], step["path"], body)) == _options(step["response_body"]), name


# Loggers

def _level(rest, logger):
    return rest.expect(200, "GET", f"/admin/loggers/{logger}", shape=LEVEL)["level"]


def test_a_level_acts_on_the_lines_of_a_connector(runtime, rest, lines):
    lines.create(rest)
    rest.wait_state(lines.name, "RUNNING")
    logger = f"connectors.{lines.name}"
    assert f"{logger}.tasks.0" in rest.ok("GET", "/admin/loggers")
    changed = rest.expect(200, "PUT", f"/admin/loggers/{logger}", {"level": "OFF"}, [str])
    assert set(changed) == {logger, f"{logger}.tasks.0"}
    rest.ok("POST", f"/connectors/{lines.name}/restart?includeTasks=true")
    lines.write(10)
    lines.wait_published()
    quiet = runtime.log.count(f"[{lines.name}|task-0] RUNNING")
    rest.expect(200, "PUT", f"/admin/loggers/{logger}", {"level": "debug"})
    rest.ok("POST", f"/connectors/{lines.name}/restart?includeTasks=true")
    runtime.wait_for(lambda: runtime.log.count(f"[{lines.name}|task-0] RUNNING") > quiet, 60, "a line in the log")


def test_a_level_for_the_cluster_reaches_every_worker(runtime, rest, parts):
    folder = runtime.folder / "second"
    folder.mkdir()
    second = Kitestream(ROOT, folder, parts, runtime.name)
    second.worker = runtime.worker | {"listeners": second.worker["listeners"]}
    second.start()
    try:
        other = ConnectRest(second.rest).wait_up()
        rest.expect(204, "PUT", "/admin/loggers/kitestream?scope=cluster", {"level": "DEBUG"})
        assert _level(rest, "kitestream") == "DEBUG"
        wait.until(lambda: "kitestream" in other.ok("GET", "/admin/loggers"), 30, "the level on the other worker")
        assert _level(other, "kitestream") == "DEBUG"
        rest.expect(200, "PUT", "/admin/loggers/kitestream", {"level": "WARN"})
        assert (_level(rest, "kitestream"), _level(other, "kitestream")) == ("WARN", "DEBUG")
    finally:
        second.end()


# kitestream status

def _status(runtime, *words):
    return subprocess.run([program(ROOT), "status", "-c", str(runtime.folder / "worker.yaml"), *words],
                          capture_output=True, text=True, timeout=60, check=False)


def test_status_shows_states_and_errors(runtime, rest, lines):
    lines.create(rest)
    rest.wait_state(lines.name, "RUNNING")
    shown = _status(runtime)
    assert shown.returncode == 0, shown.stderr
    rows = [row.split() for row in shown.stdout.splitlines()]
    assert rows[0] == ["CONNECTOR", "TYPE", "STATE", "WORKER", "LAG", "ERROR"]
    assert rows[1][:3] == [lines.name, "source", "RUNNING"] and rows[2][:3] == ["task", "0", "RUNNING"]

    config = {"connector.class": MOCK, "mock_mode": "task-failure", "delay_ms": "0"}
    rest.expect(201, "POST", "/connectors", {"name": f"{lines.name}-mock", "config": config})
    rest.wait_state(f"{lines.name}-mock", "RUNNING", ["FAILED"])
    shown = _status(runtime, "--json", "--url", rest.url)
    assert shown.returncode == 1
    report = {one["name"]: one for one in json.loads(shown.stdout)["connectors"]}
    assert "mock_mode=task-failure" in report[f"{lines.name}-mock"]["tasks"][0]["error"]
    assert _status(runtime, lines.name).returncode == 0

    lines.create_sink(rest)
    wait.until(lambda: "lag_seconds" in json.loads(_status(runtime, "--json", lines.sink_name).stdout)
               ["connectors"][0]["tasks"][0], 60, "a lag")

    assert _status(runtime, "nobody").returncode == 1
    assert _status(runtime, "--url", "http://127.0.0.1:1").returncode == 1
    assert _status(runtime, "--nonsense").returncode == 2
