"""Killed again and again under a mixed load, stream and target end equal to the source, row by row."""

import random
import threading

from samples import create, row

KEYS = 3000


class Load:
    """Inserts of new keys, upserts and deletes of known ones, until told to stop. Each key lives at most once, so
    that no copy may be missing or doubled at the end."""

    def __init__(self, collection, seed):
        self._collection, self._random = collection, random.Random(seed)
        self._stopping, self._failure, self.rows = threading.Event(), None, 0
        self._alive, self._next = set(), 0
        self._thread = threading.Thread(target=self._run)

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
            while not self._stopping.wait(0.02):
                self._step()
        except Exception as error:
            self._failure = error

    def _step(self):
        what = self._random.random()
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
        return self._random.sample(sorted(self._alive), min(30, len(self._alive)))


def test_kill_under_load(pipeline, source, kills, name):
    kitestream = pipeline.kitestream
    made = create(source, name, loaded=True)
    chance, at_work = random.Random(name), 0
    with Load(made, name) as load:
        for _ in range(kills):
            # Anywhere between its first step and full speed.
            enough = load.rows + chance.randrange(50, 8000)
            kitestream.wait_for(lambda: load.rows > enough, 60, "more load")
            at_work += "sink|task-0] RUNNING" in kitestream.log
            kitestream.kill()
            kitestream.start()
    assert at_work >= kills // 3, "killed too early to show anything"
    pipeline.same_rows(name, deadline_s=120)
    rows = pipeline.same_stream(name)
    in_source = source.rows(name, source.keys(name))
    assert {key: one[0]["text"] for key, one in rows.items()} == {key: one["text"] for key, one in in_source.items()}
    kitestream.stop()


def test_stop_under_load_and_go_on(pipeline, source, name):
    """SIGTERM in the middle: exit 0 within ten seconds, and nothing is lost or doubled."""
    made = create(source, name, loaded=True)
    with Load(made, name) as load:
        for _ in range(2):
            before = load.rows
            pipeline.kitestream.wait_for(lambda: load.rows > before + 500, 60, "more load")
            pipeline.kitestream.stop()
            pipeline.kitestream.start()
    pipeline.same_rows(name, deadline_s=120)
    pipeline.same_stream(name)
