"""What the tests of the REST interface share: a worker with the sample plugins, and lines of a file that flow
through its connectors, counted.
"""

import contextlib
import pathlib
import subprocess
import threading

import pytest

from connect_rest import ConnectRest
from kitestream import program
from parts import ROOT

SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
SINK = "org.apache.kafka.connect.file.FileStreamSinkConnector"


@pytest.fixture(scope="session")
def sample_plugins(tmp_path_factory):
    """The samples that stand in for Kafka's, built without an installation."""
    folder = tmp_path_factory.mktemp("samples")
    sdk = pathlib.Path(program(ROOT)).parents[1] / "sdk"
    for name in ("filestream", "mock"):
        sources = sorted((ROOT / "samples" / name).glob("*.c"))
        subprocess.run(["cc", "-std=c17", "-O1", "-g", "-shared", "-fPIC", "-fvisibility=hidden",
                        "-D_POSIX_C_SOURCE=200809L", f'-D{name.upper()}_VERSION="0.1.0"', f"-I{ROOT}/include",
                        *sources, f"-L{sdk}", "-lkitestream-sdk", "-ljansson", "-Wl,--exclude-libs,ALL",
                        "-o", folder / f"{name}.so"], check=True)
    return folder


@pytest.fixture
def runtime(kitestream, sample_plugins):
    """Not started yet."""
    kitestream.worker |= {"plugin.path": str(sample_plugins),
                          "key.converter": "org.apache.kafka.connect.storage.StringConverter",
                          "value.converter": "org.apache.kafka.connect.storage.StringConverter"}
    return kitestream


def started(runtime, **options):
    runtime.worker |= options
    runtime.start()
    return ConnectRest(runtime.rest).wait_up()


class Lines:
    """The file that the source follows, the topic, the file that the sink writes."""

    def __init__(self, runtime, kafka):
        self.runtime, self._kafka = runtime, kafka
        self.name, self.sink_name, self.topic = f"{runtime.name}-in", f"{runtime.name}-out", f"{runtime.name}.lines"
        self.path, self.out_path = runtime.folder / "in.txt", runtime.folder / "out.txt"
        self.path.touch()
        self.written, self._stop, self._thread = [], threading.Event(), None

    def source_config(self):
        return {"connector.class": SOURCE, "file": str(self.path), "topic": self.topic, "batch.size": "100"}

    def create(self, rest):
        rest.expect(201, "POST", "/connectors", {"name": self.name, "config": self.source_config()})

    def create_sink(self, rest):
        config = {"connector.class": SINK, "file": str(self.out_path), "topics": self.topic}
        rest.expect(201, "POST", "/connectors", {"name": self.sink_name, "config": config})

    def write(self, count):
        new = [f"line {len(self.written) + at}" for at in range(count)]
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in new))
        self.written += new

    def _flow(self):
        while not self._stop.wait(0.005):
            self.write(3)

    @contextlib.contextmanager
    def flowing(self):
        self._stop.clear()
        self._thread = threading.Thread(target=self._flow)
        self._thread.start()
        try:
            yield
        finally:
            self.quiet()

    def quiet(self):
        self._stop.set()
        if self._thread:
            self._thread.join()

    def published(self):
        return [message.value().decode() for message in self._kafka.raw(self.topic)]

    def wait_published(self, count=None):
        wanted = len(self.written) if count is None else count
        self.runtime.wait_for(lambda: len(self.published()) >= wanted, 60, f"{wanted} lines in {self.topic}")

    def wait_more(self):
        """Lines that were written after the call."""
        self.wait_published(len(self.written) + 10)

    def sunk(self):
        return self.out_path.read_text(encoding="utf-8").splitlines() if self.out_path.exists() else []

    def wait_sunk(self, count=None):
        wanted = len(self.written) if count is None else count
        self.runtime.wait_for(lambda: len(self.sunk()) >= wanted, 60, f"{wanted} lines in {self.out_path}")

    def wait_more_sunk(self):
        self.wait_sunk(len(self.written) + 10)


@pytest.fixture
def rest(runtime):
    return started(runtime)


@pytest.fixture
def lines(runtime, kafka):
    made = Lines(runtime, kafka)
    yield made
    made.quiet()
