"""The real servers of a test session, through scripts/parts."""

import json
import contextlib
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
COMMAND = ROOT / "scripts" / "parts"
WANTED = os.environ.get("KITESTREAM_PARTS_WANTED", "kafka,etcd,source,target,registry")


class Parts:
    """Addresses and names as attributes of `env`; outages by stop() and start()."""

    def __init__(self, folder, owned):
        self.folder, self._owned = folder, owned
        self.env = self._read_env()

    @classmethod
    def open(cls):
        """The set named by KITESTREAM_PARTS_DIR, with whatever it lacks, or a new one."""
        named = os.environ.get("KITESTREAM_PARTS_DIR")
        folder = named or tempfile.mkdtemp(prefix="kitestream-parts.")
        _run("up", folder, "--only", WANTED)
        return cls(folder, owned=not named)

    @classmethod
    def open_source(cls):
        """A source Milvus for tests that break its queue or its etcd: named by KITESTREAM_SOURCE_PARTS_DIR, or new."""
        named = os.environ.get("KITESTREAM_SOURCE_PARTS_DIR")
        folder = named or tempfile.mkdtemp(prefix="kitestream-parts-source.")
        _run("up", folder, "--only", "kafka,etcd,source")
        return cls(folder, owned=not named)

    @classmethod
    def open_with_auth(cls):
        """A set of its own whose servers all ask for passwords, and whose etcd speaks TLS."""
        folder = tempfile.mkdtemp(prefix="kitestream-parts-auth.")
        _run("up", folder, "--auth")
        return cls(folder, owned=True)

    def close(self):
        if self._owned:
            _run("down", self.folder, "--wipe")

    def stop(self, name, hard=False):
        _run("stop", self.folder, name, *(["--hard"] if hard else []))

    def start(self, name):
        _run("start", self.folder, name)

    def pid(self, name):
        state = json.loads((pathlib.Path(self.folder) / "state.json").read_text(encoding="utf-8"))
        return state["parts"][name]["process"]["pid"]

    @contextlib.contextmanager
    def away(self, name):
        """Killed; back at the end, also of a test that fails, on which the others would fail too."""
        self.stop(name, hard=True)
        try:
            yield
        finally:
            self.start(name)

    @contextlib.contextmanager
    def beside(self, name):
        """One part more, for as long as it is needed."""
        _run("up", self.folder, "--only", name)
        self.env = self._read_env()
        try:
            yield
        finally:
            self.stop(name)

    @property
    def kafka_client(self):
        """Options for confluent-kafka and, with the same names, for a worker."""
        options = {"bootstrap.servers": self.env["KAFKA_BOOTSTRAP"]}
        if "KAFKA_USERNAME" in self.env:
            options |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
                        "sasl.username": self.env["KAFKA_USERNAME"],
                        "sasl.password": self.env["KAFKA_PASSWORD"]}
        return options

    def _read_env(self):
        lines = _run("env", self.folder).splitlines()
        pairs = (shlex.split(line.removeprefix("export "))[0].split("=", 1) for line in lines)
        return dict(pairs)


def _run(*words):
    done = subprocess.run([sys.executable, "-B", COMMAND, *words], capture_output=True, text=True, check=False,
                          timeout=600)
    assert done.returncode == 0, f"scripts/parts {' '.join(words)}: {done.stderr}"
    return done.stdout
