"""What an operator gets wrong, and what Kitestream says: which thing, where, and what to do."""

import subprocess

import pytest

from samples import create, row, schema
from pymilvus import DataType


def failed_trace(kitestream, kafka, connector):
    """The reason in the status of a task that has failed."""
    status = kitestream.wait_for(
        lambda: [one for one in [kitestream.task_status(kafka, connector)] if one.get("state") == "FAILED"],
        60, f"a failed {connector}")
    return status[0]["trace"]


def waiting(kitestream, kafka, connector, what):
    def said():
        status = kitestream.task_status(kafka, connector)
        assert what in (status.get("waiting") or ""), status
        return True
    kitestream.wait_for(said, 60, f"a status that names {what}")


def test_wrong_etcd_root__says_what_is_there(kitestream, kafka, parts):
    kitestream.source(milvus_etcd_root_path="by-dev")
    kitestream.start()
    trace = failed_trace(kitestream, kafka, "source")
    assert "by-dev" in trace and parts.env["SOURCE_ROOT_PATH"] in trace


def test_unreachable__says_which_and_keeps_trying(kitestream, kafka):
    kitestream.source(milvus_etcd_endpoints="127.0.0.1:1")
    kitestream.sink(milvus_uri="http://127.0.0.1:2")
    kitestream.start()
    waiting(kitestream, kafka, "source", "127.0.0.1:1")
    waiting(kitestream, kafka, "sink", "127.0.0.1:2")


def test_unreachable_kafka_of_the_source(kitestream, kafka):
    kitestream.source(milvus_kafka_bootstrap_servers="127.0.0.1:3")
    kitestream.start()
    waiting(kitestream, kafka, "source", "127.0.0.1:3")


def test_unreachable_kafka_of_the_worker(kitestream):
    kitestream.worker["bootstrap.servers"] = "127.0.0.1:4"
    kitestream.source()
    kitestream.start()
    kitestream.wait_log(r"127\.0\.0\.1:4", 30)
    kitestream.stop()


def test_other_schema_in_the_target__only_that_collection_stops(pipeline, source, target, kafka, name):
    create(target, name, of=schema(DataType.VARCHAR))
    create(source, name, loaded=True).insert([row(1)])
    create(source, f"{name}_good", loaded=True).insert([row(1)])
    pipeline.same_rows(f"{name}_good")
    waiting(pipeline.kitestream, kafka, "sink", name)
    assert target.collection(name).schema.fields[0].dtype == DataType.VARCHAR


@pytest.mark.parametrize("line, says", [
    ("topic.prefx: a", ["topic.prefx", "topic.prefix"]),
    ("start.from: yesterday", ["start.from", "yesterday"]),
    ("heartbeat.interval.ms: often", ["heartbeat.interval.ms", "often"]),
    ("heartbeat.interval.ms: -5", ["heartbeat.interval.ms", "-5"]),
])
def test_check_names_file_line_and_option(kitestream, folder, line, says):
    path = folder / "bad.yaml"
    path.write_text("pipelines:\n  - name: bad\n    source:\n      milvus.etcd.endpoints: e:1\n"
                    f"      milvus.kafka.bootstrap.servers: k:1\n      {line}\n", encoding="utf-8")
    worker = folder / "worker.yaml"
    worker.write_text(f"plugin.path: {kitestream.worker['plugin.path']}\n", encoding="utf-8")
    done = kitestream.command("check", "-c", worker, path)
    assert done.returncode == 1
    for words in [f"{path}:6", *says]:
        assert words in done.stdout + done.stderr


def test_unknown_worker_option(kitestream, folder):
    worker = folder / "worker.yaml"
    worker.write_text("group.id: a\nboostrap.servers: x\n", encoding="utf-8")
    done = kitestream.command("run", "-c", worker)
    assert done.returncode in (1, 2)
    for words in (f"{worker}:2", "boostrap.servers", "bootstrap.servers"):
        assert words in done.stdout + done.stderr


def test_a_plugin_that_is_none(kitestream, folder):
    """An object without the exported function, and one that is no object at all: said, and passed over."""
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "text.so").write_text("no object\n", encoding="utf-8")
    subprocess.run(["gcc", "-shared", "-x", "c", "-", "-o", plugins / "empty.so"], input="int nothing;", text=True,
                   check=True)
    worker = folder / "worker.yaml"
    worker.write_text(f"plugin.path: {plugins},{kitestream.worker['plugin.path']}\n", encoding="utf-8")
    done = kitestream.command("plugins", "-c", worker)
    said = done.stdout + done.stderr
    for words in ("text.so", "empty.so", "ks_plugin_open", "MilvusSourceConnector"):
        assert words in said


def test_exit_codes(kitestream, folder):
    assert kitestream.command("--version").returncode == 0
    assert kitestream.command("--help").returncode == 0
    assert kitestream.command("nonsense").returncode == 2
    assert kitestream.command("check", folder / "absent.yaml").returncode == 1
