"""A real Kafka Connect worker and ours, beside each other on one Kafka, are asked the same. Compared: status, content
type, where Location points, members and JSON types of the body, and the values that programs act on; not the texts.
Each difference is one for which docs/rest.md has a reason, and each of those that are named here is there.
"""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

import wait
from rest_differences import section
from rest_exchanges import NAME, exchanges
from rest_lines import started

pytestmark = pytest.mark.full

VALUES = ("class", "config", "connector", "error_code", "error_count", "filename", "id", "importance", "level", "name",
          "position", "state", "task", "topics", "type", "width")
PATIENCE_S = 60

# What may differ in any answer, and how the row of docs/rest.md begins that says why.
EVERYWHERE = (
    (r"content type: .* here, none there$", "Every error with a body has a content type"),
    (r"\.order: only here$", "Options have `order` beside `order_in_group`"),
    (r"\.errors\.deadletterqueue\.[a-z.]+: only here$", "Sources have dead-letter options too"),
    (r"connect\.(converters|json)\.\w+ \w+: only there$|AvroConverter converter: only here$"
     r"|converter\.value\.recommended_values: ",
     "Converters are Avro, JSON, String and ByteArray"),
    (r"connect\.tools\.\w+ \w+: only there$", "Plugins are Kitestream's"),
    (r"connect\.transforms\.[\w.$]+ \w+: only there$", "The only transformation is RegexRouter"),
)


def test_answers__are_kafka_connects(connect, runtime):
    lines, copy = runtime.folder / "lines.txt", runtime.folder / "copy.txt"
    lines.write_text("one\ntwo\nthree\n", encoding="utf-8")
    asked = list(exchanges(lines, copy))
    ours = started(runtime, **{"log.level": "warn"})  # as Connect's
    sides = Side(ours, f"{runtime.name}-here"), Side(connect, f"{runtime.name}-there")
    with ThreadPoolExecutor(2) as pool:
        here, there = pool.map(lambda side: [side.answer(one) for one in asked], sides)
    judged = Judged()
    for exchange, answers in zip(asked, zip(here, there)):
        judged.take(exchange, *answers)
    print(judged.summary)
    (runtime.folder / "differences.json").write_text(json.dumps(judged.expected, indent=1), encoding="utf-8")
    assert not judged.surprising, f"{judged.summary}\n{json.dumps(judged.surprising, indent=1)}"
    unused = [row for _, row in EVERYWHERE if row not in judged.expected]
    assert not unused, f"no answer differs any more by {unused}"


class Side:
    """One of the two workers. What it is sent has NAME replaced by one of its own; what it answers, the other way."""

    def __init__(self, rest, own):
        self._rest, self._own = rest, own

    def answer(self, exchange):
        """As soon as it is the one that was waited for; a rebalance is nobody's answer."""
        def seen():
            answer = self._send(exchange)
            is_right = answer.status_code == exchange.status
            assert is_right or "rebalance" not in answer.text, answer.text
            assert not exchange.until or (is_right and exchange.until(self._said(answer))), answer.text
            return self._compared(answer)
        return wait.until(seen, PATIENCE_S, f"{exchange} at {self._rest.url}")

    def _send(self, exchange):
        path, body = exchange.path.replace(NAME, self._own), exchange.body
        if body is None or isinstance(body, bytes):
            return self._rest.call(exchange.method, path, data=body, headers=exchange.headers)
        own = json.loads(json.dumps(body).replace(NAME, self._own))
        return self._rest.call(exchange.method, path, own, headers=exchange.headers)

    def _compared(self, answer):
        return {"status": answer.status_code,
                "content type": answer.headers.get("Content-Type", "none").split(";")[0].strip(),
                "location": urlsplit(self._common(answer.headers.get("Location", ""))).path,
                "body": _shape(self._said(answer))}

    def _said(self, answer):
        """Some of Connect's errors are JSON without saying so."""
        try:
            return json.loads(self._common(answer.text)) if answer.text else None
        except ValueError:
            return answer.text

    def _common(self, text):
        return text.replace(self._own, NAME)


class Judged:
    """Differences sorted: surprising ones by exchange, expected ones by the row of the docs that names them."""

    def __init__(self):
        self._docs, self._count, self._equal = section(), 0, 0
        self.surprising, self.expected = {}, {}

    def take(self, exchange, ours, theirs):
        found = list(_differences(ours, theirs))
        self._count += 1
        self._equal += not found
        if theirs["status"] != exchange.status:
            self.surprising[f"{exchange}, at Kafka Connect"] = f"{theirs['status']} instead of {exchange.status}"
        if ours["status"] >= 500:
            self.surprising[f"{exchange}, here"] = ours["status"]
        if exchange.differs and not found:
            self.surprising[str(exchange)] = f"is equal, and not: {exchange.differs}"
        for one in found:
            row = exchange.differs or next((row for pattern, row in EVERYWHERE if re.search(pattern, one)), None)
            if row is None or f"\n| {row}" not in self._docs:
                self.surprising.setdefault(str(exchange), []).append(one)
            else:
                self.expected.setdefault(row, {}).setdefault(str(exchange), []).append(one)

    @property
    def summary(self):
        rows = "".join(f"\n{len(those):4} {row}" for row, those in self.expected.items())
        return f"{self._count} exchanges, {self._equal} equal; differ as the docs say:{rows}"


def _shape(value, name=None):
    """Types in place of values, but for the members whose values matter. The order of a list does not: what is in
    it goes by name, where it has one."""
    if isinstance(value, dict):
        return {key: _shape(inner, name if name == "config" else key) for key, inner in value.items()}
    if isinstance(value, list):
        named = {_name(one): _shape(one, name) for one in value if isinstance(one, dict)}
        if named and None not in named and len(named) == len(value):
            return named
        return sorted((_shape(one, name) for one in value), key=json.dumps)
    return value if name in VALUES else type(value).__name__


def _name(one):
    """Of a plugin, of an option, of an option that was validated."""
    if "class" in one:
        return f"{one['class']} {one['type']}"
    return one.get("name") or one.get("value", {}).get("name")


def _differences(ours, theirs, path=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            inner = f"{path}.{key}" if path else key
            if key in ours and key in theirs:
                yield from _differences(ours[key], theirs[key], inner)
            else:
                yield f"{inner}: only {'here' if key in ours else 'there'}"
    elif ours != theirs:
        yield f"{path}: {_brief(ours)} here, {_brief(theirs)} there"


def _brief(value):
    return value if isinstance(value, str) else json.dumps(value)[:200]
