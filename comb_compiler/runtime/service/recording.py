"""The recorder of a service, as its settings say."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.samples.addresses import embedded_directory

if TYPE_CHECKING:
    from comb_compiler.runtime.recording.recorder import Recorder

__all__ = ["recorder_of"]


def recorder_of(plan: ExecutionPlan, settings: Settings, workspace: Path | None) -> "Recorder | None":
    """A recorder that has not started; None where nothing is recorded. Files that requests name are in `workspace`."""
    directory = embedded_directory(settings.samples)
    if directory is None:
        return None
    from comb_compiler.runtime.recording.recorder import Recorder  # whoever records nothing starts without it
    from comb_compiler.runtime.recording.records import About
    from comb_compiler.runtime.recording.stores import opened_late

    spool = Path(settings.samples_spool) if settings.samples_spool else directory.with_name(f"{directory.name}.spool")
    about = About(settings.environment, settings.code_digest, host=socket.gethostname(), salt=settings.samples_salt)
    return Recorder(plan, opened_late(directory), spool, about=about, files=workspace)
