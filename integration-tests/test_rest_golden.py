"""Answers recorded from a real Kafka Connect worker, replayed against ours. The recording is not part of this
project; where it is absent there is nothing to compare. Every step that differs is named in docs/rest.md.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from parts import ROOT
from rest_differences import section
from rest_lines import started

GOLDEN = pathlib.Path(os.environ.get("KITESTREAM_SHARED", ROOT.parent / "shared")) / "golden/kafka-connect-rest"


def _named_in_docs():
    """What stands in backquotes in that section."""
    return set(re.findall(r"`([a-z0-9-]+)`", section()))


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"no recording in {GOLDEN}")
def test_recorded_answers__differ_only_where_the_docs_say_so(runtime):
    rest = started(runtime)
    report = runtime.folder / "replay.json"
    done = subprocess.run([sys.executable, GOLDEN / "replay.py", rest.url, GOLDEN / "transcript.jsonl", "--json", report],
                          capture_output=True, text=True, timeout=400, check=False)
    assert report.exists(), done.stderr
    different = {one["name"]: one["diff"] for one in json.loads(report.read_text(encoding="utf-8"))}
    surprising = {name: diff for name, diff in different.items() if name not in _named_in_docs()}
    assert not surprising, f"{done.stdout.splitlines()[-1]}, not in docs/rest.md: {json.dumps(surprising, indent=1)}"
    assert len(different) < 100, done.stdout.splitlines()[-1]
