"""POST /cdc cut off: by kill -9 between the writes of a request, and by another worker that makes a task for the same
collection at the same moment. What is left is whole, or half made and says so; the same request again puts it right.
"""

import collections
import json
import random
from concurrent.futures import ThreadPoolExecutor

from cdc import Cdc, milvus, until_ready, until_rows, until_state
from cut_off import Written, cut_off
from kitestream import Kitestream
from parts import ROOT
from samples import create, row

TASK = "one"
CONNECTORS = ["one-sink", "one-source"]
RACES, RACES_MAX = 2, 10


class Wishes:
    """What the config topic says, read by somebody else."""

    def __init__(self, kafka, kitestream):
        self._kafka, self._topic = kafka, kitestream.worker["config.storage.topic"]

    def records(self, prefix):
        return [(message.key().decode().removeprefix(prefix), json.loads(message.value()) if message.value() else None)
                for message in self._kafka.raw(self._topic) if message.key().startswith(prefix.encode())]

    def targets(self):
        """Connector -> what it shall do, of those that exist."""
        found = {}
        told = dict(self.records("target-state-"))
        for name, value in dict(self.records("connector-")).items():
            if value:
                found[name] = (told.get(name) or {"state": value["initial.state"]})["state"]
        return found


class Task:
    """The one task of the kill loop, as requests see it and as the config topic has it."""

    def __init__(self, cdc, wishes, asked):
        self.cdc, self._wishes, self._asked = cdc, wishes, asked

    def post(self, request):
        return self.cdc.post(request, **(self._asked if request == "create" else {"task_id": TASK}))

    def state(self):
        """gone, half, running, paused or mixed; what `get` and `list` say fits."""
        targets = self._wishes.targets()
        assert self.cdc.connectors() == sorted(targets), targets
        tasks = self.cdc.ok("list")["tasks"]
        if not targets:
            assert tasks == [] and self.cdc.post("get", task_id=TASK).status_code == 400
            return "gone"
        assert [one["task_id"] for one in tasks] == [TASK], f"{targets}: {tasks}"
        shown = self.cdc.task(TASK)
        if list(targets) == ["one-source"] or targets == {"one-source": "STOPPED", "one-sink": "STARTED"}:
            assert shown["state"] == "Initial" and "half made" in shown["reason"], (targets, shown)
            return "half"
        assert sorted(targets) == CONNECTORS, targets
        assert "half made" not in shown.get("reason", ""), (targets, shown)
        kinds = set(targets.values())
        if kinds == {"STARTED"}:
            return "running"
        assert shown["state"] == "Paused", (targets, shown)
        return "paused" if kinds == {"PAUSED"} else "mixed"


# request: the states that it may leave when it is cut off, and the one that it makes; how many records it writes
REQUESTS = {
    "create": ({"gone", "half", "running"}, "running", 3),
    "pause": ({"running", "mixed", "paused"}, "paused", 2),
    "resume": ({"paused", "mixed", "running"}, "running", 2),
    "delete": ({"running", "half", "gone"}, "gone", 2),
}


def test_killed_between_the_writes(cdc, kitestream, kafka, parts, source, target, name, kills):
    made = create(source, name, loaded=True)
    task = Task(cdc, Wishes(kafka, kitestream), milvus(parts) | {"collection_infos": [{"name": name}], "task_id": TASK})
    chance, seen = random.Random(name), collections.Counter()
    for _ in range(max(2, kills // 5)):
        for request, (possible, wanted, writes) in REQUESTS.items():
            watched = Written(kafka, parts.kafka_client, kitestream.worker["config.storage.topic"])
            answer, = cut_off(kitestream, [lambda request=request: task.post(request)],
                              watched.records(chance.randint(1, writes - 1), chance.random() * 0.005))
            kitestream.start()
            until_ready(kitestream, cdc)
            left = task.state()
            assert left in possible, f"{left} after {request}"
            assert answer is None or answer.status_code == 200 and left == wanted, (request, left, answer.text)
            seen[request, left] += 1
            again = task.post(request)
            assert again.status_code == (200 if left != wanted or request == "create" else 400), again.text
            assert task.state() == wanted
    print("\n", dict(seen))
    assert task.post("create").status_code == 200
    until_state(kitestream, cdc, TASK, "Running")
    made.insert([row(key) for key in range(50)])
    until_rows(kitestream, target, name, 50)
    assert task.post("delete").status_code == 200
    assert cdc.connectors() == []


def test_two_tasks_for_one_collection_at_once(cdc, kitestream, kafka, parts, source, target, name, tmp_path):
    """Made on two workers: one is made, the other's sender hears of it, also when both had written already."""
    made, wishes = create(source, name, loaded=True), Wishes(kafka, kitestream)
    other = Kitestream(ROOT, tmp_path, parts, name)
    other.worker = kitestream.worker | {"listeners": other.rest}
    other.start()
    try:
        workers = [cdc, Cdc(other.rest)]
        until_ready(other, workers[1])

        def race(collection):
            """The IDs of winner and loser, and whether both had passed the first look."""
            ids = [f"{side}-of-{collection}" for side in ("left", "right")]
            asked = [milvus(parts) | {"collection_infos": [{"name": collection}], "task_id": one} for one in ids]
            with ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(lambda worker, data: worker.post("create", **data), workers, asked))
            assert sorted(one.status_code for one in answers) == [200, 400], [one.text for one in answers]
            winner, loser = ids if answers[0].status_code == 200 else reversed(ids)
            message = next(one.json()["message"] for one in answers if one.status_code == 400)
            assert f"default.{collection} is already covered by the task {winner}" in message
            for worker in workers:
                kitestream.wait_for(lambda: worker.connectors() == [f"{winner}-sink", f"{winner}-source"],  # noqa: B023
                                    20, "the winner's connectors alone")
            return winner, any(key == f"{loser}-source" for key, _ in wishes.records("connector-"))

        raced = 0
        for number in range(RACES_MAX):
            winner, both_wrote = race(f"{name}_{number}")
            workers[number % 2].ok("delete", task_id=winner)
            for worker in workers:
                kitestream.wait_for(lambda: worker.connectors() == [], 20, "the deletion everywhere")  # noqa: B023
            raced += both_wrote
            if raced == RACES:
                break
        print(f"\nboth had written {raced} times in {number + 1}")
        winner, _ = race(name)
        made.insert([row(key) for key in range(100)])
        until_rows(kitestream, target, name, 100)
        until_state(kitestream, cdc, winner, "Running")
        assert target.rows(name, range(100)) == source.rows(name, range(100)) and target.count(name) == 100
    finally:
        other.end()
