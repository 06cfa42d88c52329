"""The recorder of a service, as its settings say."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.samples.addresses import embedded_directory, servers_file

if TYPE_CHECKING:
    from comb_compiler.runtime.recording.recorder import Recorder

__all__ = ["recorder_of"]


def recorder_of(plan: ExecutionPlan, settings: Settings, workspace: Path | None) -> "Recorder | None":
    """A recorder that has not started; None where nothing is recorded. Files that requests name are in `workspace`."""
    directory, servers = embedded_directory(settings.samples), servers_file(settings.samples)
    if not settings.samples:
        return None
    from comb_compiler.runtime.recording.recorder import Recorder  # whoever records nothing starts without it
    from comb_compiler.runtime.recording.records import About
    from comb_compiler.runtime.recording.stores import opened_late, servers_late

    if servers is not None:
        store, spool = servers_late(servers, os.environ), Path(settings.samples_spool)
    else:
        assert directory is not None  # settings of another form are refused
        beside = directory.with_name(f"{directory.name}.spool")
        store, spool = opened_late(directory), Path(settings.samples_spool) if settings.samples_spool else beside
    about = About(settings.environment, settings.code_digest, host=socket.gethostname(), salt=settings.samples_salt)
    return Recorder(plan, store, spool, about=about, files=workspace)
