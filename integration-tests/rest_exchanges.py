"""Requests that are sent to a Kafka Connect worker and to ours: a connector's whole life, and what clients get wrong.

In: where the source reads and the sink writes; workers that log warnings. Out: exchanges in an order in which each makes
sense, beginning and ending without connectors. `LIVE` in a request stands for a name that the two workers do not share.
"""

from dataclasses import dataclass

from rest_lines import SINK, SOURCE

MOCK = "org.apache.kafka.connect.tools.MockSourceConnector"
NAME = "LIVE"
TOPIC = "LIVE.lines"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Exchange:
    """`until` says of a good answer's body that it is the one that was waited for. `differs` is how the row of
    docs/rest.md begins that says why our answer is another one."""

    status: int  # Kafka Connect's
    method: str
    path: str
    body: object = None  # as JSON; bytes as they are
    headers: dict = None
    until: object = None
    differs: str = ""

    def __str__(self):
        sent = self.body.decode() if isinstance(self.body, bytes) else self.body or ""
        return f"{self.method} {self.path} {str(sent)[:300]}".strip()


def exchanges(lines, copy):
    source = {"connector.class": SOURCE, "tasks.max": "1", "file": str(lines), "topic": TOPIC}
    sink = {"connector.class": SINK, "tasks.max": "1", "file": str(copy), "topics": TOPIC}
    yield from _worker()
    yield from _of_nobody()
    yield from _not_created(source, sink)
    yield from _created(source)
    yield from _changed(source)
    yield from _paused_and_stopped(source)
    yield from _source_offsets(str(lines))
    yield from _of_a_sink(sink)
    yield from _restarted()
    yield from _failed()
    yield from _initial_states(source)
    yield from _names(source)
    yield from _plugins(source, sink)
    yield from _loggers()
    yield from _deleted(source)


def _in(state, *tasks):
    """Whether a status is this one."""
    return lambda said: [said["connector"]["state"], *(one["state"] for one in said["tasks"])] == [state, *tasks]


def _is(name, state, *tasks):
    return Exchange(200, "GET", f"/connectors/{name}/status", until=_in(state, *tasks))


CLIENT_MISTAKE = "A client's mistake in a body"
OFFSET_MISTAKE = "So is an offset that no task could start from"


def _worker():
    yield Exchange(200, "GET", "/")
    yield Exchange(200, "HEAD", "/")
    yield Exchange(405, "POST", "/", {})
    yield Exchange(405, "DELETE", "/")
    yield Exchange(200, "GET", "/health")
    yield Exchange(404, "GET", "/nothing")
    yield Exchange(404, "GET", "/connectors/LIVE-in/nothing/at/all")
    yield Exchange(404, "GET", "/admin")
    yield Exchange(200, "GET", "/connectors")
    yield Exchange(200, "GET", "/connectors/")
    yield Exchange(200, "GET", "/connectors?expand=info&expand=status")
    yield Exchange(200, "OPTIONS", "/connectors")
    yield Exchange(405, "PUT", "/connectors", {})
    yield Exchange(406, "GET", "/connectors", headers={"Accept": "text/html"})
    yield Exchange(200, "GET", "/connectors", headers={"Accept": "text/html, application/json;q=0.5"})


def _of_nobody():
    for path in ("", "/config", "/status", "/tasks", "/tasks/0/status", "/offsets"):
        yield Exchange(404, "GET", f"/connectors/LIVE-none{path}")
    for verb in ("pause", "resume", "stop"):
        yield Exchange(404, "PUT", f"/connectors/LIVE-none/{verb}")
    for path in ("restart", "restart?includeTasks=true&onlyFailed=false", "tasks/0/restart"):
        yield Exchange(404, "POST", f"/connectors/LIVE-none/{path}")
    yield Exchange(404, "PATCH", "/connectors/LIVE-none/config", {"batch.size": "1"})
    yield Exchange(404, "PATCH", "/connectors/LIVE-none/offsets",
                   {"offsets": [{"partition": {"filename": "a"}, "offset": {"position": 0}}]})
    yield Exchange(404, "DELETE", "/connectors/LIVE-none/offsets")
    yield Exchange(404, "DELETE", "/connectors/LIVE-none")
    yield Exchange(200, "GET", "/connectors/LIVE-none/topics")
    yield Exchange(202, "PUT", "/connectors/LIVE-none/topics/reset")


