"""scripts/test, after the dependencies are installed.

usage: scripts/test [--full]

Builds (release, fuzz, asan), runs the unit tests under ASan + UBSan, every fuzzer, and the integration tests of what
users get (release) against real servers; to be kept below 15 minutes on two cores (seen: 17). --full adds the
integration tests under ASan, those marked `full` (a real Kafka Connect beside ours, more rows, more losses), the unit
tests plainly and under TSan, longer fuzzing and longer kill loops; to be kept below an hour, which nobody has measured yet.

Environment: KITESTREAM_FUZZ_SECONDS (60; with --full 300) for each fuzzer, KITESTREAM_KILLS (5; 50) for
each kill loop, KITESTREAM_CACHE for downloads. Goes on after a failed stage; exits 0 only if none failed.
The integration tests wait much, so their lanes share the time with the unit tests and the fuzzers; the fuzzers
take what processor time is left.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from lanes import LANES  # noqa: E402
from results import FAILED, PASSED, Results, Stage  # noqa: E402
from stages import BUILD, ROOT, Stages  # noqa: E402

INTEGRATION_S = 45 * 60  # against hanging; a slow machine is no failure
PARTS = ROOT / "scripts" / "parts"
LIVE_TEST = "sink-connector/test_milvus_live"  # a C test that an integration test runs


class Run:
    def __init__(self, full):
        self.full = full
        self.logs = BUILD / "test-logs"
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.results = Results()
        self.stages = Stages(self.results, self.logs, full)
        self.folders = {lane: pathlib.Path(tempfile.mkdtemp(prefix="kitestream-parts.")) for lane in LANES}
        self.shared = pathlib.Path(tempfile.mkdtemp(prefix="kitestream-parts."))
        self.fuzz_s = int(os.environ.get("KITESTREAM_FUZZ_SECONDS", 300 if full else 60))
        self.kills = int(os.environ.get("KITESTREAM_KILLS", 50 if full else 5))

    def all(self):
        print(f"logs are in {self.logs.relative_to(ROOT)}", flush=True)
        kafka = _begin(self._start_shared_kafka)
        starting = {lane: _begin(self._start_parts, lane, kafka) for lane in LANES}
        try:
            self.stages.build("release", ["-D", "BUILD_TESTING=ON"], ["product", LIVE_TEST])
            self.stages.build("fuzz")
            self.stages.build("asan")
            others = _begin(self._beside_the_lanes)
            self._integration("release", starting)
            others.result()
            if self.full:
                self._integration("asan", starting)
        except KeyboardInterrupt:
            self.stages.end_all()
            interrupted = Stage("the whole run", str(self.logs.relative_to(ROOT)))
            interrupted.add("interrupted by a signal", FAILED)
            self.results.close(interrupted)
        finally:
            for lane, started in starting.items():
                started.exception()
                self._stop_parts(lane.name, self.folders[lane])
            self._stop_parts("shared", self.shared)
        self.results.summary()
        return 1 if self.results.failed() else 0

    def _beside_the_lanes(self):
        fuzzing = _begin(self.stages.fuzz, self.fuzz_s)
        self.stages.format()
        self.stages.unit("asan")
        for preset in ["dev", "tsan"] if self.full else []:
            self.stages.build(preset)
            self.stages.unit(preset)
        fuzzing.result()

    def _start_shared_kafka(self):
        """Its address, or nothing: then each lane starts one of its own."""
        if not self.stages.command(self.logs / "parts-shared.log", [PARTS, "up", self.shared, "--only", "kafka"], 600):
            return ""
        shown = subprocess.run([PARTS, "env", self.shared], capture_output=True, text=True, check=True).stdout
        return re.search(r"KAFKA_BOOTSTRAP=(\S+)", shown)[1]

    def _start_parts(self, lane, kafka):
        lent = [] if lane.own_kafka else ["--kafka", kafka.result()]
        return self.stages.command(self.logs / f"parts-{lane.name}.log",
                                   [PARTS, "up", self.folders[lane], "--only", lane.parts, *lent], 600)

    def _stop_parts(self, name, folder):
        subprocess.run([PARTS, "down", folder], check=False)
        if self.results.failed():
            for log in folder.glob("*/log"):
                kept = self.logs / "parts" / name / log.parent.name
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy(log, kept / "log")
        shutil.rmtree(folder, ignore_errors=True)

    def _integration(self, preset, starting):
        """Also when something else did not build, as long as there is a program to test."""
        lanes = [_begin(self._lane, preset, lane, starting[lane]) for lane in LANES]
        for lane in lanes:
            lane.result()

    def _lane(self, preset, lane, starting):
        stage = Stage(f"real parts {lane.name}", str((self.logs / f"parts-{lane.name}.log").relative_to(ROOT)))
        stage.add("real parts are up", PASSED if starting.result() else FAILED)
        self.results.close(stage)
        if not (starting.result() and (BUILD / preset / "runtime" / "kitestream").exists()):
            return
        python = subprocess.run([PARTS, "python"], capture_output=True, text=True, check=True).stdout.strip()
        self.stages.integration(preset, lane, python, self.folders[lane], INTEGRATION_S, self.kills)


def _begin(function, *args) -> Future:
    """On a thread of its own; its result, or its exception, is the future's."""
    future = Future()

    def run():
        try:
            future.set_result(function(*args))
        except BaseException as error:
            future.set_exception(error)
    threading.Thread(target=run).start()
    return future


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="also what takes long")
    full = parser.parse_args().full
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1"  # the second compiler takes 40 s for each Kafka
    return Run(full).all()


if __name__ == "__main__":
    sys.exit(main())
