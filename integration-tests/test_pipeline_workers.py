"""One Milvus follows another through three workers, which are killed and frozen in turn under load: stream and target
end equal to the source, row by row, and a sink whose old owner may still be writing waits first, and says so.
"""

import random

import pytest

import wait
from load import UniqueKeys
from parts import ROOT
from samples import create
from workers import TAKE_OVER_S, running

LEASE_MS = 8000


@pytest.fixture
def workers(kitestream, parts):
    with running(ROOT, parts, kitestream) as made:
        yield made


@pytest.fixture
def spread(workers, unstarted):
    """The pipeline of the test, made by REST at different workers."""
    unstarted.configure(sink={"lease_ms": str(LEASE_MS)})
    for number, one in enumerate(unstarted.kitestream.connectors):
        workers[number].api.expect(201, "POST", "/connectors", {
            "name": one["name"], "config": one["config"] | {"connector.class": one["class"]}})
    unstarted.kitestream = workers
    unstarted.caught_up()
    return unstarted


def _lose(workers, connector, way):
    """Its worker, after the connector runs elsewhere."""
    names = [f"{workers.name}-source", f"{workers.name}-sink"]
    workers.wait_running(workers.running[0], names)
    victim = workers.by_id(workers.owners(workers.running[0])[connector])
    asked = next(worker for worker in workers.running if worker is not victim)
    getattr(victim, way)()

    def moved():
        task = asked.api.status(connector)["tasks"][0]
        assert task["worker_id"] != victim.worker_id and task["state"] == "RUNNING", task
        return task
    task = wait.until(moved, TAKE_OVER_S, f"{connector} runs elsewhere", 0.05)
    return victim, asked, task


@pytest.mark.full
def test_workers_are_lost_under_load(workers, spread, source, kills, name):
    made = create(source, name, loaded=True)
    chance = random.Random(name)
    sink = f"{name}-sink"
    with UniqueKeys(made, name) as load:
        for number in range(max(1, kills // 10)):
            before = load.rows
            workers.wait_for(lambda: load.rows > before + 1000, 60, "load")  # noqa: B023
            victim, asked, _ = _lose(workers, sink, "freeze")
            waits = wait.until(lambda: asked.api.status(sink)["tasks"][0].get("waiting"),  # noqa: B023
                               5, "the sink says what it waits for", 0.05)
            assert "lease of an old owner" in waits, waits
            workers.wait_for(lambda: "waiting" not in asked.api.status(sink)["tasks"][0],  # noqa: B023
                             LEASE_MS / 1000 + 10, "the end of the lease")
            victim.thaw()
            victim.wait_log("membership in group .* has ended", 20)
            victim, _, _ = _lose(workers, chance.choice((sink, f"{name}-source")), "kill")
            victim.start()
            victim.wait_log(r"gained \d+ slots", 30)
            victim, _, _ = _lose(workers, sink if number % 2 else f"{name}-source", "stop")
            victim.start()
    spread.same_rows(name, deadline_s=120)
    rows = spread.same_stream(name)
    in_source = source.rows(name, source.keys(name))
    assert {key: one[0]["text"] for key, one in rows.items()} == {key: one["text"] for key, one in in_source.items()}
    print(f"\n{load.rows} changes, {len(rows)} rows compared")
