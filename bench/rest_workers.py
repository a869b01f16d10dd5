"""A worker of Kitestream and one of Kafka Connect on the same broker, asked for the same things in the same way.

In: a folder, a set of parts with Kafka, a build. Out: two workers with groups and topics of their own, nothing started.
Both convert strings to strings; everything else is as it is when nobody says otherwise.
"""

import contextlib
import http.client
import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "integration-tests"), str(ROOT / "scripts")]

import wait  # noqa: E402
from kitestream import Kitestream, free_port  # noqa: E402
from realparts import servers  # noqa: E402
from realparts.partset import PartSet  # noqa: E402

from usage import cpu_s, rss_mib, threads  # noqa: E402

STRINGS = {f"{side}.converter": "org.apache.kafka.connect.storage.StringConverter" for side in ("key", "value")}
READY_S = 60
STOP_S = 60


class Worker:
    """What both have in common: a process with a REST interface."""

    label = ""

    def __init__(self, folder, name):
        self.folder, self.name, self.options, self._process = folder, name, dict(STRINGS), None
        self.folder.mkdir()

    def command(self):
        """Writes the files that the words name."""
        raise NotImplementedError

    @property
    def address(self):
        raise NotImplementedError

    def start(self, *paths):
        """Seconds until each of the paths is first answered with 200."""
        words = [str(one) for one in self.command()]
        began = time.perf_counter()
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(words, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT,
                                             stdin=subprocess.DEVNULL)
        return [self._first_answer(path) - began for path in paths]

    def _first_answer(self, path):
        deadline = time.perf_counter() + READY_S
        while time.perf_counter() < deadline:
            assert self._process.poll() is None, f"{self.label} has ended, see {self.folder}/log"
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", path)[0] == 200:
                    return time.perf_counter()
            time.sleep(0.005)
        raise AssertionError(f"{self.label} is not ready after {READY_S} s, see {self.folder}/log")

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def ask(self, method, path, body=None):
        """Status and what the body says, if it is JSON."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            text = answer.read()
            is_json = text and answer.headers.get_content_type() == "application/json"
            return answer.status, json.loads(text) if is_json else None
        finally:
            connection.close()

    def must(self, method, path, body=None):
        status, said = self.ask(method, path, body)
        assert 200 <= status < 300, f"{self.label}: {method} {path}: {status} {said}"
        return said

    def use(self):
        return {"rss_mib": rss_mib(self._process.pid), "threads": threads(self._process.pid)}

    def cpu_s(self):
        return cpu_s(self._process.pid)

    # Connectors

    def create(self, name, config):
        self.must("POST", "/connectors", {"name": name, "config": config})

    def wait_states(self, state, count):
        """Until so many connectors, and a task of each, are in that state."""
        wait.until(lambda: self._in_state(state) == count, READY_S, f"{count} connectors {state} on {self.label}")

    def wait_for_bytes(self, file):
        wait.until(lambda: file.exists() and file.stat().st_size, READY_S, f"the first bytes in {file}")

    def _in_state(self, state):
        all_of_them = self.must("GET", "/connectors?expand=status").values()
        return sum([one["status"]["connector"]["state"]] + [task["state"] for task in one["status"]["tasks"]]
                   == [state, state] for one in all_of_them)


class KitestreamWorker(Worker):
    label = "Kitestream"

    def __init__(self, folder, parts, build, name):
        super().__init__(folder, name)
        self._made = Kitestream(ROOT, folder, parts, name)
        self._made.worker["plugin.path"] = str(sample_plugin(folder, build))
        self._program = build / "runtime" / "kitestream"

    @property
    def address(self):
        return self._made.rest.removeprefix("http://")

    def command(self):
        worker = self.folder / "worker.yaml"
        worker.write_text(json.dumps(self._made.worker | self.options), encoding="utf-8")
        return [self._program, "run", "-c", worker]


class ConnectWorker(Worker):
    label = "Kafka Connect"

    def __init__(self, folder, parts, name):
        super().__init__(folder, name)
        self._server = servers.Connect(PartSet(parts.folder), "connect", {"http": free_port()})
        self._server.folder = folder

    @property
    def address(self):
        return self._server.address

    def command(self):
        properties = self._server.properties() | self.options | {"group.id": self.name}
        properties |= {f"{kind}.storage.topic": f"{self.name}-{kind}s" for kind in ("config", "offset", "status")}
        (self.folder / "worker.properties").write_text("".join(f"{k}={v}\n" for k, v in properties.items()))
        return self._server.command()


def sample_plugin(folder, build):
    """FileStream, built as its README says, but against a build folder instead of an installation."""
    plugins = folder / "plugins"
    plugins.mkdir()
    subprocess.run(["cc", "-std=c17", "-O2", "-g", "-shared", "-fPIC", "-fvisibility=hidden",
                    "-D_POSIX_C_SOURCE=200809L", '-DFILESTREAM_VERSION="0.1.0"', f"-I{ROOT}/include",
                    *sorted((ROOT / "samples/filestream").glob("*.c")), f"-L{build / 'sdk'}", "-lkitestream-sdk",
                    "-ljansson", "-Wl,--exclude-libs,ALL", "-o", plugins / "filestream.so"], check=True)
    return plugins
