"""Changes without an end, on a thread of their own, while a test does something else."""

import random
import threading

from samples import row

KEYS = 3000


class Load:
    """With it: `step` again and again, as `pause_s` lets it; what it raises is raised at the end."""

    def __init__(self, seed, pause_s):
        self.random, self.steps = random.Random(seed), 0
        self._pause_s, self._stopping, self._failure = pause_s, threading.Event(), None
        self._thread = threading.Thread(target=self._run)

    def step(self):
        raise NotImplementedError

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join(60)
        if self._failure:
            raise self._failure

    def _run(self):
        try:
            while not self._stopping.wait(self._pause_s):
                self.step()
                self.steps += 1
        except Exception as error:
            self._failure = error


class UniqueKeys(Load):
    """Inserts of new keys, upserts and deletes of known ones, until told to stop. Each key lives at most once, so
    that no copy may be missing or doubled at the end."""

    def __init__(self, collection, seed):
        super().__init__(seed, 0.02)
        self._collection = collection
        self.rows, self._alive, self._next = 0, set(), 0

    def step(self):
        what = self.random.random()
        if what < 0.4 and len(self._alive) < KEYS or not self._alive:
            keys = list(range(self._next, self._next + 40))
            self._next += 40
            self._collection.insert([row(key) for key in keys])
            self._alive.update(keys)
        elif what < 0.8:
            keys = self._some()
            self._collection.upsert([row(key, text=f"step {self.rows}") for key in keys])
        else:
            keys = self._some()
            self._collection.delete(f"id in {keys}")
            self._alive.difference_update(keys)
        self.rows += len(keys)

    def _some(self):
        return self.random.sample(sorted(self._alive), min(30, len(self._alive)))
