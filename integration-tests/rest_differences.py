"""The section of docs/rest.md that says in what the REST interface differs from Kafka Connect's, and why."""

from parts import ROOT

HEADING = "## Differences from Kafka Connect"


def section():
    text = (ROOT / "docs/rest.md").read_text(encoding="utf-8")
    return text.split(HEADING, 1)[1].split("\n## ", 1)[0]
