#!/usr/bin/env python3
"""Writes the Avro body (base64) beside each sample's value, with fastavro.

The samples are what other implementations, ours included, are checked against, so the bodies come
from an independent one. Run it after a schema or a sample has changed: encode.py [--check]
"""
import base64
import io
import json
import pathlib
import sys

import fastavro

HERE = pathlib.Path(__file__).resolve().parent


def encode(path):
    schema = fastavro.parse_schema(json.loads((HERE.parent / f"{path.stem}.avsc").read_text()))
    lines = []
    for line in path.read_text().splitlines():
        value = json.loads(line)["value"]
        body = io.BytesIO()
        fastavro.schemaless_writer(body, schema, value, strict=True)
        sample = {"value": value, "body": base64.b64encode(body.getvalue()).decode()}
        lines.append(json.dumps(sample, ensure_ascii=False))
    return "\n".join(lines) + "\n"


def main():
    stale = []
    for path in sorted(HERE.glob("*.jsonl")):
        text = encode(path)
        if text != path.read_text():
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text)
    print("\n".join(stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
