"""Two sinks that would write one stream into one target: one keeps the collection, the other says whose it is.
"""

import re
import threading

import pytest

from parts import ROOT
from samples import create, row
from workers import running

ROWS = 500


@pytest.fixture
def workers(kitestream, parts):
    with running(ROOT, parts, kitestream, count=2) as made:
        yield made


@pytest.fixture
def spread(workers, unstarted):
    unstarted.configure()
    unstarted.kitestream = workers
    return unstarted


def _make(worker, connector, name=None):
    config = connector["config"] | {"connector.class": connector["class"]}
    worker.api.expect(201, "POST", "/connectors", {"name": name or connector["name"], "config": config})


def _make_both(workers, sink):
    names = [f"{sink['name']}-{number}" for number in range(2)]
    made = [threading.Thread(target=_make, args=(worker, sink, name))
            for worker, name in zip(workers, names, strict=True)]
    for one in made:
        one.start()
    for one in made:
        one.join()
    workers.wait_running(workers[0], names)
    return names


def _wait_owner(workers, names, collection):
    """The sink that keeps the collection: the other one names it."""
    def one_refuses():
        found = {}
        for name in names:
            says = workers[0].api.status(name)["tasks"][0].get("waiting") or ""
            if owner := re.search(rf"default\.{collection} of the target is kept by the sink connector (\S+)", says):
                found[name] = owner[1]
        return list(found.items()) if found else None
    (loser, owner), = workers.wait_for(one_refuses, 60, f"one of two sinks refuses {collection}")
    assert {loser, owner} == set(names)
    return owner


def test_two_sinks_at_the_same_moment(workers, spread, kitestream, source, target, name):
    """Of a collection that both create, of one that is there already, and of one that comes when both run."""
    sink = next(one for one in kitestream.connectors if one["name"].endswith("-sink"))
    at_start, taken, later = (f"{name}_{which}" for which in ("at_start", "taken", "later"))
    create(target, taken)
    made = {one: create(source, one, loaded=True) for one in (at_start, taken)}
    _make(workers[0], next(one for one in kitestream.connectors if one is not sink))
    spread.caught_up()
    names = _make_both(workers, sink)
    for one in made.values():
        one.insert([row(key) for key in range(ROWS)])
    owners = {one: _wait_owner(workers, names, one) for one in made}
    for one in names:  # as after any restart: each has a state
        workers[0].api.expect(204, "POST", f"/connectors/{one}/restart")
        workers[0].api.expect(204, "POST", f"/connectors/{one}/tasks/0/restart")
    made[later] = create(source, later, loaded=True)
    made[later].insert([row(key) for key in range(ROWS)])
    owners[later] = _wait_owner(workers, names, later)
    for one in made:
        spread.same_rows(one)
        assert target.count(one) == ROWS
        properties = target.collection(one).describe()["properties"]
        assert properties["kitestream.sink"].split("/")[1] == owners[one]
    made[at_start].drop()
    workers.wait_for(lambda: not target.has(at_start), 60, "the owner drops it")
    print(f"\n{owners}")
