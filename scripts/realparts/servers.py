"""What each server is: its ports, its configuration, its command, and when it is really ready.

In: a folder of its own, ports, the other parts' addresses. Out: files in that folder and a command line;
partset.py starts and ends the process. All listen on loopback, but Milvus, which knows no such
option. Every server can be started again on the same ports and data.
"""

import os
import re
import ssl
import subprocess
import time
import urllib.error
import urllib.request
import uuid

from . import cache, certs, process

MAX_RECORD_BYTES = 20 << 20  # Milvus writes records of up to 10 MiB
USER, PASSWORD = "kitestream", "kite-secret"  # Kafka, with --auth
ETCD_USER, ETCD_PASSWORD = certs.CLIENT_NAME, "etcd-secret"
MILVUS_USER, MILVUS_PASSWORD = "root", "Milvus"  # what Milvus begins with


class NotReady(Exception):
    """The server ended, or did not answer in time."""


class Server:
    """One part. `folder` and `ports` are its own; `parts` gives the addresses of the others."""

    port_names: tuple = ()
    needs: tuple = ()
    patience_s = 10  # how long SIGTERM may take
    ready_s = 60

    def __init__(self, parts, name, ports):
        self.parts, self.name, self.ports = parts, name, ports
        self.folder = parts.folder / name

    @property
    def address(self):
        return f"127.0.0.1:{self.ports[self.port_names[0]]}"

    def fetch(self):
        """Downloads what the server needs, before any port is chosen."""

    def prepare(self):
        """Writes the configuration; called before each start."""

    def command(self) -> list:
        raise NotImplementedError

    def env(self) -> dict:
        return {}

    def wait_ready(self, running):
        raise NotImplementedError

    def after_first_start(self):
        """Called once, when the server with fresh data answers."""

    def _poll(self, running, answers):
        deadline = time.monotonic() + self.ready_s
        while not answers():
            self._check_alive(running)
            if time.monotonic() > deadline:
                raise NotReady(f"{self.name} is not ready after {self.ready_s} s, see {self.folder}/log")
            time.sleep(0.2)
        self._check_alive(running)

    def _check_alive(self, running):
        """Also after an answer: it may have been another server's, on a port that we lost."""
        if not process.alive(running):
            raise NotReady(f"{self.name} ended while starting, see {self.folder}/log")

    def _probe_kafka(self, running, user="", password=""):
        """A client in the venv waits for an answer."""
        words = [cache.python(), cache.HERE / "probe_kafka.py", self.address, str(self.ready_s), user, password]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as client:
            while client.poll() is None and process.alive(running):
                time.sleep(0.1)
            if client.poll() is None:
                client.kill()
            self._check_alive(running)
            if client.returncode:
                raise NotReady(client.stderr.read().strip())


def _http_answers(url, wanted, context=None, headers=()) -> bool:
    try:
        request = urllib.request.Request(url, headers=dict(headers))
        with urllib.request.urlopen(request, timeout=2, context=context) as answer:
            return wanted in answer.read()
    except (urllib.error.URLError, OSError):
        return False