def _not_created(source, sink):
    def create(status, config, name="LIVE-in", differs="", **more):
        return Exchange(status, "POST", "/connectors", {"name": name, "config": config, **more}, differs=differs)

    for body in (b"", b"{", b"nothing", b"7"):
        yield Exchange(500, "POST", "/connectors", body, JSON, differs=CLIENT_MISTAKE)
    for body in ({"name": "LIVE-in"}, {"name": "LIVE-in", "config": source, "confg": {}},
                 {"name": {}, "config": source}, {"name": "LIVE-in", "config": []}):
        yield Exchange(500, "POST", "/connectors", body, differs=CLIENT_MISTAKE)
    yield create(500, source | {"file": ["a", "b"]}, differs=CLIENT_MISTAKE)
    yield create(500, source, initial_state="ASLEEP", differs=CLIENT_MISTAKE)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        yield Exchange(415, "POST", "/connectors", b"name=LIVE-in", {"Content-Type": kind})
    yield create(400, {})
    yield create(400, source, "")
    yield create(400, source, "\tLIVE-in\u0007x")
    yield create(400, source | {"name": "LIVE-other"})
    yield create(400, source | {"connector.class": "com.example.None"})
    yield create(400, {key: value for key, value in source.items() if key != "topic"})
    yield create(400, source | {"tasks.max": "-3"})
    yield create(400, source | {"tasks.max": "some", "batch.size": "several"})
    yield create(400, source | {"value.converter": "com.example.NoConverter"})
    yield create(400, source | {"errors.tolerance": "a little"})
    yield create(400, source | {"transforms": "none"})
    yield create(400, {key: value for key, value in sink.items() if key != "topics"})
    yield create(400, sink | {"topics.regex": "LIVE.*"})
    yield Exchange(200, "GET", "/connectors")


def _created(source):
    path = "/connectors/LIVE-in"
    yield Exchange(201, "POST", "/connectors", {"name": "LIVE-in", "config": source | {"tasks.max": 1}})
    yield _is("LIVE-in", "RUNNING", "RUNNING")
    yield Exchange(409, "POST", "/connectors", {"name": "LIVE-in", "config": source})
    yield Exchange(405, "POST", path, {})
    yield Exchange(200, "GET", path, until=lambda said: said["tasks"])
    yield Exchange(200, "GET", f"{path}/")
    for sub in ("config", "config/", "tasks", "tasks/", "tasks/0/status", "tasks/0/status/", "status/"):
        yield Exchange(200, "GET", f"{path}/{sub}")
    for sub in ("tasks/0", "tasks/3/status", "tasks/none/status", "tasks-config", "nothing"):
        yield Exchange(404, "GET", f"{path}/{sub}")
    for query in ("", "expand=status", "expand=info", "expand=info&expand=status", "expand=everything",
                  "expand=status,info", "nothing=here"):
        yield Exchange(200, "GET", f"/connectors?{query}")
    yield Exchange(200, "GET", f"{path}/topics", until=lambda said: said["LIVE-in"]["topics"])
    yield Exchange(202, "PUT", f"{path}/topics/reset")
    yield Exchange(200, "GET", f"{path}/topics", until=lambda said: not said["LIVE-in"]["topics"])
    yield Exchange(405, "POST", f"{path}/topics", {})


def _changed(source):
    path = "/connectors/LIVE-in/config"
    yield Exchange(200, "PUT", path, source | {"batch.size": 30, "some.flag": True, "some.number": 0.5})
    yield Exchange(200, "GET", path)
    yield _is("LIVE-in", "RUNNING", "RUNNING")
    yield Exchange(200, "PUT", path, source | {"connector.class": "FileStreamSource"}, headers=JSON | {
        "Content-Type": "application/json; charset=utf-8"})
    yield _is("LIVE-in", "RUNNING", "RUNNING")
    yield Exchange(400, "PUT", path, source | {"name": "LIVE-other"})
    yield Exchange(400, "PUT", path, source | {"batch.size": "several"})
    yield Exchange(400, "PUT", path, {})
    yield Exchange(400, "PUT", path, source | {"connector.class": "com.example.None"})
    yield Exchange(415, "PUT", path, b"batch.size=30", {"Content-Type": "text/plain"})
    yield Exchange(500, "PUT", path, b"{", JSON, differs=CLIENT_MISTAKE)
    yield Exchange(500, "PUT", path, source | {"file": {"a": "b"}}, differs=CLIENT_MISTAKE)
    yield Exchange(200, "PATCH", path, {"batch.size": 40, "some.option": "kept"})
    yield Exchange(200, "PATCH", path, {"some.option": None})
    yield Exchange(200, "PATCH", path, {})
    yield Exchange(200, "GET", path)
    yield _is("LIVE-in", "RUNNING", "RUNNING")
    yield Exchange(400, "PATCH", path, {"topic": None})
    yield Exchange(400, "PATCH", path, {"tasks.max": "some"})
    yield Exchange(500, "PATCH", path, b"[", JSON, differs=CLIENT_MISTAKE)
    yield Exchange(415, "PATCH", path, b"batch.size=30", {"Content-Type": "text/plain"})
    yield Exchange(405, "DELETE", path)


