"""A set of parts in one folder: brings them up in the order of their needs, remembers them, ends them.

In: DIR, the names wanted. Out: DIR/state.json = {auth, id, lent, parts: {name: {ports, process, initialised}}},
DIR/<name>/ with configuration, data and log. The state is written after each change, before the next
process starts, so whatever was started can be ended by a later `down`. Only processes named there are
signalled.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import random
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

from . import cache, certs, ports, process, servers

DEFAULT = ("kafka", "etcd", "source", "target-etcd", "target")
ATTEMPTS = 3
KEPT_ENV = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "JAVA_TOOL_OPTIONS")


class PartSet:
    """`kafka`: the address of another set's, which this one uses then."""

    def __init__(self, folder, auth=False, kafka=None):
        self.folder = pathlib.Path(folder).resolve()
        self._state_path = self.folder / "state.json"
        self._guard = threading.RLock()
        self._state = {"auth": auth, "id": f"{random.randrange(16 ** 4):04x}",
                       "lent": {"kafka": kafka} if kafka else {}, "parts": {}}
        if self._state_path.exists():
            self._state = json.loads(self._state_path.read_text(encoding="utf-8"))

    @property
    def auth(self):
        return self._state["auth"]

    @property
    def certs(self):
        return self.folder / "certs"

    def instance(self, name):
        """Root path in etcd and prefix of the channels: no two servers share one."""
        return f"{name}-{self._state['id']}"

    def names(self):
        return list(self._state["parts"])

    def server(self, name):
        if name not in self._state["parts"]:
            raise SystemExit(f"parts: there is no {name} in {self.folder}, only {' '.join(self.names())}")
        return servers.KINDS[name](self, name, self._state["parts"][name]["ports"])

    def address(self, name):
        return self._state["lent"].get(name) or self.server(name).address

    def running(self, name):
        return process.alive(self._state["parts"][name]["process"])

    @contextlib.contextmanager
    def locked(self):
        """One command at a time works on the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w", encoding="utf-8") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if self._state_path.exists():
                self._state = json.loads(self._state_path.read_text(encoding="utf-8"))
            yield self

    def up(self, wanted):
        """Starts what is wanted and not running, with all that it needs; parts of one wave in parallel."""
        wanted = [name for name in _with_needs(wanted) if name not in self._state["lent"]]
        cache.python()
        if self.auth:
            certs.make(self.certs)
        for name in wanted:
            servers.KINDS[name](self, name, {}).fetch()
        done = set(self._state["lent"])
        while not done.issuperset(wanted):
            wave = [n for n in wanted if n not in done and done.issuperset(servers.KINDS[n].needs)]
            with ThreadPoolExecutor(len(wave)) as pool:
                for job in [pool.submit(self._up_one, name) for name in wave]:
                    job.result()
            done.update(wave)

    def _up_one(self, name):
        if name in self._state["parts"] and self._state["parts"][name]["initialised"]:
            self.start(name)
            return
        for attempt in range(1, ATTEMPTS + 1):
            self._allot(name)
            try:
                self.start(name)
                return
            except servers.NotReady as error:
                self.stop(name, hard=True)
                if attempt == ATTEMPTS:
                    raise SystemExit(f"parts: {error}") from error
                # Most likely somebody took one of the ports: everything afresh, on other ports.
                self._discard(name)

    def _allot(self, name):
        kind = servers.KINDS[name]
        with self._guard:
            self._save()
            taken = ports.take(len(kind.port_names), self._state_path)
            self._state["parts"][name] = {"ports": dict(zip(kind.port_names, taken)), "process": None,
                                          "initialised": False}
            self._save()

    def _discard(self, name):
        with self._guard:
            ports.give_back(self._state["parts"].pop(name)["ports"].values())
            self._save()
        kept = self.folder / name
        shutil.rmtree(self.folder / f"{name}.failed", ignore_errors=True)
        kept.rename(self.folder / f"{name}.failed")

    def start(self, name):
        """On the ports and data it has; does nothing to a part that runs. Raises NotReady."""
        server, part = self.server(name), self._state["parts"][name]
        if self.running(name):
            return
        server.folder.mkdir(exist_ok=True)
        server.prepare()
        kept = {k: os.environ[k] for k in KEPT_ENV if k in os.environ}
        env = kept | {k: str(v) for k, v in server.env().items()}
        with self._guard:
            part["process"] = process.spawn(server.command(), server.folder / "log", server.folder, env)
            self._save()
        server.wait_ready(part["process"])
        if not part["initialised"]:
            server.after_first_start()
            with self._guard:
                part["initialised"] = True
                self._save()

    def stop(self, name, hard=False):
        process.end(self._state["parts"][name]["process"], self.server(name).patience_s, hard)

    def down(self, wipe):
        """Ends users before what they use, frees the ports, and deletes the folder if asked to."""
        for name in [name for name in reversed(_with_needs(self.names())) if name in self.names()]:
            self.stop(name)
            ports.give_back(self._state["parts"][name]["ports"].values())
        self._state_path.unlink(missing_ok=True)
        if wipe:
            shutil.rmtree(self.folder, ignore_errors=True)

    def env(self) -> dict:
        """What a test or a shell needs in order to use the parts that are there."""
        env = {"PYTHON": str(cache.python())}
        keys = {"kafka": "KAFKA_BOOTSTRAP", "etcd": "ETCD_ENDPOINT", "source": "SOURCE_URI",
                "target": "TARGET_URI", "target-etcd": "TARGET_ETCD_ENDPOINT"}
        env |= {key: self.address(name) for name, key in keys.items()
                if name in self.names() or name in self._state["lent"]}
        if "source" in self.names():
            env["SOURCE_ROOT_PATH"] = env["SOURCE_CHANNEL_PREFIX"] = self.instance("source")
        if "target" in self.names():
            env["TARGET_ROOT_PATH"] = self.instance("target")
        if "registry" in self.names():
            env["REGISTRY_URL"] = f"http://{self.address('registry')}/apis/ccompat/v7"
        if "connect" in self.names():
            env["CONNECT_URL"] = f"http://{self.address('connect')}"
        if self.auth:
            env |= {"KAFKA_USERNAME": servers.USER, "KAFKA_PASSWORD": servers.PASSWORD,
                    "ETCD_USERNAME": servers.ETCD_USER, "ETCD_PASSWORD": servers.ETCD_PASSWORD,
                    "CERTS": str(self.certs),
                    "MILVUS_TOKEN": f"{servers.MILVUS_USER}:{servers.MILVUS_PASSWORD}"}
        return env

    def _save(self):
        fresh = self._state_path.with_suffix(".new")
        fresh.write_text(json.dumps(self._state, indent=1), encoding="utf-8")
        fresh.rename(self._state_path)


def _with_needs(wanted) -> list:
    """The wanted names and what they need, each after its needs."""
    ordered = []
    for name in wanted:
        if name not in servers.KINDS:
            raise SystemExit(f"parts: unknown part {name}; there are {' '.join(servers.KINDS)}")
        for one in [*_with_needs(servers.KINDS[name].needs), name]:
            if one not in ordered:
                ordered.append(one)
    return ordered
