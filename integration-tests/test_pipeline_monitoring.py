"""Every expression of the board and of the alert rules finds series at a real Prometheus, of a real Milvus pipeline."""

import pytest

from prometheus import QUIET, Prometheus, board_expressions, needs_trouble, rule_expressions
from samples import create, row


@pytest.fixture
def prometheus(pipeline):
    kitestream = pipeline.kitestream
    started = Prometheus(kitestream.folder, [kitestream.rest.removeprefix("http://")])
    yield started
    started.close()


@pytest.fixture
def left_out(pipeline, name):
    """A collection that the filter leaves out."""
    made = create(pipeline.source, f"other_{name}")
    yield made
    pipeline.source.drop(made.name)


def test_expressions_find_series(pipeline, prometheus, left_out, name):
    made = create(pipeline.source, name, loaded=True)
    made.insert([row(key) for key in range(200)])
    made.upsert([row(key, text="again") for key in range(50)])
    made.delete("id in [0, 1]")
    left_out.insert([row(1)])
    pipeline.same_rows(name)
    expressions = [*board_expressions(), *rule_expressions()]
    for one in expressions:
        prometheus.query(one)  # parses
    assert {reason for one in expressions for reason in needs_trouble(one)} == set(QUIET)
    prometheus.wait_answers(one for one in expressions if not needs_trouble(one))
    assert not prometheus.firing()
