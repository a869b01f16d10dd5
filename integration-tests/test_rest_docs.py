"""docs/rest.md on a real worker: each call in it is made, in order, and has to be answered as the text says.
With KITESTREAM_UPDATE_DOCS=1 the answers in the text are written anew.

A call is a block of `sh`, its answer the block of `http` after it. `<!-- wait: NAME -->` waits until that
connector and its tasks are RUNNING, or in the state that is named. Compared are status, headers and, of JSON,
members and types.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess

import wait
from parts import ROOT
from rest_lines import started

DOC = ROOT / "docs/rest.md"
ADDRESS, DATA, TOPIC = "http://localhost:8083", "/data", "library.lines"
STEP = re.compile(r"<!-- wait: (?P<name>\S+)(?: (?P<state>\S+))? -->|```sh\n(?P<call>curl .*?)\n```\n```http\n(?P<answer>.*?)```\n", re.S)
HEADERS = ("Location",)
KEEP, LINES_MAX = 2, 8  # of long lists, objects and texts
SETTLE_S = 10
UPDATES = os.environ.get("KITESTREAM_UPDATE_DOCS") == "1"


def _cut(value, depth=0):
    """Long lists and objects are cut after their first elements."""
    if isinstance(value, list):
        short = [_cut(one, depth + 1) for one in value[:KEEP if len(value) > 4 else None]]
        return short + (["..."] if len(value) > 4 else [])
    if isinstance(value, dict):
        names = list(value)[:KEEP if depth == 0 and len(value) > 5 else None]
        return {name: _cut(value[name], depth + 1) for name in names} | ({"...": "..."} if len(names) < len(value) else {})
    return value


def _elements(value):
    """Of a map by name, such as loggers: its elements, all of one shape. None: it is an object."""
    elements = [one for name, one in value.items() if name != "..."]
    alike = elements and all(isinstance(one, dict) and one.keys() == elements[0].keys() for one in elements)
    return elements if alike else None


def _fits(wanted, seen):
    """Same members and types. An empty list fits any: it may be a moment too early."""
    if isinstance(wanted, dict) and isinstance(seen, dict):
        maps = _elements(wanted), _elements(seen)
        if all(maps):
            return _fits(*maps)
        return wanted.keys() == seen.keys() and all(_fits(wanted[name], seen[name]) for name in wanted)
    if isinstance(wanted, list) and isinstance(seen, list):
        return not wanted or all(any(_fits(one, other) for one in wanted) for other in seen)
    return type(wanted) is type(seen)


class Answers:
    def __init__(self, rest, folder, topic):
        self._rest, self._folder, self._topic = rest, folder, topic

    def wait(self, name, state):
        self._rest.wait_state(name, state, [] if state == "STOPPED" else None)

    def ask(self, call):
        """The answer as the text shows it."""
        here = str(self._folder)
        command = call.replace(ADDRESS, self._rest.url).replace(DATA, here).replace(TOPIC, self._topic)
        command = re.sub(r"^curl (-i )?", "curl -sS -i --max-time 60 ", command)
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=90, check=True)
        head, _, body = done.stdout.replace("\r", "").partition("\n\n")
        status, *headers = head.splitlines()
        shown = [status.removeprefix("HTTP/1.1 ")] + [one for one in headers if one.startswith(HEADERS)]
        text = "\n".join(shown) + "\n" + (f"\n{self._body(body)}\n" if body.strip() else "")
        for real, nice in ((self._rest.url, ADDRESS), (here, DATA), (self._topic, TOPIC),
                           (self._rest.url.removeprefix("http://"), "localhost:8083")):
            text = text.replace(real, nice)
        return text

    @staticmethod
    def _body(body):
        try:
            return json.dumps(_cut(json.loads(body)), indent=2, ensure_ascii=False)
        except ValueError:
            lines = body.rstrip().splitlines()
            return "\n".join(lines[:LINES_MAX] + (["..."] if len(lines) > LINES_MAX else []))


def _parts(answer):
    """Status and headers; the body if it is JSON."""
    head, _, body = answer.partition("\n\n")
    try:
        return head.strip(), json.loads(body)
    except ValueError:
        return head.strip(), None


def _is_as_told(told, answer):
    (told_head, told_body), (head, body) = _parts(told), _parts(answer)
    return told_head == head and _fits(told_body, body)


def _settled(answers, found):
    """What only reads is asked again for a while: a change before it may still be on its way."""
    seen = [answers.ask(found["call"])]

    def fits():
        if not _is_as_told(found["answer"], seen[-1]):
            seen.append(answers.ask(found["call"]))
        return _is_as_told(found["answer"], seen[-1])
    if not re.search(r" (-X|-d) ", found["call"]) and not UPDATES:
        with contextlib.suppress(AssertionError):
            wait.until(fits, SETTLE_S, "the documented answer")
    return seen[-1]


def test_the_documented_answers(runtime):
    (runtime.folder / "in.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    text, answers = DOC.read_text(encoding="utf-8"), Answers(started(runtime), runtime.folder, f"{runtime.name}.lines")
    done, wrong = 0, []

    def step(found):
        nonlocal done
        if found["name"]:
            answers.wait(found["name"], found["state"] or "RUNNING")
            return found[0]
        answer, done = _settled(answers, found), done + 1
        if not _is_as_told(found["answer"], answer):
            wrong.append(f"{found['call']}\n{answer}")
        return f"```sh\n{found['call']}\n```\n```http\n{answer}```\n"

    made = STEP.sub(step, text)
    assert done > 25
    if UPDATES:
        pathlib.Path(DOC).write_text(made, encoding="utf-8")
    else:
        assert not wrong, "differs from docs/rest.md:\n" + "\n".join(wrong)