def _paused_and_stopped(source):
    path = "/connectors/LIVE-in"
    yield Exchange(202, "PUT", f"{path}/pause")
    yield _is("LIVE-in", "PAUSED", "PAUSED")
    yield Exchange(202, "PUT", f"{path}/pause/")
    yield Exchange(405, "POST", f"{path}/pause", {})
    yield Exchange(202, "PUT", f"{path}/resume", {})
    yield _is("LIVE-in", "RUNNING", "RUNNING")
    yield Exchange(204, "PUT", f"{path}/stop")
    yield _is("LIVE-in", "STOPPED")
    yield Exchange(200, "GET", f"{path}/tasks")
    yield Exchange(404, "GET", f"{path}/tasks/0/status")
    yield Exchange(200, "GET", "/connectors?expand=info&expand=status")
    yield Exchange(204, "PUT", f"{path}/stop")
    yield Exchange(200, "PATCH", f"{path}/config", {"batch.size": 50})
    yield Exchange(204, "POST", f"{path}/restart")
    yield Exchange(202, "POST", f"{path}/restart?includeTasks=true")
    yield Exchange(409, "POST", f"{path}/tasks/0/restart",
                   differs="Restarting a task of a stopped connector is 404, unknown task")
    yield _is("LIVE-in", "STOPPED")


def _source_offsets(file):
    path = "/connectors/LIVE-in/offsets"

    def offsets(position, **partition):
        return {"offsets": [{"partition": partition or {"filename": file}, "offset": position}]}

    yield Exchange(200, "GET", path, until=lambda said: said["offsets"])
    yield Exchange(200, "PATCH", path, offsets({"position": 2}))
    yield Exchange(200, "GET", path, until=lambda said: said["offsets"][0]["offset"]["position"] == 2)
    yield Exchange(200, "PATCH", path, offsets(None))
    yield Exchange(200, "GET", path, until=lambda said: not said["offsets"])
    for body in ({}, {"offsets": []}, {"offsets": None}):
        yield Exchange(400, "PATCH", path, body)
    yield Exchange(500, "PATCH", path, {"offset": []}, differs=CLIENT_MISTAKE)
    yield Exchange(500, "PATCH", path, b"{]", JSON, differs=CLIENT_MISTAKE)
    yield Exchange(500, "PATCH", path, offsets({"position": "end"}), differs=OFFSET_MISTAKE)
    yield Exchange(500, "PATCH", path, offsets({"position": -1}), differs=OFFSET_MISTAKE)
    yield Exchange(500, "PATCH", path, offsets({"position": 1}, file="a"), differs=OFFSET_MISTAKE)
    yield Exchange(200, "DELETE", path)
    yield Exchange(200, "DELETE", path)
    yield Exchange(405, "POST", path, {})
    yield Exchange(202, "PUT", "/connectors/LIVE-in/resume")
    yield _is("LIVE-in", "RUNNING", "RUNNING")
    yield Exchange(400, "PATCH", path, offsets({"position": 2}))
    yield Exchange(400, "DELETE", path)
    yield Exchange(202, "PUT", "/connectors/LIVE-in/pause")
    yield _is("LIVE-in", "PAUSED", "PAUSED")
    yield Exchange(400, "DELETE", path)
    yield Exchange(202, "PUT", "/connectors/LIVE-in/resume")
    yield _is("LIVE-in", "RUNNING", "RUNNING")


