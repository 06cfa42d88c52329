"""Elasticsearch and HBase as processes of their own, each with a small heap: started, killed, started again."""

import shutil
import ssl
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from random import SystemRandom
from socket import create_connection, socket

from tests.servers.certificates import Identity
from tests.servers.processes import Failed, Server, running

__all__ = ["ROOT", "StoreServer", "elasticsearch", "hbase", "secured_elasticsearch"]

_SECONDS = 1200.0
"""Patience for a start: 15 s when the machine is quiet."""
_HEAP, _HBASE_HEAP = "512m", "1g"
_OPENED = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
)
ROOT = ("root", "all-is-mine")
"""Name and password of who may do everything on a secured server."""
_SECURED = """xpack.security.enabled: true
xpack.security.autoconfiguration.enabled: false
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.certificate: {certificate}
xpack.security.http.ssl.key: {key}
"""
_READY = "Master has completed initialization"
_LOGGING = """log4j.rootLogger=INFO,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %-5p [%.40t] %c{2}: %m%n
log4j.logger.org.apache.zookeeper=WARN
"""


class StoreServer:
    """A server on one port with one directory of data, whatever becomes of its process."""

    def __init__(
        self, name: str, directory: Path, port: int, command: Sequence[object], identity: Identity | None = None
    ) -> None:
        self.name = name
        self.directory = directory
        self.port = port
        self._command = [str(part) for part in command]
        self._identity = identity
        self._running: AbstractContextManager[Server] | None = None
        self._started: Server | None = None

    @property
    def pid(self) -> int:
        """Its process, while it runs."""
        assert self._started is not None
        return self._started.process.pid

    def start(self) -> None:
        """Start it, and wait until it answers; raises Failed."""
        self._running = running(self.name, self._command, self.directory)
        self._started = self._running.__enter__()
        self._started.wait(self._answers, _SECONDS)

    def kill(self) -> None:
        """End it as SIGKILL does: at any instant, without a word."""
        if self._running is not None and self._started is not None:
            self._started.process.kill()
            self._started.process.wait()
            self._running.__exit__(None, None, None)
            self._running = self._started = None

    def last_words(self) -> str:
        """The end of its log."""
        log = self.directory / f"{self.name}.log"
        return log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else ""

    def _health(self) -> tuple[urllib.request.Request, ssl.SSLContext | None]:
        where = f"127.0.0.1:{self.port}/_cluster/health?wait_for_status=yellow&timeout=1s"
        if self._identity is None:
            return urllib.request.Request(f"http://{where}"), None
        who = b64encode(":".join(ROOT).encode()).decode()
        asked = urllib.request.Request(f"https://{where}", headers={"authorization": f"Basic {who}"})
        return asked, ssl.create_default_context(cafile=self._identity.ca)

    def _answers(self) -> bool:
        if self.name == "elasticsearch":
            asked, trust = self._health()
            with suppress(OSError), urllib.request.urlopen(asked, timeout=5, context=trust) as answer:
                return bool(answer.status == 200)
            return False
        # When the master gives up, the process stays, and so does the open port.
        if _READY not in (self.directory / f"{self.name}.log").read_text(encoding="utf-8", errors="replace"):
            return False
        with suppress(OSError), create_connection(("127.0.0.1", self.port), 5):
            return True
        return False


@contextmanager
def elasticsearch(home: Path, directory: Path) -> Iterator[StoreServer]:
    """One node without security, as its open part alone is: no x-pack."""
    with _node(home, home, directory, None) as server:
        yield server


@contextmanager
def secured_elasticsearch(home: Path, security: Path, directory: Path, identity: Identity) -> Iterator[StoreServer]:
    """One node with its own security: TLS, and nobody but `ROOT` in it, who may do everything."""
    own = directory / "home"
    shutil.copytree(home / "config", own / "config")
    for part in ("lib", "plugins"):
        (own / part).symlink_to(home / part)
    (own / "modules").mkdir()
    for module in (*(home / "modules").iterdir(), *(security / "modules").iterdir()):
        (own / "modules" / module.name).symlink_to(module)
    for kept in (identity.certificate, identity.key):  # its distribution reads none elsewhere
        shutil.copy(kept, own / "config" / kept.name)
    user, password = ROOT
    (own / "config" / "users").write_text(f"{user}:{password}\n", "utf-8")
    (own / "config" / "users_roles").write_text(f"superuser:{user}\n", "utf-8")
    with (own / "config" / "elasticsearch.yml").open("a", encoding="utf-8") as settings:
        settings.write(_SECURED.format(certificate=identity.certificate.name, key=identity.key.name))
    with _node(home, own, directory, identity) as server:
        yield server


