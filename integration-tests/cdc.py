"""A worker whose POST /cdc is asked: requests in, data of checked answers out."""

import pytest
import requests

from pipeline import TICKING
from samples import create


class Cdc:
    """One worker's /cdc."""

    def __init__(self, url):
        self.url = url

    def post(self, request_type, **data):
        return requests.post(f"{self.url}/cdc", json={"request_type": request_type, "request_data": data}, timeout=60)

    def ok(self, request_type, **data):
        answer = self.post(request_type, **data)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["code"] == 200 and set(body) <= {"code", "data"}, body
        return body.get("data")

    def fault(self, request_type, **data):
        """The message, after the form has been looked at: a real status, and the same code in the body."""
        answer = self.post(request_type, **data)
        assert answer.status_code == 400, answer.text
        body = answer.json()
        assert set(body) == {"code", "message"} and body["code"] == 400, body
        assert body["message"].startswith(f"fail to handle the {request_type} request, error: "), body
        return body["message"]

    def task(self, task_id):
        return self.ok("get", task_id=task_id)["task"]

    def connectors(self):
        return sorted(requests.get(f"{self.url}/connectors", timeout=60).json())


@pytest.fixture
def cdc(parts, kitestream, source, target, name):
    """A worker without a pipeline file, whose source is the session's; it may be started again."""
    env = parts.env
    kitestream.worker |= {
        "cdc.source.etcd.address": env["ETCD_ENDPOINT"],
        "cdc.source.etcd.root.path": env["SOURCE_ROOT_PATH"],
        "cdc.source.kafka.address": env["KAFKA_BOOTSTRAP"],
        "cdc.source.replicate.channel": f"{env['SOURCE_CHANNEL_PREFIX']}-replicate-msg",
        "cdc.topic.prefix": name,
    }
    if not source.has(TICKING):
        create(source, TICKING, shards=1)
    made = Cdc(kitestream.rest)
    kitestream.start()
    until_ready(kitestream, made)
    yield made
    for server in (source, target):
        for collection in server.collections():
            if collection.startswith(name):
                server.drop(collection)


def until_ready(kitestream, cdc):
    def ready():
        try:
            return cdc.post("list").status_code == 200
        except requests.ConnectionError:
            return False
    kitestream.wait_for(ready, 60, "an answer of /cdc")


def until_state(kitestream, cdc, task_id, state):
    kitestream.wait_for(lambda: cdc.task(task_id)["state"] == state, 60, f"the state {state} of {task_id}")


def milvus(parts, **more):
    return {"milvus_connect_param": {"uri": f"http://{parts.env['TARGET_URI']}", "connect_timeout": 10} | more}


def until_rows(kitestream, target, name, count):
    def there():
        assert target.has(name), "no such collection in the target"
        assert target.load_state(name) == "Loaded", "not loaded in the target"
        return target.count(name) == count
    kitestream.wait_for(there, 90, f"{count} rows of {name} in the target")
