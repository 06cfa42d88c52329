"""Servers of Java's: their jars from Maven's repositories, with a launcher of ours, in the user's cache, made once.

Each has a directory in `java/`, with a pom.xml that pins it and the classes that start it.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.servers.provision import Say, cached, one_build_at_a_time
from tests.support.tools import Missing, required_on_path

__all__ = ["JAVA_SERVERS", "java_server"]

_JAVA = Path(__file__).parent / "java"
_SECONDS = 1800
_LAYOUT = "1"
"""To be raised where what is made of the same sources changes."""

_DESCRIPTOR = """description=GET / handler
version={version}
name=rest-root-lite
classname=RestRootLite
java.version=17
elasticsearch.version={version}
"""
_CONFIG = """cluster.name: comb
node.name: node-1
discovery.type: single-node
network.host: 127.0.0.1
cluster.routing.allocation.disk.threshold_enabled: false
"""
_SECURITY = {
    "x-pack-core": (
        "x-pack-core-*", "x-pack-template-resources-*", "elasticsearch-ssl-config-*", "unboundid-*", "http*",
        "commons-*",
    ),
    "x-pack-security": (
        "x-pack-security-*", "transport-netty4-*", "netty-*", "*opensaml-*", "java-support-*", "nimbus-*", "oauth2-*",
    ),
}  # fmt: skip
"""Modules, and the jars of each."""
_LOGGING = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


def java_server(name: str, say: Say) -> Path:
    """The directory of a server: `lib` and `classes` are its class path; raises `Missing` when it cannot be had."""
    source = _JAVA / name
    content = b"".join(path.read_bytes() for path in sorted(source.iterdir()))
    home = cached(f"{name}-{hashlib.sha256(_LAYOUT.encode() + content).hexdigest()[:16]}")
    if not home.is_dir():
        for tool, how in (("mvn", "install Maven"), ("javac", "install a JDK of version 17 or later")):
            required_on_path(tool, how)
        with one_build_at_a_time(say):
            if not home.is_dir():
                _make(name, source, home, say)
    required_on_path("java", "install a JDK of version 17 or later")
    return home


def _make(name: str, source: Path, home: Path, say: Say) -> None:
    """Make it beside `home`, then rename: a killed build leaves no half of a server."""
    say(f"fetching {name} with Maven: a minute or two when nothing is there yet")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="new-", ignore_cleanup_errors=True) as new:
        made = Path(new, name)
        (made / "lib").mkdir(parents=True)
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={made}/lib", "-DincludeScope=runtime"]
        pom = Path(new, "pom.xml")  # Maven leaves a `target` beside it
        pom.write_bytes((source / "pom.xml").read_bytes())
        _run(["nice", "-n", "15", "mvn", "-B", "-q", "-f", str(pom), *copy], name)
        JAVA_SERVERS[name](source, made)
        os.rename(made, home)
    megabytes = sum(path.stat().st_size for path in home.rglob("*.jar")) / 1e6
    say(f"made {name} in {time.monotonic() - started:.0f} s: {home} ({megabytes:.0f} MB)")


def _elasticsearch(source: Path, made: Path) -> None:
    """A home of Elasticsearch's, with two modules: its HTTP server, and what answers `GET /`."""
    for name in ("config", "logs", "plugins", "tmp", "classes", "modules/transport-netty4", "modules/rest-root-lite"):
        (made / name).mkdir(parents=True)
    transport, root = made / "modules" / "transport-netty4", made / "modules" / "rest-root-lite"
    _compile(source / "EsMain.java", made / "classes", made)
    with tempfile.TemporaryDirectory(dir=made) as classes:
        _compile(source / "RestRootLite.java", Path(classes), made)
        with zipfile.ZipFile(root / "rest-root-lite.jar", "w") as jar:
            for path in Path(classes).rglob("*.class"):
                jar.write(path, path.relative_to(classes))
    [core] = (made / "lib").glob("elasticsearch-8*.jar")
    version = core.stem.removeprefix("elasticsearch-")
    (root / "plugin-descriptor.properties").write_text(_DESCRIPTOR.format(version=version), "utf-8")
    # What a module has must not be on the class path as well: Elasticsearch refuses that.
    for pattern in ("netty-*.jar", "transport-netty4-*.jar", "elasticsearch-ssl-config-*.jar"):
        for path in (made / "lib").glob(pattern):
            path.rename(transport / path.name)
    _describe(transport)
    (made / "config" / "elasticsearch.yml").write_text(_CONFIG, "utf-8")
    (made / "config" / "log4j2.properties").write_text(_LOGGING, "utf-8")


def _describe(module: Path) -> None:
    """Write what Elasticsearch asks of a directory with a module: its jar has it, for Java's module path."""
    [plugin] = module.glob(f"{module.name}-*.jar")
    with zipfile.ZipFile(plugin) as jar:
        described = jar.read(f"META-INF/es-plugins/{module.name}/plugin-descriptor.properties").decode()
    lines = [line for line in described.split("\n") if not line.startswith("modulename=")]
    (module / "plugin-descriptor.properties").write_text("\n".join(lines), "utf-8")


def _security(_source: Path, made: Path) -> None:
    """Two modules, to be put beside those of Elasticsearch's home; what it has itself is left out."""
    for name, patterns in _SECURITY.items():
        module = made / "modules" / name
        module.mkdir(parents=True)
        for pattern in patterns:
            for path in (made / "lib").glob(pattern):
                path.rename(module / path.name)
        _describe(module)
    shutil.rmtree(made / "lib")


def _hbase(source: Path, made: Path) -> None:
    (made / "classes").mkdir()
    _compile(source / "HbMain.java", made / "classes", made)


JAVA_SERVERS: dict[str, Callable[[Path, Path], None]] = {
    "elasticsearch": _elasticsearch,
    "elasticsearch-security": _security,
    "hbase": _hbase,
}
"""Every server of Java's that a test may ask for, by its directory in `java/`, and what lays it out."""


def _compile(source: Path, into: Path, made: Path) -> None:
    _run(["javac", "-nowarn", "-d", str(into), "-cp", f"{made}/lib/*", str(source)], source.name)


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise Missing(f"{what} was not made within {_SECONDS} s") from None
    if done.returncode != 0:
        raise Missing(f"{what} could not be made:\n{(done.stderr.strip() or done.stdout.strip())[-2000:]}")
