"""Clients of Kafka Connect, unmodified, through the life of a connector: the library that AKHQ uses, and two
programs from PyPI. What they have no call for (offsets) is asked between by HTTP.
"""

import json
import pathlib
import subprocess
import sys


from connect_rest import ConnectRest
from kitestream import free_port
from parts import ROOT
from rest_lines import started

sys.path.insert(0, str(ROOT / "scripts"))
from realparts import cache  # noqa: E402


def test_library_of_akhq(rest, lines):
    driver = pathlib.Path(__file__).parent / "clients/ConnectClient.java"
    lines.write(10)
    done = subprocess.run(["java", "-Xmx128m", "-cp", f"{cache.connect_client_jars()}/*", driver, rest.url, lines.name,
                           lines.path, lines.topic], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines.wait_published()
    assert lines.published() == lines.written


class Kc:
    """kafka-connect-py. It ends with 0 after an HTTP error, too, so its output is looked at."""

    def __init__(self, url):
        self._command = [cache.connect_client_programs() / "kc", "--url", url]

    def __call__(self, *words):
        done = subprocess.run([*self._command, *words], capture_output=True, text=True, timeout=60, check=False)
        shown = done.stdout + done.stderr
        assert done.returncode == 0 and " Error" not in shown, f"kc {words}: {shown}"
        return shown


def test_kc(rest, lines):
    kc = Kc(rest.url)
    name = lines.name
    assert "kafka_cluster_id" in kc("info")
    assert "FileStreamSourceConnector" in kc("list-plugins")
    config = lines.source_config()
    assert name in kc("create", "--config-data", json.dumps({"name": name, "config": config}))
    rest.wait_state(name, "RUNNING")
    for command, shown in (("get", '"source"'), ("config", lines.topic), ("status", '"RUNNING"'), ("list-tasks", name)):
        assert shown in kc(command, name), command
    assert '"RUNNING"' in kc("task-status", name, "0")
    assert name in kc("list", "--expand", "status", "--expand", "info")
    lines.write(10)
    lines.wait_published()
    assert lines.topic in kc("list-topics", name)
    kc("reset-topics", name)
    kc("pause", name)
    rest.wait_state(name, "PAUSED")
    kc("resume", name)
    rest.wait_state(name, "RUNNING")
    rest.ok("PUT", f"/connectors/{name}/stop")
    rest.wait_state(name, "STOPPED", [])
    assert '"STOPPED"' in kc("status", name)
    assert rest.ok("GET", f"/connectors/{name}/offsets")["offsets"][0]["offset"]["position"] > 0
    kc("resume", name)
    rest.wait_state(name, "RUNNING", ["RUNNING"])
    kc("restart", name, "--include-tasks")
    rest.wait_state(name, "RUNNING")
    kc("restart-task", name, "0")
    rest.wait_state(name, "RUNNING")
    assert '"batch.size"' in kc("update", name, "--config-data", json.dumps(config | {"batch.size": "7"}))
    rest.wait_state(name, "RUNNING")
    lines.write(10)
    lines.wait_published()
    kc("delete", name)
    assert rest.ok("GET", "/connectors") == []
    assert lines.published() == lines.written


def test_healthcheck__sees_a_failed_task(runtime, lines):
    rest = started(runtime)
    health = ConnectRest(f"http://127.0.0.1:{free_port()}")
    program = subprocess.Popen([cache.connect_client_programs() / "kafka-connect-healthcheck", "--connect-url", rest.url,
                                "--connect-worker-id", rest.url.removeprefix("http://"),
                                "--port", health.url.rsplit(":", 1)[1]],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        lines.create(rest)
        rest.wait_state(lines.name, "RUNNING")

        def says(status):
            def asked():
                try:
                    answer = health.call("GET", "/")
                except OSError:  # it is not up yet
                    return False
                assert answer.status_code == status, answer.text
                return answer.json()
            return runtime.wait_for(asked, 30, f"a health check that answers {status}")
        assert says(200)["healthy"]
        bad = {"connector.class": "org.apache.kafka.connect.tools.MockSourceConnector", "mock_mode": "task-failure",
               "delay_ms": "0"}
        rest.expect(201, "POST", "/connectors", {"name": "bad", "config": bad})
        rest.wait_state("bad", "RUNNING", ["FAILED"])
        failures = says(503)["failures"]
        assert [one["connector"] for one in failures] == ["bad"], failures
    finally:
        program.kill()
        program.wait(10)
