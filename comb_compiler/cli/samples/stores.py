"""The store that a command works on, and how its failures end a run."""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.exits import UsageError
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.samples.elasticsearch_hbase import Settings
    from comb_compiler.samples.store import SampleStore
    from comb_compiler.spec.platform.samples import SampleStoreSpec

__all__ = [
    "DEFAULT_STORE",
    "add_store_argument",
    "opened",
    "opened_at",
    "settings_of_spec",
    "settings_or_usage",
    "told_to_a_service",
]

DEFAULT_STORE = "embedded:.comb/samples"
_FORMS = "embedded:DIR, platform:FILE for the one that a platform.yaml names, or servers:FILE"
_PLATFORM = "platform:"


def add_store_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store",
        metavar="STORE",
        default=DEFAULT_STORE,
        help=f"where recorded requests are kept: {_FORMS} (default: {DEFAULT_STORE})",
    )


@contextmanager
def opened(arguments: argparse.Namespace, *, new: bool = False) -> "Iterator[SampleStore]":
    """The store that is named; one that is not there yet is made only where `new` is set."""
    with opened_at(arguments.store, new=new) as store:
        yield store


@contextmanager
def opened_at(given: str, *, new: bool = False) -> "Iterator[SampleStore]":
    """The store of that name; one that is not there yet is made only where `new` is set."""
    from comb_compiler.samples.store import StoreError

    try:
        store = _open(given, new=new)
        try:
            yield store
        finally:
            store.close()
    except StoreError as problem:
        raise OutsideFailure(str(problem)) from problem


def _open(given: str, *, new: bool) -> "SampleStore":
    from comb_compiler.samples.addresses import embedded_directory, servers_file

    if (directory := embedded_directory(given)) is not None:
        return _embedded(given, directory, new=new)
    if (file := servers_file(given)) is not None:
        from comb_compiler.samples.elasticsearch_hbase import read_settings

        return _on_servers(lambda: read_settings(file, os.environ), f"--store {given}")
    if given.startswith(_PLATFORM) and len(given) > len(_PLATFORM):
        return _of_platform(given, given.removeprefix(_PLATFORM), new=new)
    raise UsageError(f"--store {given}: write {_FORMS}; for example {DEFAULT_STORE}")


def _embedded(given: str, directory: Path, *, new: bool) -> "SampleStore":
    from comb_compiler.samples.embedded import EmbeddedStore
    from comb_compiler.samples.embedded.files import answering, is_of_others

    if not directory.is_dir():
        if not new:
            raise UsageError(f"--store {given}: there is no such directory; `comb run --samples` makes it")
        return EmbeddedStore(directory)
    with answering(directory):
        if is_of_others(directory):
            raise UsageError(f"--store {given}: there are other things in this directory, and no records")
    return EmbeddedStore(directory)


def _of_platform(given: str, file: str, *, new: bool) -> "SampleStore":
    from comb_compiler.cli.samples.platforms import platform_in

    spec = platform_in(file).sample_store
    if spec.embedded is not None:
        return _embedded(given, Path(file).parent / spec.embedded.directory, new=new)
    return _on_servers(lambda: settings_of_spec(spec), f"--store {given}")


def settings_of_spec(spec: "SampleStoreSpec") -> "Settings":
    """The settings of a store on servers, with the credentials that the environment has. Raises OSError, ValueError."""
    from comb_compiler.samples.elasticsearch_hbase import settings_of

    return settings_of(_seconds(spec.model_dump(by_alias=True)), os.environ)


@contextmanager
def told_to_a_service(samples: str | None, spool: str | None) -> Iterator[dict[str, str | None]]:
    """What a service on this machine is told of its store: it reads no platform.yaml, but a file of JSON like it."""
    given = {"samples": samples, "samples_spool": spool}
    if not samples or not samples.startswith(_PLATFORM) or samples == _PLATFORM:
        yield given
        return
    from comb_compiler.cli.samples.platforms import platform_in

    file = Path(samples.removeprefix(_PLATFORM))
    spec = platform_in(str(file)).sample_store
    if spec.embedded is not None:
        yield given | {"samples": f"embedded:{file.parent / spec.embedded.directory}"}
        return
    settings_or_usage(
        lambda: settings_of_spec(spec), f"--samples {samples}"
    )  # what is missing is said before it serves
    with TemporaryDirectory(prefix="comb-store-") as directory:
        written = Path(directory, "store.json")
        written.write_text(json.dumps(_seconds(spec.model_dump(by_alias=True))), "utf-8")
        waiting = spool or str(file.parent / ".comb" / "spool")
        yield {"samples": f"servers:{written}", "samples_spool": waiting}


def _seconds(value: object) -> Any:
    if isinstance(value, dict):
        return {name: _seconds(one) for name, one in value.items()}
    return value.total_seconds() if isinstance(value, timedelta) else value


def _on_servers(settings: "Callable[[], Settings]", given: str) -> "SampleStore":
    from comb_compiler.samples.elasticsearch_hbase import ProductionStore

    return ProductionStore(settings_or_usage(settings, given))


def settings_or_usage(settings: "Callable[[], Settings]", given: str) -> "Settings":
    """The settings. Raises UsageError where what says so cannot be used, or the clients are not here."""
    from importlib.util import find_spec

    if find_spec("elasticsearch") is None or find_spec("happybase") is None:
        raise UsageError("samples on servers need their clients: pip install 'comb-compiler[production-store]'")
    try:
        return settings()
    except (OSError, ValueError) as problem:
        raise UsageError(f"{given}: {problem}") from problem
