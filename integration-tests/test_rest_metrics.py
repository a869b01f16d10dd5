"""/metrics of real workers, read with Prometheus' own client: does the text parse, is every name explained, do
the dashboards of Kafka Connect find what they ask for.
"""

import pytest
import wait
from prometheus_client.parser import text_string_to_metric_families

from rest_lines import Lines, started

SOURCE_TASK = ["source_record_poll_total", "source_record_poll_rate", "source_record_write_total",
               "source_record_active_count", "poll_batch_avg_time_ms", "poll_batch_max_time_ms"]
SINK_TASK = ["sink_record_read_total", "sink_record_read_rate", "sink_record_send_total", "partition_count",
             "offset_commit_completion_total", "put_batch_avg_time_ms", "put_batch_max_time_ms"]
ANY_TASK = ["batch_size_avg", "batch_size_max", "running_ratio", "pause_ratio", "offset_commit_avg_time_ms",
            "offset_commit_max_time_ms", "offset_commit_success_percentage", "offset_commit_failure_percentage"]
ERRORS = ["total_record_failures", "total_record_errors", "total_records_skipped", "total_retries",
          "total_errors_logged", "deadletterqueue_produce_requests", "deadletterqueue_produce_failures"]


@pytest.fixture
def rest(runtime):
    return started(runtime, **{"offset.flush.interval.ms": 500})


@pytest.fixture
def lines(rest, runtime, kafka):
    return Lines(runtime, kafka)


def _families(rest):
    answer = rest.call("GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return list(text_string_to_metric_families(answer.text))


def _samples(rest):
    """(name, labels) -> value. The parser appends _total to counters that have another name."""
    samples = {}
    for family in _families(rest):
        for one in family.samples:
            for name in {one.name, one.name.removesuffix("_total") if family.type == "counter" else one.name}:
                samples[name, frozenset(one.labels.items())] = one.value
    return samples


def _value(samples, name, **labels):
    return samples.get((name, frozenset(labels.items())))


def _status(rest, lines):
    return {dict(labels)["status"] for name, labels in _samples(rest)
            if name == "kafka_connect_connector_status" and dict(labels)["connector"] == lines.name}


def test_dashboards_find_their_names(rest, lines):
    lines.create(rest)
    lines.create_sink(rest)
    lines.write(1000)
    lines.wait_sunk()

    def complete():
        samples = _samples(rest)
        for connector, kind, names in ((lines.name, "source_task", SOURCE_TASK),
                                       (lines.sink_name, "sink_task", SINK_TASK)):
            for group, members in ((kind, names), ("connector_task", ANY_TASK), ("task_error", ERRORS)):
                for name in members:
                    full = f"kafka_connect_{group}_{name}"
                    assert _value(samples, full, connector=connector, task="0") is not None, full
        source, sink = {"connector": lines.name, "task": "0"}, {"connector": lines.sink_name, "task": "0"}
        assert _value(samples, "kafka_connect_source_task_source_record_write_total", **source) == 1000
        assert _value(samples, "kafka_connect_sink_task_sink_record_read_total", **sink) == 1000
        assert _value(samples, "kafka_connect_connector_task_batch_size_max", **source) > 0
        assert _value(samples, "kafka_connect_sink_task_partition_count", **sink) == 1
        return samples

    samples = wait.until(complete, 30, "all series")
    assert _value(samples, "kafka_connect_worker_connector_count") == 2
    assert _value(samples, "kafka_connect_worker_task_count") == 2
    for kind in ("connector", "task"):
        for name in ("attempts", "success"):
            assert _value(samples, f"kafka_connect_worker_{kind}_startup_{name}_total") == 2, (kind, name)
    assert _value(samples, "kafka_connect_worker_connector_running_task_count", connector=lines.name) == 1


def test_every_name_is_explained(rest, lines):
    lines.create(rest)
    lines.create_sink(rest)
    lines.write(10)
    lines.wait_sunk()
    for family in _families(rest):
        assert family.documentation, family.name
        assert family.type in ("gauge", "counter"), family.name


def test_status_follows_the_task(rest, lines):
    lines.create(rest)
    wait.until(lambda: _status(rest, lines) == {"running"}, 30, "running")
    rest.ok("PUT", f"/connectors/{lines.name}/pause")
    wait.until(lambda: _status(rest, lines) == {"paused"}, 30, "paused")
    rest.ok("PUT", f"/connectors/{lines.name}/resume")
    wait.until(lambda: _status(rest, lines) == {"running"}, 30, "running again")
    rest.ok("DELETE", f"/connectors/{lines.name}")
    wait.until(lambda: _status(rest, lines) == set(), 30, "gone")
    assert not [labels for _, labels in _samples(rest) if ("connector", lines.name) in labels]


def test_lag_of_a_sink_in_seconds(rest, lines):
    lines.create(rest)
    lines.create_sink(rest)
    lines.write(100)
    lines.wait_sunk()

    def lag():
        return _value(_samples(rest), "kitestream_sink_lag_seconds", connector=lines.sink_name, task="0")

    wait.until(lambda: lag() == 0, 30, "all committed")
    with lines.flowing():
        wait.until(lambda: lag() > 0, 30, "something not committed")
    lines.wait_sunk()
    wait.until(lambda: lag() == 0, 30, "all committed again")