class Kafka(Server):
    port_names = ("client", "controller")
    ready_s = 120  # after a kill it looks through the log of each partition

    def fetch(self):
        cache.kafka_jars()

    def prepare(self):
        fresh = not (self.folder / "data").exists()
        properties = self.folder / "server.properties"
        properties.write_text("".join(f"{k}={v}\n" for k, v in self._properties().items()))
        if fresh:
            self._format(properties)

    def _properties(self):
        security = "SASL_PLAINTEXT" if self.parts.auth else "PLAINTEXT"
        properties = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.ports['controller']}",
            "listeners": f"CLIENT://{self.address},CONTROLLER://127.0.0.1:{self.ports['controller']}",
            "advertised.listeners": f"CLIENT://{self.address}",
            "listener.security.protocol.map": f"CLIENT:{security},CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.folder / "data",
            "num.partitions": 1,
            "num.network.threads": 2,
            "num.io.threads": 2,
            "auto.create.topics.enable": "true",
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "message.max.bytes": MAX_RECORD_BYTES,
            "replica.fetch.max.bytes": MAX_RECORD_BYTES,
        }
        for topic in ("offsets.topic", "transaction.state.log", "default"):
            properties[f"{topic}.replication.factor"] = 1
        if self.parts.auth:
            properties |= {
                "sasl.enabled.mechanisms": "PLAIN",
                "sasl.mechanism.inter.broker.protocol": "PLAIN",
                "listener.name.client.plain.sasl.jaas.config":
                    "org.apache.kafka.common.security.plain.PlainLoginModule required"
                    f' username="{USER}" password="{PASSWORD}" user_{USER}="{PASSWORD}";',
            }
        return properties

    def _java(self):
        return ["java", "-cp", f"{cache.kafka_jars()}/*", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dorg.slf4j.simpleLogger.showDateTime=true"]

    def _format(self, properties):
        cluster = uuid.uuid4().hex[:22]
        command = [*self._java(), "kafka.tools.StorageTool", "format", "-t", cluster,
                   "-c", str(properties)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotReady(f"Kafka's format failed: {done.stdout}{done.stderr}")

    def command(self):
        java = self._java()
        return [java[0], "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", *java[1:], "kafka.Kafka",
                self.folder / "server.properties"]

    def wait_ready(self, running):
        listening = f":{self.ports['client']:04X} "
        self._poll(running, lambda: _listens(listening))
        user, password = (USER, PASSWORD) if self.parts.auth else ("", "")
        self._probe_kafka(running, user, password)


def _listens(hex_port) -> bool:
    """A look at the kernel's table is cheaper than a connection, and leaves nothing in the server's log."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as rows:
            if any(hex_port in row.split(" 0A ")[0] for row in rows if " 0A " in row):
                return True
    return False


class Etcd(Server):
    """With --auth: TLS, client certificates, and users; a client is who its password or, without one, the
    name in its certificate says. (Milvus 2.3 can send no password, but a certificate.)"""

    port_names = ("client", "peer")

    @property
    def _client_url(self):
        return f"{'https' if self.parts.auth else 'http'}://{self.address}"

    def command(self):
        peer = f"http://127.0.0.1:{self.ports['peer']}"
        command = ["etcd", "--data-dir", self.folder / "data", "--logger", "zap", "--log-level", "warn",
                   "--listen-client-urls", self._client_url, "--advertise-client-urls", self._client_url,
                   "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                   "--initial-cluster", f"default={peer}", "--unsafe-no-fsync"]
        if self.parts.auth:
            made = self.parts.certs
            command += ["--client-cert-auth", "--trusted-ca-file", made / "ca.pem",
                        "--cert-file", made / "server.pem", "--key-file", made / "server.key"]
        return command

    def wait_ready(self, running):
        context = None
        if self.parts.auth:
            context = ssl.create_default_context(cafile=self.parts.certs / "ca.pem")
            context.load_cert_chain(self.parts.certs / "client.pem", self.parts.certs / "client.key")
        self._poll(running, lambda: _http_answers(f"{self._client_url}/health", b'"true"', context))

    def after_first_start(self):
        if not self.parts.auth:
            return
        made = self.parts.certs
        etcdctl = ["etcdctl", "--endpoints", self._client_url, "--cacert", made / "ca.pem",
                   "--cert", made / "client.pem", "--key", made / "client.key"]
        for words in (["user", "add", f"{ETCD_USER}:{ETCD_PASSWORD}"], ["role", "add", "root"],
                      ["user", "grant-role", ETCD_USER, "root"], ["auth", "enable"]):
            subprocess.run([*etcdctl, *words], check=True, capture_output=True,
                           env=os.environ | {"ETCDCTL_API": "3"})


class Milvus(Server):
    """A full standalone server; where its metadata and its message queue are is up to the subclass."""

    port_names = ("proxy", "proxy_internal", "root_coord", "query_coord", "data_coord", "index_coord",
                  "query_node", "data_node", "index_node", "metrics")
    patience_s = 5  # a graceful stop would wait up to half an hour
    ready_s = 120
    etcd = ""

    def fetch(self):
        cache.milvus()

    def prepare(self):
        conf = self.folder / "conf"
        conf.mkdir(exist_ok=True)
        wheel = cache.milvus()
        template = (wheel / "config.yaml.template").read_text(encoding="utf-8")
        (conf / "milvus.yaml").write_text(re.sub(r"\{\{(.*?)\}\}", self._fill, template))
        # Without this file beside milvus.yaml the server dies and says nothing.
        (conf / "glog.conf").write_text((wheel / "glog.conf").read_text(encoding="utf-8"))
        (self.folder / "logs").mkdir(exist_ok=True)

    def _fill(self, placeholder):
        """`name(type): default` becomes the port of that name, a folder of ours, or the default."""
        name, _, default = placeholder[1].partition(":")
        name = name.partition("(")[0].strip()
        folders = {"etcd_data_dir": "etcd", "local_storage_dir": "storage", "rocksmq_data_dir": "rocksmq"}
        if name in folders:
            return str(self.folder / folders[name])
        if name.removesuffix("_port") in self.ports:
            return str(self.ports[name.removesuffix("_port")])
        return default.strip()

    def command(self):
        return [cache.milvus() / "bin" / "milvus", "run", "standalone"]

    def env(self):
        """Milvus takes any key of its configuration from the environment, above the file."""
        env = {
            "MILVUSCONF": self.folder / "conf",
            "LD_LIBRARY_PATH": cache.milvus() / "bin",
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": self.ports["metrics"],
            "MILVUS_RUN_DIR": self.folder,
            "LOG_LEVEL": "warn",
            "ETCD_USE_EMBED": "false",
            "ETCD_ENDPOINTS": self.parts.address(self.etcd),
            "ETCD_ROOTPATH": self.parts.instance(self.name),
            "COMMON_CHANNAMEPREFIX_CLUSTER": self.parts.instance(self.name),
            "COMMON_SESSION_TTL": 10,  # a killed server's session blocks its successor that long
        }
        if self.parts.auth:
            env |= {"COMMON_SECURITY_AUTHORIZATIONENABLED": "true",
                    "ETCD_SSL_ENABLED": "true", "ETCD_SSL_TLSCACERT": self.parts.certs / "ca.pem",
                    "ETCD_SSL_TLSCERT": self.parts.certs / "client.pem",
                    "ETCD_SSL_TLSKEY": self.parts.certs / "client.key"}
        for role in ("ROOTCOORD", "PROXY", "QUERYCOORD", "QUERYNODE", "INDEXNODE", "DATACOORD", "DATANODE"):
            env[f"{role}_IP"] = "127.0.0.1"
        return env

    def wait_ready(self, running):
        health = f"http://127.0.0.1:{self.ports['metrics']}/healthz"
        self._poll(running, lambda: _http_answers(health, b"OK"))
        # Asked through the proxy, as a client would; pymilvus would take two seconds to import.
        collections = f"http://{self.address}/v1/vector/collections"
        headers = {"Authorization": f"Bearer {MILVUS_USER}:{MILVUS_PASSWORD}"} if self.parts.auth else {}
        self._poll(running, lambda: _http_answers(collections, b'"code":200', headers=headers))


class Source(Milvus):
    needs = ("kafka", "etcd")
    etcd = "etcd"

    def env(self):
        env = super().env() | {"MQ_TYPE": "kafka", "KAFKA_BROKERLIST": self.parts.address("kafka"),
                               "KAFKA_READTIMEOUT": 10}
        if self.parts.auth:
            env |= {"KAFKA_SASLUSERNAME": USER, "KAFKA_SASLPASSWORD": PASSWORD,
                    "KAFKA_SASLMECHANISMS": "PLAIN", "KAFKA_SECURITYPROTOCOL": "SASL_PLAINTEXT"}
        return env


class Target(Milvus):
    """Its etcd is one of its own: the embedded one would insist on the ports 2379 and 2380."""

    needs = ("target-etcd",)
    etcd = "target-etcd"

    def env(self):
        return super().env() | {"MQ_TYPE": "rocksmq"}


class Registry(Server):
    """Apicurio, for its Confluent-compatible API below /apis/ccompat/v7."""

    port_names = ("http",)

    def fetch(self):
        cache.apicurio()

    def command(self):
        return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={self.ports['http']}",
                "-Dquarkus.log.level=WARN", "-jar", next(cache.apicurio().glob("*-runner.jar"))]

    def wait_ready(self, running):
        subjects = f"http://{self.address}/apis/ccompat/v7/subjects"
        self._poll(running, lambda: _http_answers(subjects, b"["))


class Connect(Server):
    """One distributed Kafka Connect worker with the FileStream and Mock connectors; without --auth only. Its heap and
    its collector are what Kafka's own start script gives it."""

    port_names = ("http",)
    needs = ("kafka",)
    memory = ("-Xms256M", "-Xmx2G", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
              "-XX:+ExplicitGCInvokesConcurrent")

    def fetch(self):
        cache.connect_jars()

    def properties(self):
        group = self.parts.instance("connect")
        properties = {
            "bootstrap.servers": self.parts.address("kafka"),
            "group.id": group,
            "listeners": f"http://{self.address}",
            "rest.advertised.host.name": "127.0.0.1",
            "plugin.discovery": "service_load",  # the quickest
            "scheduled.rebalance.max.delay.ms": 0,
        }
        for side in ("key", "value"):
            properties[f"{side}.converter"] = "org.apache.kafka.connect.json.JsonConverter"
            properties[f"{side}.converter.schemas.enable"] = "false"
        for kind in ("config", "offset", "status"):
            properties[f"{kind}.storage.topic"] = f"{group}-{kind}s"
            properties[f"{kind}.storage.replication.factor"] = 1
        for kind in ("offset", "status"):
            properties[f"{kind}.storage.partitions"] = 1
        return properties

    def prepare(self):
        lines = [f"{key}={value}\n" for key, value in self.properties().items()]
        (self.folder / "worker.properties").write_text("".join(lines), encoding="utf-8")

    def command(self):
        return ["java", *self.memory, "-cp", f"{cache.connect_jars()}/*", "-Dlog4j2.level=WARN",
                "org.apache.kafka.connect.cli.ConnectDistributed", self.folder / "worker.properties"]

    def wait_ready(self, running):
        self._poll(running, lambda: _http_answers(f"http://{self.address}/connectors", b"["))


KINDS = {"kafka": Kafka, "etcd": Etcd, "source": Source, "target-etcd": Etcd, "target": Target,
         "registry": Registry, "connect": Connect}
