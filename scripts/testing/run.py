"""scripts/test, after the dependencies are installed.

usage: scripts/test [--full]

Builds (dev, release, asan, fuzz), runs the unit tests plainly and under ASan + UBSan, every fuzzer, and the
integration tests against real servers; below 15 minutes on two cores. --full adds the integration tests
under ASan, the unit tests under TSan, longer fuzzing and longer kill loops; below an hour.

Environment: KITESTREAM_FUZZ_SECONDS (60; with --full 300) for each fuzzer, KITESTREAM_KILLS (10; 50) for
each kill loop, KITESTREAM_CACHE for downloads. Goes on after a failed stage; exits 0 only if none failed.
The integration tests mostly wait, so they share the time with the sanitizer builds and the fuzzers, which
run at a lower priority.
"""

import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from results import FAILED, PASSED, Results, Stage  # noqa: E402
from stages import BUILD, ROOT, Stages  # noqa: E402

QUICK_S, FULL_S = 14 * 60, 58 * 60
INTEGRATION_S = 45 * 60  # against hanging; a slow machine is no failure
PARTS = ROOT / "scripts" / "parts"
NICE = 10


class Run:
    def __init__(self, full):
        self.full = full
        self.deadline = time.monotonic() + (FULL_S if full else QUICK_S)
        self.logs = BUILD / "test-logs"
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.results = Results()
        self.stages = Stages(self.results, self.logs)
        self.parts = pathlib.Path(tempfile.mkdtemp(prefix="kitestream-parts."))
        self.parts_up = False
        self.fuzz_s = int(os.environ.get("KITESTREAM_FUZZ_SECONDS", 300 if full else 60))
        self.kills = int(os.environ.get("KITESTREAM_KILLS", 50 if full else 10))

    def all(self):
        print(f"logs are in {self.logs.relative_to(ROOT)}", flush=True)
        starting = threading.Thread(target=self._start_parts)
        starting.start()
        try:
            self.stages.format()
            self.stages.build("dev")
            self.stages.unit("dev")
            starting.join()
            others = threading.Thread(target=self._sanitizers_and_fuzzers)
            others.start()
            self._integration("dev")
            others.join()
            if self.full:
                self._integration("asan")
        except KeyboardInterrupt:
            self.stages.end_all()
            interrupted = Stage("the whole run", str(self.logs.relative_to(ROOT)))
            interrupted.add("interrupted by a signal", FAILED)
            self.results.close(interrupted)
        finally:
            starting.join()
            self._stop_parts()
        self.results.summary()
        return 1 if self.results.failed() else 0

    def _sanitizers_and_fuzzers(self):
        for preset in ["asan", "tsan"] if self.full else ["asan"]:
            self.stages.build(preset, NICE)
            self.stages.unit(preset, NICE)
        self.stages.build("release", NICE)
        self.stages.build("fuzz", NICE)
        reserve = 20 * 60 if self.full else 0  # the integration tests under ASan come after the fuzzers
        self.stages.fuzz(self.fuzz_s, self.deadline - reserve)

    def _start_parts(self):
        self.parts_up = self.stages.command(self.logs / "parts.log", [PARTS, "up", self.parts, "--only",
                                            "kafka,etcd,source,target,registry"], 600)

    def _stop_parts(self):
        subprocess.run([PARTS, "down", self.parts], check=False)
        if self.results.failed():
            kept = self.logs / "parts"
            for log in self.parts.glob("*/log"):
                (kept / log.parent.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(log, kept / log.parent.name / "log")
        shutil.rmtree(self.parts, ignore_errors=True)

    def _integration(self, preset):
        """Also when something else did not build, as long as there is a program to test."""
        stage = Stage("real parts", str((self.logs / "parts.log").relative_to(ROOT)))
        stage.add("real parts are up", PASSED if self.parts_up else FAILED)
        self.results.close(stage)
        if not (self.parts_up and (BUILD / preset / "runtime" / "kitestream").exists()):
            return
        python = subprocess.run([PARTS, "python"], capture_output=True, text=True, check=True).stdout.strip()
        self.stages.integration(preset, python, self.parts, INTEGRATION_S, self.kills)


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="also what takes long")
    full = parser.parse_args().full
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return Run(full).all()


if __name__ == "__main__":
    sys.exit(main())