def _node(
    home: Path, configured: Path, directory: Path, identity: Identity | None
) -> AbstractContextManager[StoreServer]:
    (directory / "tmp").mkdir(parents=True)
    http, transport = _ports(2)
    command = [
        "java", f"-Xms{_HEAP}", f"-Xmx{_HEAP}", "-XX:+UseG1GC", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8",
        f"-Djava.io.tmpdir={directory}/tmp", "-Dlog4j.shutdownHookEnabled=false", "-Dlog4j2.disable.jmx=true",
        "-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true",
        "-Dio.netty.recycler.maxCapacityPerThread=0", "-cp", f"{home}/classes:{home}/lib/*", "EsMain", configured,
        f"http.port={http}", f"transport.port={transport}", f"path.data={directory}/data",
        f"path.logs={directory}/logs",
    ]  # fmt: skip
    return _ended(StoreServer("elasticsearch", directory, http, command, identity))


@contextmanager
def hbase(home: Path, directory: Path, *, idle: float = 600.0) -> Iterator[StoreServer]:
    """HBase with everything that it is made of, and its Thrift server, which closes connections that are `idle`."""
    (directory / "conf").mkdir(parents=True)
    thrift, zookeeper, master, region = _ports(4)
    values = {
        "hbase.cluster.distributed": "false",
        "hbase.rootdir": f"file://{directory}/hbase",
        "hbase.tmp.dir": f"{directory}/tmp",
        "hbase.unsafe.stream.capability.enforce": "false",  # or it does not start on a local disk
        "hbase.zookeeper.quorum": "127.0.0.1",
        "hbase.zookeeper.property.dataDir": f"{directory}/zookeeper",
        "hbase.zookeeper.property.clientPort": zookeeper,
        "hbase.zookeeper.property.clientPortAddress": "127.0.0.1",
        "hbase.master.hostname": "localhost",
        "hbase.master.ipc.address": "127.0.0.1",
        # Its own patience for a start is five minutes, which a busy machine may take.
        "hbase.master.start.timeout.localHBaseCluster": round(_SECONDS * 1000),
        "hbase.master.init.timeout.localHBaseCluster": round(_SECONDS * 1000),
        # It gives up where the machine stops it for so long; by itself after ten seconds.
        "zookeeper.session.timeout.localHBaseCluster": 60_000,
        # Two megabytes for each family of each region that holds anything: the tests' tables are many, and small.
        "hbase.hregion.memstore.mslab.enabled": "false",
        "hbase.master.port": master,
        "hbase.master.info.port": -1,
        "hbase.master.wait.on.regionservers.mintostart": 1,
        "hbase.master.wait.on.regionservers.maxtostart": 1,
        "hbase.regionserver.hostname": "localhost",
        "hbase.regionserver.ipc.address": "127.0.0.1",
        "hbase.regionserver.port": region,
        "hbase.regionserver.info.port": -1,
        "hbase.regionserver.thrift.ipaddress": "127.0.0.1",
        "hbase.regionserver.thrift.port": thrift,
        "hbase.thrift.info.port": -1,
        "hbase.thrift.server.socket.read.timeout": round(idle * 1000),
    }
    lines = [f"<property><name>{name}</name><value>{value}</value></property>" for name, value in values.items()]
    site = "\n".join(['<?xml version="1.0"?>', "<configuration>", *lines, "</configuration>", ""])
    (directory / "conf" / "hbase-site.xml").write_text(site, "utf-8")
    (directory / "conf" / "log4j.properties").write_text(_LOGGING, "utf-8")
    command = [
        "java", f"-Xms{_HBASE_HEAP}", f"-Xmx{_HBASE_HEAP}", "-XX:+UseG1GC", *_OPENED, "-Djava.net.preferIPv4Stack=true",
        f"-Dhbase.log.dir={directory}/logs", "-cp", f"{directory}/conf:{home}/classes:{home}/lib/*", "HbMain", "start",
    ]  # fmt: skip
    with _ended(StoreServer("hbase", directory, thrift, command)) as server:
        yield server


def _ports(count: int) -> list[int]:
    """Free ports that no outgoing connection is given: a server takes seconds until it listens, and may start again."""
    found: list[int] = []
    for port in SystemRandom().sample(range(15_000, 32_000), 200):
        with suppress(OSError), socket() as one:
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise Failed("200 ports were looked at, and too few of them are free")


@contextmanager
def _ended(server: StoreServer) -> Iterator[StoreServer]:
    try:
        server.start()
        yield server
    finally:
        server.kill()
