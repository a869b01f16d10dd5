"""A real Prometheus that scrapes workers, and what configs/ says for it: the board's expressions and the alert rules.

In: addresses of workers, a folder. Out: answers of its HTTP interface. The alerts are those of configs/, but fire
at once; both programs, prometheus and promtool, are of Debian's package.
"""

import json
import re
import subprocess

import requests
import yaml

import wait
from kitestream import free_port
from parts import ROOT

BOARD = ROOT / "configs/grafana/kitestream.json"
RULES = ROOT / "configs/prometheus/alerts.yaml"
SCRAPE_S = 1
# What Grafana puts in for its variables.
VARIABLES = {"$__rate_interval": "10s", "$worker": ".+", "$connector": ".+", "$task": ".+"}
# Series that begin with the first event of their kind, and why there is none while all is well.
QUIET = {
    "calls_repeated_total": "no call to the target gets an ambiguous answer",
    "rows_skipped_total": "no row is of a collection that was dropped or left out at the target",
    "foreign_records_total": "nobody else writes to Milvus' queue",
    "unknown_records_total": "all kinds of records that Milvus 2.3 writes are known",
    "dropped_records_total": "no row comes after the drop of its collection",
    "kitestream_task_hanging": "no call hangs",
    "kitestream_metrics_dropped_total": "there are fewer than 10,000 series",
    "kafka_connect_worker_task_startup_failure_total": "every task starts",
    'status="failed"': "no task has failed",
}
COMPARED = re.compile(r"(.*) (?:==|>|<) [\d.* ]+", re.S)


def promtool(*words):
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def board():
    return json.loads(BOARD.read_text(encoding="utf-8"))


def rules():
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def board_expressions():
    """As Prometheus gets them."""
    for panel in board()["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"]
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            yield expression


def rule_expressions():
    """What the rules compare, without the limits that are not reached while all is well."""
    for rule in rules():
        yield COMPARED.fullmatch(rule["expr"])[1]


def needs_trouble(expression):
    return [one for one in QUIET if re.search(rf"\b{one}", expression)]


class Prometheus:
    def __init__(self, folder, workers):
        self.url = f"http://127.0.0.1:{free_port()}"
        config = {"global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"},
                  "rule_files": [str(self._impatient(folder))],
                  "scrape_configs": [{"job_name": "kitestream", "static_configs": [{"targets": workers}]}]}
        file = folder / "prometheus.yaml"
        file.write_text(json.dumps(config), encoding="utf-8")
        self._log = open(folder / "prometheus.log", "wb")
        self._process = subprocess.Popen(
            ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'prometheus'}",
             f"--web.listen-address={self.url.removeprefix('http://')}"],
            stdout=self._log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        wait.until(self._is_ready, 60, "Prometheus")

    @staticmethod
    def _impatient(folder):
        text = re.sub(r"^( +)for: .*$", r"\1for: 0s", RULES.read_text(encoding="utf-8"), flags=re.M)
        copy = folder / "alerts.yaml"
        copy.write_text(text, encoding="utf-8")
        return copy

    def _is_ready(self):
        assert self._process.poll() is None, "Prometheus has ended"
        try:
            return requests.get(f"{self.url}/-/ready", timeout=10).status_code == 200
        except requests.ConnectionError:
            return False

    def close(self):
        self._process.terminate()
        self._process.wait(30)
        self._log.close()

    def _ask(self, path, **query):
        answer = requests.get(f"{self.url}/api/v1/{path}", params=query, timeout=30).json()
        assert answer["status"] == "success", f"{query}: {answer}"
        return answer["data"]

    def query(self, expression):
        """Its series: (labels, value)."""
        return [(one["metric"], float(one["value"][1])) for one in self._ask("query", query=expression)["result"]]

    def firing(self):
        """Labels of the alerts that fire."""
        return [one["labels"] for one in self._ask("alerts")["alerts"] if one["state"] == "firing"]

    def wait_answers(self, expressions, deadline_s=60):
        """Until each of them has a series."""
        missing = list(expressions)

        def none_missing():
            missing[:] = [one for one in missing if not self.query(one)]
            assert not missing, missing
            return True
        wait.until(none_missing, deadline_s, "series for each expression", every_s=0.5)
