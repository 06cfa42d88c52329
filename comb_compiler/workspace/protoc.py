"""protoc, in a process of its own: it is C++ that reads what anyone wrote."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from comb_compiler.workspace.bundled import bundle
from comb_compiler.workspace.complaints import Complaint, read_complaints
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["Compiled", "run_protoc"]

_SECONDS = 60
_MEMORY = 4 << 30
_RUN = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
from grpc_tools import _protoc_compiler
sys.exit(_protoc_compiler.run_main([one.encode() for one in sys.argv]))
"""


class Compiled(NamedTuple):
    """A serialised FileDescriptorSet with source information, empty where the files have errors."""

    descriptors: bytes
    complaints: tuple[Complaint, ...]


def run_protoc(files: Mapping[str, bytes], mains: Sequence[str]) -> Compiled:
    """Compile `mains` and what they import, all of `files`, by import name. Raises OutsideFailure."""
    with tempfile.TemporaryDirectory(prefix="comb-protoc-") as scratch:
        root, out = Path(scratch, "root"), Path(scratch, "out")
        _write(root, files)
        options = [f"-I{root}", f"-I{bundle()}", "--include_imports", "--include_source_info", f"-o{out}"]
        finished = _run([*options, *(str(root / main) for main in mains)], scratch)
        complaints = read_complaints(finished.stderr, f"{root}{os.sep}")
        if finished.returncode == 0:
            return Compiled(out.read_bytes(), complaints)
    if not any(not one.is_warning for one in complaints):
        words = finished.stderr.strip().split("\n")[-1] or f"it ended with status {finished.returncode}"
        complaints = (*complaints, Complaint(mains[0], None, f"protoc gave up: {words}", False))
    return Compiled(b"", complaints)


def _write(root: Path, files: Mapping[str, bytes]) -> None:
    try:
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as problem:
        raise OutsideFailure(f"the .proto files cannot be laid out for protoc: {problem}") from problem


def _run(arguments: list[str], directory: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", _RUN.format(memory=_MEMORY), *arguments]
    try:
        return subprocess.run(  # noqa: S603  the program is our own Python; file names are absolute paths
            command, cwd=directory, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -1, "", f"it took more than {_SECONDS} seconds")
    except OSError as problem:
        raise OutsideFailure(f"protoc does not start: {problem.strerror}") from problem
