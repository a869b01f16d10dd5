"""What came out of the stages, and the summary that ends a run.

In: one outcome per test, from any thread. Out: a line per stage, the failed tests by name, and the last
line `N passed, N failed[, N skipped]`, which others parse.
"""

import threading
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Stage:
    """The tests of one stage. A stage that finds no test has failed."""

    name: str
    log: str
    began: float = field(default_factory=time.monotonic)
    outcomes: list = field(default_factory=list)

    def add(self, test, outcome):
        self.outcomes.append((test, outcome))

    def add_junit(self, path):
        """ctest and pytest both write this format. For ctest a test that was not built is a skipped one."""
        try:
            cases = list(ElementTree.parse(path).getroot().iter("testcase"))
        except (OSError, ElementTree.ParseError):
            cases = []
        for case in cases:
            name = f"{case.get('classname', '')}.{case.get('name')}".strip(".")
            self.add(name, _outcome(case))

    def count(self, outcome):
        return sum(1 for _, one in self.outcomes if one == outcome)

    def names(self, outcome):
        return [test for test, one in self.outcomes if one == outcome]

    def take_second_try(self, again):
        """What failed and then passed has passed; it is named, so that nobody overlooks it."""
        better = set(again.names(PASSED)) & set(self.names(FAILED))
        self.outcomes = [(test, PASSED if test in better else one) for test, one in self.outcomes]
        for test in sorted(better):
            print(f"passed at the second try: {test}", flush=True)


def _outcome(case):
    skipped = case.find("skipped")
    if skipped is not None:
        return FAILED if "Unable to find executable" in skipped.get("message", "") else SKIPPED
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return FAILED
    return SKIPPED if case.get("status") == "disabled" else PASSED


class Results:
    def __init__(self):
        self._stages = []
        self._guard = threading.Lock()

    def close(self, stage):
        if stage.count(PASSED) + stage.count(FAILED) == 0:
            stage.add("no test was found", FAILED)
        with self._guard:
            self._stages.append(stage)
            print(f"{stage.name:<24} {_counts(stage):<36} {time.monotonic() - stage.began:5.0f} s", flush=True)

    def failed(self):
        return any(stage.count(FAILED) for stage in self._stages)

    def summary(self):
        with self._guard:
            for stage in self._stages:
                for test, outcome in stage.outcomes:
                    if outcome == FAILED:
                        print(f"FAILED {stage.name}: {test}   (see {stage.log})")
            total = Stage("", "", outcomes=[one for stage in self._stages for one in stage.outcomes])
            print(_counts(total), flush=True)


def _counts(stage):
    text = f"{stage.count(PASSED)} passed, {stage.count(FAILED)} failed"
    return text + (f", {stage.count(SKIPPED)} skipped" if stage.count(SKIPPED) else "")