def _of_a_sink(sink):
    path = "/connectors/LIVE-out"

    def offsets(offset, topic=TOPIC, partition=0):
        return {"offsets": [{"partition": {"kafka_topic": topic, "kafka_partition": partition}, "offset": offset}]}

    yield Exchange(201, "PUT", f"{path}/config", sink)
    yield _is("LIVE-out", "RUNNING", "RUNNING")
    yield Exchange(200, "GET", path, until=lambda said: said["tasks"])
    yield Exchange(200, "GET", f"{path}/tasks")
    yield Exchange(200, "GET", f"{path}/topics", until=lambda said: said["LIVE-out"]["topics"])
    yield Exchange(200, "GET", "/connectors?expand=info&expand=status")
    yield Exchange(400, "PATCH", f"{path}/offsets", offsets({"kafka_offset": 1}))
    yield Exchange(400, "DELETE", f"{path}/offsets")
    yield Exchange(204, "PUT", f"{path}/stop/")
    yield _is("LIVE-out", "STOPPED")
    yield Exchange(200, "GET", f"{path}/offsets", until=lambda said: said["offsets"])
    yield Exchange(200, "PATCH", f"{path}/offsets", offsets({"kafka_offset": 1}))
    yield Exchange(200, "GET", f"{path}/offsets", until=lambda said: said["offsets"][0]["offset"]["kafka_offset"] == 1)
    yield Exchange(200, "PATCH", f"{path}/offsets", offsets({"kafka_offset": "2"}, partition="0"))
    yield Exchange(400, "PATCH", f"{path}/offsets", offsets({"kafka_offset": "end"}))
    yield Exchange(400, "PATCH", f"{path}/offsets", offsets({"kafka_offset": 1}, partition="first"))
    yield Exchange(400, "PATCH", f"{path}/offsets",
                   {"offsets": [{"partition": {"kafka_topic": TOPIC}, "offset": None}]})
    yield Exchange(500, "PATCH", f"{path}/offsets", offsets({"kafka_offset": -1}), differs=OFFSET_MISTAKE)
    yield Exchange(500, "PATCH", f"{path}/offsets", offsets({"kafka_offset": 0}, partition=8), differs=OFFSET_MISTAKE)
    yield Exchange(200, "DELETE", f"{path}/offsets")
    yield Exchange(200, "GET", f"{path}/offsets", until=lambda said: not said["offsets"])
    yield Exchange(202, "PUT", f"{path}/resume")
    yield _is("LIVE-out", "RUNNING", "RUNNING")


def _restarted():
    path = "/connectors/LIVE-in"
    for status, query in ((204, ""), (202, "?includeTasks=true"), (202, "?onlyFailed=true"),
                          (202, "?includeTasks=true&onlyFailed=true"), (204, "?includeTasks=false"),
                          (204, "?includeTasks=perhaps")):
        yield Exchange(status, "POST", f"{path}/restart{query}")
        yield _is("LIVE-in", "RUNNING", "RUNNING")
    yield Exchange(415, "POST", f"{path}/restart", b"a=b", {"Content-Type": "application/x-www-form-urlencoded"})
    yield Exchange(204, "POST", f"{path}/tasks/0/restart")
    yield _is("LIVE-in", "RUNNING", "RUNNING")
    yield Exchange(404, "POST", f"{path}/tasks/4/restart")
    yield Exchange(404, "POST", f"{path}/tasks/first/restart")
    yield Exchange(405, "GET", f"{path}/tasks/0/restart")
    yield Exchange(405, "PUT", f"{path}/restart", {})


def _failed():
    path = "/connectors/LIVE-bad"
    yield Exchange(201, "POST", "/connectors", {"name": "LIVE-bad", "config": {
        "connector.class": MOCK, "tasks.max": "1", "mock_mode": "task-failure", "delay_ms": "0"}})
    yield _is("LIVE-bad", "RUNNING", "FAILED")
    yield Exchange(200, "GET", f"{path}/tasks/0/status")
    yield Exchange(200, "GET", "/connectors?expand=status")
    yield Exchange(202, "POST", f"{path}/restart?onlyFailed=true&includeTasks=true")
    yield _is("LIVE-bad", "RUNNING", "FAILED")
    yield Exchange(204, "DELETE", path)


def _initial_states(source):
    for state, wanted in (("STOPPED", ["STOPPED"]), ("paused", ["PAUSED"]), ("Running", ["RUNNING", "RUNNING"])):
        yield Exchange(201, "POST", "/connectors", {"name": "LIVE-state", "config": source, "initial_state": state})
        yield _is("LIVE-state", *wanted)
        yield Exchange(204, "DELETE", "/connectors/LIVE-state")


