"""Connect's REST interface as its users know it: requests in, answers and their shapes out.

A shape is a type, a value, None for any, a list with the shape of its elements, a map of members (a `?` at
the end of a name: may be absent; no others may be there), or several in a tuple, one of which must fit.
"""

import requests

import wait

TASK_ID = {"connector": str, "task": int}
INFO = {"name": str, "config": dict, "tasks": [TASK_ID], "type": ("source", "sink", "unknown")}
STATE = {"state": ("UNASSIGNED", "RUNNING", "PAUSED", "FAILED", "STOPPED", "RESTARTING"), "worker_id": str,
         "version": (str, type(None)), "trace?": str, "waiting?": str}
STATUS = {"name": str, "connector": STATE, "tasks": [STATE | {"id": int}], "type": ("source", "sink", "unknown")}
ERROR = {"error_code": int, "message": str}
MESSAGE = {"message": str}
OFFSETS = {"offsets": [{"partition": dict, "offset": dict}]}


def misfit(shape, value, path=""):
    """Where and how value differs from shape; None if it fits."""
    if shape is None:
        return None
    if isinstance(shape, tuple):
        return None if any(misfit(one, value) is None for one in shape) else f"{path}: {value!r} is none of {shape}"
    if isinstance(shape, type):
        fits = type(value) is shape
        return None if fits else f"{path}: {value!r} is not of type {shape.__name__}"
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{path}: {value!r} is not a list"
        return next(filter(None, (misfit(shape[0], one, f"{path}[{at}]") for at, one in enumerate(value))), None)
    if isinstance(shape, dict):
        return _misfit_members(shape, value, path)
    return None if value == shape else f"{path}: {value!r} is not {shape!r}"


def _misfit_members(shape, value, path):
    if not isinstance(value, dict):
        return f"{path}: {value!r} is not an object"
    names = {name.rstrip("?") for name in shape}
    if not set(value) <= names:
        return f"{path}: has {sorted(set(value) - names)}"
    for name, inner in shape.items():
        if name.rstrip("?") in value:
            found = misfit(inner, value[name.rstrip("?")], f"{path}.{name}")
            if found:
                return found
        elif not name.endswith("?"):
            return f"{path}: lacks {name}"
    return None


class ConnectRest:
    """One worker, by its address."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None, **options):
        return requests.request(method, self.url + path, json=body, timeout=60, **options)

    def ok(self, method, path, body=None):
        answer = self.call(method, path, body)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def expect(self, status, method, path, body=None, shape=None, **options):
        """The body, after status, content type and shape have been looked at."""
        answer = self.call(method, path, body, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        if shape is None:
            return answer.json() if answer.content else None
        assert answer.headers["Content-Type"].split(";")[0] == "application/json"
        assert misfit(shape, answer.json()) is None, f"{method} {path}: {misfit(shape, answer.json())}"
        if shape is ERROR:
            assert answer.json()["error_code"] == status
        return answer.json()

    def wait_up(self, deadline_s=60):
        def is_up():
            try:
                return self.call("GET", "/connectors").status_code == 200
            except requests.ConnectionError:
                return False
        wait.until(is_up, deadline_s, f"an answer of {self.url}")
        return self

    def status(self, connector):
        return self.ok("GET", f"/connectors/{connector}/status")

    def wait_state(self, connector, state, tasks=None, deadline_s=60):
        """Until the connector, and its tasks (default: all, and at least one, in the same state), are there."""
        def is_there():
            status = self.status(connector)
            wanted = [state] * max(1, len(status["tasks"])) if tasks is None else tasks
            assert status["connector"]["state"] == state, status
            assert [one["state"] for one in status["tasks"]] == wanted, status
            return status
        return wait.until(is_there, deadline_s, f"{connector} {state}")
