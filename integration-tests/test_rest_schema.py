"""The whole REST interface against its own description, docs/openapi.yaml: requests made up by schemathesis,
good and bad; no answer may be a 5xx or differ from what is described.
"""

import pathlib
import subprocess
import sys

import pytest

from parts import ROOT
from rest_lines import Lines, started

CHECKS = ("not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance,"
          "response_headers_conformance")
EXAMPLES = [2, pytest.param(20, marks=pytest.mark.full)]  # of each operation, beside those that cover its description
DEADLINE_S = 900


def _run(folder, url, settings, examples, *more):
    config = folder / "schemathesis.toml"
    config.write_text(settings, encoding="utf-8")
    program = pathlib.Path(sys.executable).with_name("schemathesis")
    command = [program, "--config-file", config, "run", ROOT / "docs/openapi.yaml", "--url", url,
               "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples),
               "--seed", "1", "--generation-database", "none", "--warnings", "off", "--no-color", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
                          cwd=folder)  # where it keeps files of its own
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "Operations:       " in done.stdout and " 0 selected" not in done.stdout


@pytest.mark.parametrize("examples", EXAMPLES)
def test_anything(runtime, examples):
    """Names of connectors are made up too, so that most answers say that there is none."""
    _run(runtime.folder, started(runtime).url, "", examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_with_a_connector_that_is_there(runtime, kafka, examples):
    rest, lines = started(runtime), Lines(runtime, kafka)
    lines.create(rest)
    rest.wait_state(lines.name, "RUNNING")
    lines.write(100)
    settings = f'[parameters]\nconnector = "{lines.name}"\nplugin = "FileStreamSource"\ntask = 0\n'
    _run(runtime.folder, rest.url, settings, examples, "--exclude-operation-id", "deleteConnector",
         "--exclude-tag", "registry")  # it knows no connectors
