"""Several workers on a real Kafka: any of them may be asked, connectors move when one stops, is killed or freezes,
and the numbers that flow meanwhile are neither lost nor doubled (counting.py).
"""

import itertools
import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import Producer

import wait
from counting import COUNTER, Chains
from parts import ROOT
from workers import TAKE_OVER_S, running

RACES = 50
QUICK_ROUNDS = 20
SLOWEST_ANSWER_S = 1


@pytest.fixture
def workers(kitestream, parts, test_plugins):
    kitestream.worker["plugin.path"] = str(test_plugins)
    with running(ROOT, parts, kitestream) as made:
        yield made


@pytest.fixture
def ask(workers):
    """The REST client of the next worker that runs, in turn."""
    turn = itertools.count()
    return lambda: workers.running[next(turn) % len(workers.running)].api


def _idle(topic, numbers=1):
    return {"connector.class": COUNTER, "topic": topic, "numbers": str(numbers)}


# Who was first

def test_simultaneous_creates(workers, name):
    """One 201, one 409, and what all workers show is all of the winner's: configuration and state."""
    states = ("STOPPED", "PAUSED")

    def create(side, number):
        body = {"name": f"{name}-{number}", "config": _idle(f"{name}.t", side + 1), "initial_state": states[side]}
        return workers[side].api.call("POST", "/connectors", body)

    winners = []
    with ThreadPoolExecutor(2) as pool:
        for number in range(RACES):
            answers = list(pool.map(create, (0, 1), (number, number)))
            assert sorted(one.status_code for one in answers) == [201, 409], [one.text for one in answers]
            winners.append(0 if answers[0].status_code == 201 else 1)
    assert set(winners) == {0, 1}, "one worker always won: there was no race"

    def agreed(worker):
        infos = worker.api.ok("GET", "/connectors?expand=info&expand=status")
        for number, winner in enumerate(winners):
            found = infos[f"{name}-{number}"]
            assert found["info"]["config"]["numbers"] == str(winner + 1)
            assert found["status"]["connector"]["state"] == states[winner]
        return True
    for worker in workers:
        wait.until(lambda: agreed(worker), 30, "all workers agree")  # noqa: B023
    late = workers[2]
    late.kill()
    late.start()
    late.api.wait_up()
    assert agreed(late)


# Any worker may be asked

def _other(workers, owner):
    return next(worker for worker in workers.running if worker.worker_id != owner)


def test_any_worker_may_be_asked(workers, ask, name, kafka):
    connector, topic = f"{name}-c", f"{name}.numbers"
    path = f"/connectors/{connector}"
    first = workers[0].api
    config = _idle(topic, 500) | {"batch": "10"}
    first.expect(201, "POST", "/connectors", {"name": connector, "config": config})
    begun = time.monotonic()
    for worker in workers:
        wait.until(lambda: worker.api.call("GET", path).status_code == 200, 10, "seen everywhere", 0.01)  # noqa: B023
    assert time.monotonic() - begun < SLOWEST_ANSWER_S
    owner = first.wait_state(connector, "RUNNING")["connector"]["worker_id"]
    other = _other(workers, owner).api
    offset = {"partition": {"counter": 1}, "offset": {"n": 500}}
    wait.until(lambda: other.ok("GET", f"{path}/offsets")["offsets"] == [offset], 30, "500 numbers")
    for verb, status, state, tasks in (("pause", 202, "PAUSED", ["PAUSED"]), ("resume", 202, "RUNNING", ["RUNNING"]),
                                       ("stop", 204, "STOPPED", [])):
        other.expect(status, "PUT", f"{path}/{verb}")
        for worker in workers:
            worker.api.wait_state(connector, state, tasks, 20)
    offset["offset"] = {"n": 490}
    other.expect(200, "PATCH", f"{path}/offsets", {"offsets": [offset]})
    assert first.ok("GET", f"{path}/offsets")["offsets"] == [offset]
    other.expect(202, "PUT", f"{path}/resume")
    wait.until(lambda: len(kafka.raw(topic)) == 510, 20, "ten numbers again")
    other.expect(200, "PUT", f"{path}/config", config | {"numbers": "600"})
    wait.until(lambda: len(kafka.raw(topic)) == 610, 20, "100 more")
    before = workers.by_id(owner).log.count("restart requested")
    other.expect(202, "POST", f"{path}/restart?includeTasks=true")
    wait.until(lambda: workers.by_id(owner).log.count("restart requested") > before, 10, "the owner restarts it")
    other.wait_state(connector, "RUNNING")
    other.expect(204, "PUT", "/admin/loggers/workers.test?scope=cluster", {"level": "DEBUG"})
    for worker in workers:
        wait.until(lambda: worker.api.call("GET", "/admin/loggers/workers.test").status_code == 200,  # noqa: B023
                   10, "the level of the cluster")
    other.expect(204, "DELETE", path)
    for worker in workers:
        wait.until(lambda: worker.api.call("GET", path).status_code == 404, 10, "gone everywhere")  # noqa: B023


def test_change_at_once_where_it_was_not_made(workers, ask, name):
    """No false 404 or 409: create, change, delete and create again, each at the next worker, without waiting."""
    connector = f"{name}-c"
    for number in range(QUICK_ROUNDS * 3):
        config = _idle(f"{name}.t", number + 1)
        ask().expect(201, "POST", "/connectors", {"name": connector, "config": config, "initial_state": "PAUSED"})
        ask().expect(202, "PUT", f"/connectors/{connector}/resume")
        ask().expect(200, "PUT", f"/connectors/{connector}/config", config | {"batch": "7"})
        ask().expect(204, "DELETE", f"/connectors/{connector}")
    ask().expect(201, "POST", "/connectors", {"name": connector, "config": _idle(f"{name}.t", 3)})
    for worker in workers:
        wait.until(lambda: worker.api.call("GET", f"/connectors/{connector}").status_code == 200,  # noqa: B023
                   10, "seen everywhere")
        worker.api.wait_state(connector, "RUNNING")
    assert ask().ok("GET", f"/connectors/{connector}/config")["numbers"] == "3"


