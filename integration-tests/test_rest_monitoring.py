"""The board and the alert rules of configs/, against a real Prometheus that scrapes a real worker."""

import re

import pytest

import wait
from parts import ROOT
from prometheus import RULES, Prometheus, board, board_expressions, needs_trouble, promtool, rule_expressions, rules

MOCK = "org.apache.kafka.connect.tools.MockSourceConnector"
# Series of Milvus' connectors: test_pipeline_monitoring looks for them.
MILVUS = re.compile(r"\b(lag_seconds|collection_lag_seconds|rows_\w+|change_records_total|ddl_\w+|held_bytes|calls_repeated_total"
                    r"|collections_quarantined|(foreign|unknown|filtered|dropped)_records_total)\{")
DOCS = ROOT / "docs/operating.md"


@pytest.fixture
def prometheus(runtime, rest):
    started = Prometheus(runtime.folder, [rest.url.removeprefix("http://")])
    yield started
    started.close()


def _anchors():
    for heading in re.findall(r"^#+ (.*)$", DOCS.read_text(encoding="utf-8"), flags=re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_rules_are_sound():
    promtool("check", "rules", RULES)
    promtool("check", "config", RULES.with_name("prometheus.yaml"))
    tests = RULES.with_name("alerts_test.yaml")
    promtool("test", "rules", tests)
    tested = re.findall(r'alertname="(\w+)"', tests.read_text(encoding="utf-8"))
    assert sorted(tested) == sorted(rule["alert"] for rule in rules())
    anchors = set(_anchors())
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning"), rule
        assert {"summary", "description", "runbook"} == set(rule["annotations"]), rule
        path, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert ROOT / path == DOCS and anchor in anchors, rule["annotations"]["runbook"]


def test_board_is_sound():
    made, seen, taken = board(), set(), set()
    names = {one["name"] for one in made["templating"]["list"]}
    assert {"datasource", "worker", "connector", "task"} == names
    for panel in made["panels"]:
        assert panel["id"] not in seen, panel["title"]
        seen.add(panel["id"])
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] == "row":
            continue
        assert panel["targets"] and panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert len({one["refId"] for one in panel["targets"]}) == len(panel["targets"]), panel["title"]
        for one in [panel, *panel["targets"]]:
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        for target in panel["targets"]:
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= names | {"__rate_interval"}, target["expr"]
            assert "$worker" in target["expr"], target["expr"]


def test_expressions_find_series(prometheus, rest, lines):
    lines.create(rest)
    lines.create_sink(rest)
    with lines.flowing():
        expressions = [one for one in [*board_expressions(), *rule_expressions()] if not MILVUS.search(one)]
        for one in expressions:
            prometheus.query(one)  # parses
        prometheus.wait_answers(one for one in expressions if not needs_trouble(one))
        written = 'rate(kafka_connect_source_task_source_record_write_total{connector="%s"}[5s])' % lines.name
        wait.until(lambda: prometheus.query(written)[0][1] > 0, 30, "a rate of records")
    assert not prometheus.firing()


def test_alerts_fire(prometheus, rest, runtime, name):
    def fires(alert, **labels):
        def is_there():
            found = [one for one in prometheus.firing() if one["alertname"] == alert]
            assert [one for one in found if labels.items() <= one.items()], prometheus.firing()
            return True
        wait.until(is_there, 60, f"{alert} {labels}")

    for connector, config in ((f"{name}-task", {"mock_mode": "task-failure", "delay_ms": "0"}),
                              (f"{name}-plan", {"mock_mode": "connector-failure"})):
        rest.expect(201, "POST", "/connectors", {"name": connector, "config": {"connector.class": MOCK} | config})
    fires("KitestreamTaskFailed", connector=f"{name}-task", task="0", severity="critical")
    fires("KitestreamConnectorFailed", connector=f"{name}-plan")
    assert {one["alertname"] for one in prometheus.firing()} == {"KitestreamTaskFailed", "KitestreamConnectorFailed"}
    for connector in (f"{name}-task", f"{name}-plan"):
        rest.expect(204, "DELETE", f"/connectors/{connector}")
    wait.until(lambda: not prometheus.firing(), 60, "no alert without the connectors")
    runtime.kill()
    fires("KitestreamWorkerDown")
