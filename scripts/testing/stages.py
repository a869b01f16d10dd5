"""The stages of a test run: build, ctest, fuzzers, pytest, format.

In: the checkout, a folder for logs. Out: outcomes in a results.Stage; no stage raises because a test
failed. Everything is run in a process group of its own and ended with it when its time is over.
"""

import os
import pathlib
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

from results import FAILED, PASSED, Stage

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SECOND_TRIES = 3  # in a lane: real servers on a busy machine; a broken product fails more than that


class Stages:
    def __init__(self, results, logs: pathlib.Path, full=False):
        self.results, self.logs = results, logs
        self._selected = [] if full else ["-m", "not full"]
        self._guard, self._running, self._ending = threading.Lock(), set(), False

    def end_all(self):
        """Ends what runs, and lets nothing more begin: for a run that is interrupted."""
        with self._guard:
            self._ending = True
            for child in self._running:
                _signal_group(child)

    def command(self, log, words, timeout_s, env=None, niceness=0) -> bool:
        """True if the command ended with 0 within its time; its output goes to the log."""
        with open(log, "ab") as out:
            out.write(f"$ {' '.join(str(word) for word in words)}\n".encode())
            out.flush()
            child = self._start(words, out, env, niceness)
            try:
                return child is not None and child.wait(timeout_s) == 0
            except subprocess.TimeoutExpired:
                out.write(f"\nended after {timeout_s:.0f} s\n".encode())
                return False
            finally:
                if child:
                    self._end(child)

    def _start(self, words, out, env, niceness):
        with self._guard:
            if self._ending:
                return None
            child = subprocess.Popen([str(word) for word in words], cwd=ROOT, stdout=out,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                     env=os.environ | (env or {}), start_new_session=True,
                                     preexec_fn=lambda: _be_nice(niceness))
            self._running.add(child)
            return child

    def _end(self, child):
        """What the command left behind in its own process group goes with it."""
        _signal_group(child)
        child.wait()
        with self._guard:
            self._running.discard(child)

    def _stage(self, name):
        return Stage(name, str((self.logs / f"{name.replace(' ', '-')}.log").relative_to(ROOT)))

    def build(self, preset, settings=(), targets=("all",)) -> bool:
        """Keeps going after an error, so that one broken file does not hide what the others do."""
        stage = self._stage(f"build {preset}")
        log = ROOT / stage.log
        built = self.command(log, ["cmake", "--preset", preset, *settings], 900) and self.command(
            log, ["cmake", "--build", BUILD / preset, "--target", *targets, "--", "-k", "0"], 1800)
        stage.add(f"{preset} builds", PASSED if built else FAILED)
        self.results.close(stage)
        return built

    def unit(self, preset):
        stage = self._stage(f"unit tests {preset}")
        junit = self.logs / f"ctest-{preset}.xml"
        self.command(ROOT / stage.log, ["ctest", "--test-dir", BUILD / preset, "-j", "4", "--output-junit",
                                        junit, "--output-on-failure", "--repeat", "until-pass:2"], 600)
        stage.add_junit(junit)
        self.results.close(stage)

    def format(self):
        stage = self._stage("format")
        listed = subprocess.run(["git", "ls-files", "*.c", "*.h"], cwd=ROOT, capture_output=True, text=True,
                                check=False).stdout.split()
        clean = self.command(ROOT / stage.log, ["clang-format-14", "--dry-run", "-Werror", *listed], 120)
        stage.add("clang-format", PASSED if clean else FAILED)
        self.results.close(stage)

    def fuzz(self, seconds, at_once=4):
        """Every fuzzer for so many seconds, some at a time. The sources say what there is."""
        stage = Stage("fuzzers", str((self.logs / "fuzz_*.log").relative_to(ROOT)))
        sources = sorted(ROOT.glob("*/fuzz/fuzz_*.c"))
        print(f"fuzzing {len(sources)} parsers for {seconds} s each", flush=True)
        with ThreadPoolExecutor(at_once) as pool:
            for name, clean in pool.map(lambda source: self._fuzz_one(source, seconds), sources):
                stage.add(name, PASSED if clean else FAILED)
        self.results.close(stage)

    def _fuzz_one(self, source, seconds):
        name = source.stem
        folder = source.parent
        program = BUILD / "fuzz" / folder.parent.name / name
        found = BUILD / "fuzz-corpus" / name  # grows from run to run; the checked-in seeds stay as they are
        found.mkdir(parents=True, exist_ok=True)
        short = name.removeprefix("fuzz_")
        words = [program, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=1500",
                 "-print_final_stats=1", f"-artifact_prefix={self.logs}/{name}-", found]
        words += [seeds for seeds in [folder / "corpus" / short] if seeds.is_dir()]
        words += [f"-dict={words_}" for words_ in [folder / f"{short}.dict"] if words_.is_file()]
        log = self.logs / f"{name}.log"
        if not program.exists():
            log.write_text(f"{program} was not built\n", encoding="utf-8")
            return name, False
        return name, self.command(log, words, seconds + 120, niceness=19)

    def integration(self, preset, lane, python, parts, timeout_s, kills):
        stage = self._stage(f"integration {preset} {lane.name}")
        junit = self.logs / f"pytest-{preset}-{lane.name}.xml"
        env = {"KITESTREAM_BIN": str(BUILD / preset / "runtime" / "kitestream"),
               "KITESTREAM_PLUGIN_PATH": str(BUILD / preset / "plugins"),
               "KITESTREAM_LIVE_TEST": str(BUILD / preset / "sink-connector" / "test_milvus_live"),
               "KITESTREAM_PARTS_DIR": str(parts), "KITESTREAM_SOURCE_PARTS_DIR": str(parts),
               "KITESTREAM_PARTS_WANTED": lane.parts, "KITESTREAM_KILLS": str(kills),
               "KITESTREAM_LOG_DIR": str(self.logs / f"integration-{preset}")}
        ended_well = self._pytest(stage, junit, python, lane.files(ROOT / "integration-tests"), timeout_s, env)
        failed = stage.names(FAILED)
        if 0 < len(failed) <= SECOND_TRIES:
            again = Stage(stage.name, stage.log)
            self._pytest(again, junit.with_suffix(".again.xml"), python, [_node(test) for test in failed],
                         timeout_s, env)
            stage.take_second_try(again)
        if not ended_well and not stage.outcomes:
            stage.add("pytest did not end well", FAILED)
        self.results.close(stage)

    def _pytest(self, stage, junit, python, what, timeout_s, env):
        ended_well = self.command(ROOT / stage.log, [python, "-B", "-m", "pytest", "-v", "-p", "no:cacheprovider",
                                                     f"--junitxml={junit}", *self._selected, *what], timeout_s,
                                  env)
        stage.add_junit(junit)
        return ended_well


def _node(test):
    """pytest's node of a test that its junit file calls module.function."""
    module, _, function = test.removeprefix("integration-tests.").partition(".")
    return ROOT / "integration-tests" / f"{module}.py::{function}"


def _be_nice(niceness):
    """Of the whole session, too: where Linux shares the processor out by session, a process is nice only within its own."""
    os.nice(niceness)
    group = pathlib.Path("/proc/self/autogroup")
    if niceness and group.exists():
        group.write_text(str(niceness))


def _signal_group(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