# Connectors move

class Watch:
    """Asks a worker again and again while something happens: every answer is 200, and quick."""

    def __init__(self, workers, worker):
        self._workers, self._worker, self.slowest_s, self.count = workers, worker, 0, 0

    def look(self):
        begun = time.monotonic()
        self._worker.api.expect(200, "GET", "/connectors?expand=status&expand=info")
        self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
        self.count += 1

    def until_on(self, connectors, over, limit_s):
        """Seconds until all of `connectors` run on `over`."""
        begun, ids = time.monotonic(), {worker.worker_id for worker in over}

        def moved():
            self.look()
            owners = self._workers.owners(self._worker)
            strays = {name: owners.get(name) for name in connectors if owners.get(name) not in ids}
            assert not strays, strays
            return True
        wait.until(moved, limit_s + 15, "connectors on the others")
        took_s = time.monotonic() - begun
        assert took_s < limit_s, f"took {took_s:.1f} s"
        assert self.slowest_s < SLOWEST_ANSWER_S
        return took_s


@pytest.fixture
def chains(workers, ask, kafka, name):
    made = Chains(kafka, name, 4)
    made.create(ask)
    workers.wait_running(workers[0], made.connectors)
    return made


def _progress(chains, offset_topic):
    before = chains.ledger_counts(offset_topic)

    def moved():
        now = chains.ledger_counts(offset_topic)
        still = [name for name, count in now.items() if count <= before[name]]
        assert not still, f"no progress: {still}"
        return True
    wait.until(moved, 30, "progress of every ledger", 0.3)


def _back(worker):
    """Started, or thawed, and with slots again."""
    if worker.running:
        seen = worker.log.count("gained")
        worker.thaw()
        worker.wait_log("membership in group .* has ended", 20)
        worker.wait_for(lambda: worker.log.count("gained") > seen, 30, "slots again")
    else:
        worker.start()
        worker.wait_log(r"gained \d+ slots", 30)


@pytest.mark.full
def test_loss_and_return_of_workers_under_load(workers, chains, ask, kills):
    """Each is restarted, then some are killed and frozen, in turn. Each time the connectors run elsewhere;
    in the end every number is there once."""
    offset_topic = workers[0].worker["offset.storage.topic"]
    losses = ["stop"] * 3 + ["kill", "freeze"] * max(1, kills // 10)
    took = {}
    _progress(chains, offset_topic)
    for number, way in enumerate(losses):
        victim = workers[number % 3]
        others = [worker for worker in workers if worker is not victim]
        getattr(victim, way)()
        seconds = Watch(workers, others[number % 2]).until_on(chains.connectors, others, TAKE_OVER_S)
        took.setdefault(way, []).append(round(seconds, 1))
        if way != "stop":
            _progress(chains, offset_topic)
        _back(victim)
        workers.wait_running(others[0], chains.connectors)
    print("\ntake-over in s:", took, "numbers compared:", chains.finish(ask, offset_topic))


def test_anything_at_any_moment(workers, chains, ask, kills, name):
    """Losses and returns that meet each other's rebalances, two workers gone at once included."""
    chance = random.Random(name)
    offset_topic = workers[0].worker["offset.storage.topic"]
    frozen = set()
    for _ in range(max(4, kills // 2)):
        time.sleep(chance.random() * 3)
        victim = chance.choice(workers.all)
        if victim in frozen:
            frozen.remove(victim)
            victim.thaw()
        elif not victim.running:
            victim.start()
        elif len(frozen) < 2 and chance.random() < 0.4:
            frozen.add(victim)
            victim.freeze()
        elif "listening" in victim.log:  # before that a signal just ends it
            chance.choice((victim.kill, victim.stop))()
    for worker in workers:
        if worker in frozen:
            worker.thaw()
        elif not worker.running:
            worker.start()
        worker.api.wait_up()
    workers.wait_running(workers[0], chains.connectors, 90)
    _progress(chains, offset_topic)
    print("\nnumbers compared:", chains.finish(ask, offset_topic))


def test_stopped_while_it_joins(workers, name):
    """At any moment between its start and its first slots: exit 0."""
    chance, joining = random.Random(name), workers[2]
    joining.stop()
    for _ in range(4):
        joining.start()
        joining.wait_log("listening", 20)
        time.sleep(chance.random() * 1.5)
        joining.stop()


def test_fenced_task_confirms_its_slot(workers, chains, ask, name, parts):
    """Somebody takes the transactional id of a task while the worker is a member in good standing: the task asks
    the group, and goes on. The connectors beside it do not notice."""
    offset_topic = workers[0].worker["offset.storage.topic"]
    owners = workers.owners(workers[0])
    _progress(chains, offset_topic)
    thief = Producer(parts.kafka_client | {"transactional.id": f"{name}-{chains.counters[0]}-0"})
    thief.init_transactions(20)
    workers.by_id(owners[chains.counters[0]]).wait_log("(?i)fenced", 20)
    _progress(chains, offset_topic)
    workers.wait_running(workers[0], chains.connectors)
    assert workers.owners(workers[0]) == owners
    chains.finish(ask, offset_topic)
