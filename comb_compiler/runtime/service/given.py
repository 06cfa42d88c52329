"""What a service is given to tell by whether its models are well: golden samples, and what is compared with."""

from pathlib import Path

from comb_compiler.runtime.health import BadReference, Saved, read_saved
from comb_compiler.runtime.service.face import CannotServe
from comb_compiler.samples import SampleSet

__all__ = ["read_goldens", "read_reference"]


def read_goldens(directory: Path) -> SampleSet:
    """The sample set in a directory, as far as its requests are in files.

    Raises CannotServe where it has flaws, or is none.
    """
    from comb_compiler.samples import load_sample_set

    goldens, findings = load_sample_set(directory)
    if findings:
        flaw = findings[0]
        raise CannotServe(f"{directory} is no sample set: {flaw.file}: {flaw.message}")
    return goldens.in_files


def read_reference(file: Path) -> Saved:
    """What `comb health --save-reference` wrote. Raises CannotServe, and OSError where it cannot be read."""
    try:
        return read_saved(file.read_bytes())
    except BadReference as error:
        raise CannotServe(f"{file} is no reference: {error}") from error
