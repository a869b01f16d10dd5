"""examples/consumer.py as a process. In: where its files go, the stream; out: what it saved, for tests to judge."""

import pickle
import subprocess
import sys

import wait
from parts import ROOT


class ExampleConsumer:
    """Killed and started again with its state file."""

    def __init__(self, folder, brokers, registry, prefix):
        self.path, self._log = folder / "state", folder / "consumer.log"
        self._command = [sys.executable, "-B", ROOT / "examples/consumer.py", brokers, registry, prefix, self.path]
        self._process = None

    def start(self):
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)

    def kill(self):
        self._process.kill()
        self._process.wait(10)

    @property
    def state(self):
        """What it saved last; readable at any moment, since it replaces the file as a whole."""
        assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
        assert self.path.exists(), "nothing saved yet"
        return pickle.loads(self.path.read_bytes())

    def rows(self, name, state=None):
        """key -> rows of that key, in whatever partition."""
        found = {}
        for keys in self._partitions(name, state or self.state):
            for key, same in keys.items():
                found.setdefault(key, []).extend(same)
        return found

    @staticmethod
    def _partitions(name, state):
        named = [one for one in state["held"].values() if one["name"] == f"default.{name}"]
        return named[0]["partitions"].values() if named else ()

    def wait_more(self, states, deadline_s=60):
        """The next state that holds more metadata changes than those before."""
        def more():
            state = self.state
            assert state["applied"] > max((one["applied"] for one in states), default=0), state["applied"]
            return state
        return wait.until(more, deadline_s, "a saved cut with more changes in it")

    def wait_past(self, moment_s, deadline_s=90):
        def past():
            assert self.state["tick"] > int(moment_s * 1000) << 18, self.state["tick"]
            return True
        wait.until(past, deadline_s, "a saved cut past that moment")
