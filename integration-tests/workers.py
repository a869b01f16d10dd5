"""Several workers of one group, as processes of this host.

In: one worker's configuration. Out: the same for each, with folders and listeners of their own, and what a
test asks all of them.
"""

import contextlib
import os
import signal

import wait
from connect_rest import ConnectRest
from kitestream import Kitestream, free_port

TAKE_OVER_S = 60  # against hanging; how long it takes is printed


class Worker(Kitestream):
    """One of them, with its REST interface."""

    def __init__(self, root, folder, parts, shared):
        folder.mkdir(parents=True)
        super().__init__(root, folder, parts, shared.name)
        self.worker = shared.worker | {"listeners": f"http://127.0.0.1:{free_port()}"}
        self.api = ConnectRest(self.worker["listeners"])

    @property
    def worker_id(self):
        return self.worker["listeners"].removeprefix("http://")

    def freeze(self):
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.pid, signal.SIGCONT)


class Workers:
    def __init__(self, root, parts, shared, count=3):
        """shared: a Kitestream that is not started; gives name, configuration and folder."""
        self.all = [Worker(root, shared.folder / f"worker-{number}", parts, shared) for number in range(count)]
        self.name = shared.name

    def __iter__(self):
        return iter(self.all)

    def __getitem__(self, number):
        return self.all[number]

    def start(self):
        """Returns when each of them has slots."""
        for worker in self.all:
            worker.start()
        for worker in self.all:
            worker.api.wait_up()
            worker.wait_log(r"gained \d+ slots", 30)
        return self

    def end(self):
        for worker in self.all:
            if worker.running:
                worker.thaw()
            worker.end()

    @property
    def running(self):
        return [worker for worker in self.all if worker.running]

    def wait_for(self, condition, deadline_s=60, what="condition"):
        """Like Kitestream's; some of the workers may be gone."""
        try:
            return wait.until(condition, deadline_s, what)
        except AssertionError as error:
            logs = "\n".join(f"{worker.worker_id}:\n{worker.tail(15)}" for worker in self.all)
            raise AssertionError(f"{error}\n{logs}") from None

    def by_id(self, worker_id):
        return next(worker for worker in self.all if worker.worker_id == worker_id)

    def owners(self, asked):
        """Connector -> worker_id, of those that run as `asked` knows it: connector and tasks on one worker."""
        statuses = asked.api.ok("GET", "/connectors?expand=status")
        found = {}
        for name, expanded in statuses.items():
            states = [expanded["status"]["connector"], *expanded["status"]["tasks"]]
            if len(states) > 1 and {one["state"] for one in states} == {"RUNNING"}:
                ids = {one["worker_id"] for one in states}
                assert len(ids) == 1, f"{name} is on {ids}"
                found[name] = ids.pop()
        return found

    def wait_running(self, asked, connectors, deadline_s=60):
        """Until all of `connectors` run somewhere, as `asked` knows it."""
        def running():
            missing = set(connectors) - set(self.owners(asked))
            assert not missing, f"not running: {sorted(missing)}"
            return True
        self.wait_for(running, deadline_s, "all connectors RUNNING")


@contextlib.contextmanager
def running(root, parts, shared, count=3):
    made = Workers(root, parts, shared, count)
    try:
        yield made.start()
    finally:
        made.end()
