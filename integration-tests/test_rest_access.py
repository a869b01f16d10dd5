"""Who may do what at the REST interface of a real worker: TLS, logins, roles, and its stop.
"""

import os
import signal
import subprocess

import pytest
import requests
import wait
from certificates import certificate


ALICE, BOB = ("alice", "wonderland"), ("bob", "builder")


def _replace(path, by):
    next_one = path.with_suffix(".next")
    next_one.write_bytes(by.read_bytes())
    os.replace(next_one, path)


@pytest.fixture
def secure(runtime):
    """A worker that speaks TLS and knows three logins; its certificate as used, and the one to come."""
    folder = runtime.folder
    first, later = certificate(folder, "first"), certificate(folder, "later")
    used = folder / "used.crt"
    _replace(used, first)
    _replace(used.with_suffix(".key"), first.with_suffix(".key"))
    hashed = subprocess.run(["openssl", "passwd", "-6", BOB[1]], check=True, capture_output=True, text=True).stdout
    (folder / "users").write_text(f"alice={ALICE[1]}\nbob={hashed}\n", encoding="utf-8")
    (folder / "tokens").write_text("probe=a-token\n", encoding="utf-8")
    runtime.worker |= {"listeners": runtime.rest.replace("http://", "https://"),
                       "listeners.https.ssl.certificate.location": str(used),
                       "listeners.https.ssl.key.location": str(used.with_suffix(".key")),
                       "rest.auth.users.file": str(folder / "users"),
                       "rest.auth.tokens.file": str(folder / "tokens"),
                       "rest.auth.read.only": "bob",
                       "rest.auth.health.open": True}
    runtime.start()
    wait.until(lambda: _status(runtime, first, "GET", "/health") == 200, 60, "healthy")
    return runtime, first, later, used


def _status(worker, authority, method, path, auth=None, **options):
    try:
        return requests.request(method, worker.rest + path, auth=auth, verify=authority if authority is True else str(authority), timeout=60,
                                **options).status_code
    except requests.exceptions.SSLError:
        return "TLS"
    except requests.exceptions.ConnectionError:
        return "refused"


def test_logins_and_roles(secure):
    worker, authority, _, _ = secure
    bearer = {"headers": {"Authorization": "Bearer a-token"}}
    assert _status(worker, authority, "GET", "/connectors") == 401
    assert _status(worker, authority, "GET", "/connectors", ("alice", "guessed")) == 401
    assert _status(worker, authority, "GET", "/connectors", ("bob", "guessed")) == 401
    assert _status(worker, authority, "GET", "/connectors", ALICE) == 200
    assert _status(worker, authority, "GET", "/connectors", BOB) == 200
    assert _status(worker, authority, "GET", "/metrics", **bearer) == 200
    for auth, wanted in ((BOB, 403), (ALICE, 404)):
        assert _status(worker, authority, "DELETE", "/connectors/none", auth) == wanted
        assert _status(worker, authority, "PUT", "/connectors/none/pause", auth) == wanted
    for secret in (ALICE[1], BOB[1], "a-token", "guessed"):
        assert secret not in worker.log


def test_new_certificate_without_a_restart(secure):
    worker, first, later, used = secure
    _replace(used, later)
    _replace(used.with_suffix(".key"), later.with_suffix(".key"))
    wait.until(lambda: _status(worker, later, "GET", "/health") == 200, 30, "the new certificate")
    assert _status(worker, first, "GET", "/health") == "TLS"
    worker.stop()


def test_anybody_is_warned_of(runtime):
    runtime.worker["listeners"] = runtime.rest.replace("127.0.0.1", "0.0.0.0")
    runtime.start()
    runtime.wait_log("can be reached from other machines and asks nobody for a login")


def test_answers_while_kafka_is_away_and_stops(runtime):
    runtime.worker["bootstrap.servers"] = "127.0.0.1:1"
    runtime.start()
    wait.until(lambda: _status(runtime, True, "GET", "/health") == 503, 30, "starting")
    assert _status(runtime, True, "GET", "/") == 200
    assert _status(runtime, True, "GET", "/connectors") == 503
    os.kill(runtime.pid, signal.SIGTERM)
    os.kill(runtime.pid, signal.SIGTERM)  # as `timeout` does
    runtime.stop()
