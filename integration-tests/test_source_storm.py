"""Random metadata changes and rows, killed and compacted at random: the stream is the history, each change once."""

import random

from pymilvus import utility

from samples import create, row

NAMES = 4
STEPS = 40  # at most, between two kills


class History:
    """Does random things to a Milvus, one at a time, and notes what the stream must hold: for each topic the
    changes of rows in order, for each collection name its metadata changes."""

    def __init__(self, server, prefix, seed):
        self._server, self._random = server, random.Random(seed)
        self._names = [f"{prefix}_{at}" for at in range(NAMES)]
        self._living, self._keys, self._next = {}, {}, 0
        self.rows, self.kinds = {}, {}

    def step(self):
        name = self._random.choice(self._names)
        if name not in self._living:
            self._living[name], self._keys[name] = create(self._server, name, shards=1), set()
            self._note(name, "create_collection")
            return
        chance = self._random.random()
        if chance < 0.06:
            self._drop(name)
        elif chance < 0.10:
            self._rename(name)
        elif chance < 0.14:
            self._next += 1
            self._living[name].create_partition(f"p{self._next}")
            self._note(name, "create_partition")
        elif chance < 0.7 or not self._keys[name]:
            self._insert(name)
        elif chance < 0.85:
            key = self._random.choice(sorted(self._keys[name]))
            self._living[name].upsert([row(key, text="again")])
            self._changed(name, [("u", key)])
        else:
            key = self._random.choice(sorted(self._keys[name]))
            self._living[name].delete(f"id in [{key}]")
            self._keys[name].discard(key)
            self._changed(name, [("d", key)])

    def _insert(self, name):
        keys = range(self._next, self._next + self._random.randrange(1, 6))
        self._next = keys.stop
        partition = self._random.choice(self._living[name].partitions).name
        self._living[name].insert([row(key) for key in keys], partition_name=partition)
        if partition == "_default":  # an upsert without a partition is one of the default partition
            self._keys[name].update(keys)
        self._changed(name, [("c", key) for key in keys])

    def _drop(self, name):
        self._server.drop(name)
        del self._living[name]
        self._note(name, "drop_collection")

    def _rename(self, name):
        free = [one for one in self._names if one not in self._living]
        if not free:
            return
        utility.rename_collection(name, free[0], using=self._server.using())
        self._living[free[0]], self._keys[free[0]] = self._server.collection(free[0]), self._keys.pop(name)
        del self._living[name]
        self._note(free[0], "rename_collection")

    def _changed(self, name, changes):
        self.rows.setdefault(name, []).extend(changes)

    def _note(self, name, kind):
        self.kinds.setdefault(name, []).append(kind)


def told(lone, name):
    return [(record.op, record.key["id"]) for record in lone.stream.rows(name) if record.value]


def test_storm(lone, kills, name):
    lone.start()
    history, chance = History(lone.server, name, name), random.Random(name)
    for _ in range(max(2, kills // 2)):
        for _ in range(chance.randrange(STEPS)):
            history.step()
        lone.kitestream.kill()
        for _ in range(chance.randrange(STEPS)):
            history.step()
        if chance.random() < 0.5:
            lone.compact()
        lone.kitestream.start()
        if chance.random() < 0.7:
            lone.kitestream.wait_log("RUNNING")

    def all_of_it():
        for one, rows in history.rows.items():
            assert told(lone, one) == rows, one
        for one, kinds in history.kinds.items():
            assert lone.stream.kinds(one) == kinds, one
        return True
    lone.kitestream.wait_for(all_of_it, 90, "the whole history")
    ticks = [one["tick"] for one in lone.stream.ddl()]
    assert ticks == sorted(ticks)