def _names(source):
    for name, encoded in (("LIVE one", "LIVE%20one"), ("LIVE+1", "LIVE%2B1"), ("LIVE-über", "LIVE-%C3%BCber"),
                          ("LIVE;a=b", "LIVE%3Ba%3Db"), ("LIVE#?&", "LIVE%23%3F%26")):
        path = f"/connectors/{encoded}"
        yield Exchange(201, "POST", "/connectors", {"name": name, "config": source, "initial_state": "STOPPED"})
        yield _is(encoded, "STOPPED")
        yield Exchange(200, "GET", path)
        yield Exchange(200, "PUT", f"{path}/config", source | {"batch.size": 9})
        yield Exchange(204, "DELETE", path)
    yield Exchange(201, "POST", "/connectors", {"name": "  LIVE-wide ", "config": source, "initial_state": "STOPPED"})
    yield Exchange(204, "DELETE", "/connectors/LIVE-wide")


def _plugins(source, sink):
    plugins = "/connector-plugins"
    for path in ("", "/", "?connectorsOnly=false", "?connectorsOnly=true", "?connectorsOnly=perhaps"):
        yield Exchange(200, "GET", f"{plugins}{path}")
    for name in (SOURCE, SINK, "FileStreamSource", "FileStreamSinkConnector"):
        yield Exchange(200, "GET", f"{plugins}/{name}/config")
    yield Exchange(200, "GET", f"{plugins}/org.apache.kafka.connect.json.JsonConverter/config",
                   differs="Converters are Avro, JSON, String and ByteArray")
    yield Exchange(404, "GET", f"{plugins}/com.example.None/config")
    yield Exchange(404, "GET", f"{plugins}/{SOURCE}")
    yield Exchange(400, "GET", f"{plugins}/{SOURCE}/config?version=0.0.0")
    yield Exchange(405, "POST", plugins, {})
    path = f"{plugins}/{SOURCE}/config/validate"
    for config in (source | {"name": "LIVE-in"}, {"connector.class": SOURCE}, source | {"tasks.max": 2},
                   source | {"batch.size": "several"}, source | {"some.option": "unknown"}):
        yield Exchange(200, "PUT", path, config)
    yield Exchange(200, "PUT", f"{plugins}/FileStreamSink/config/validate", sink)
    yield Exchange(400, "PUT", path, sink)
    yield Exchange(405, "GET", path)
    yield Exchange(415, "PUT", path, b"a=b", {"Content-Type": "text/plain"})
    unknown = "`validate` without or with an unknown class"
    yield Exchange(500, "PUT", path, {"topic": "LIVE"}, differs=unknown)
    yield Exchange(500, "PUT", path, b"{", JSON, differs=unknown)
    yield Exchange(500, "PUT", f"{plugins}/com.example.None/config/validate", {"connector.class": "com.example.None"},
                   differs=unknown)


def _loggers():
    path = "/admin/loggers/LIVE.logger"
    yield Exchange(200, "GET", "/admin/loggers", differs="Loggers have other names")
    yield Exchange(200, "GET", "/admin/loggers/root")
    yield Exchange(404, "GET", path)
    yield Exchange(200, "PUT", path, {"level": "WARN"})
    yield Exchange(200, "GET", path)
    yield Exchange(200, "PUT", path, {"level": "DEBUG"})
    yield Exchange(200, "GET", path)
    yield Exchange(200, "PUT", f"{path}?scope=worker", {"level": "warn"})
    yield Exchange(204, "PUT", f"{path}?scope=cluster", {"level": "ERROR"})
    yield Exchange(200, "GET", path, until=lambda said: said["level"] == "ERROR")
    yield Exchange(200, "PUT", f"{path}?scope=everywhere", {"level": "INFO"})
    yield Exchange(200, "GET", f"{path}/")
    yield Exchange(404, "PUT", path, {"level": "SHOUTING"})
    yield Exchange(400, "PUT", path, {})
    yield Exchange(405, "DELETE", path)


def _deleted(source):
    yield Exchange(204, "DELETE", "/connectors/LIVE-in")
    yield Exchange(404, "GET", "/connectors/LIVE-in")
    yield Exchange(404, "DELETE", "/connectors/LIVE-in")
    yield Exchange(201, "POST", "/connectors", {"name": "LIVE-in", "config": source, "initial_state": "STOPPED"})
    yield _is("LIVE-in", "STOPPED")
    yield Exchange(200, "GET", "/connectors/LIVE-in/offsets", until=lambda said: said["offsets"])
    yield Exchange(204, "DELETE", "/connectors/LIVE-in/")
    yield Exchange(204, "DELETE", "/connectors/LIVE-out")
    yield Exchange(200, "GET", "/connectors", until=lambda said: not said)
