"""A candidate that is taken back: first nobody is sent to it any more, and then it goes."""

from collections.abc import Mapping
from hashlib import sha256

from comb_compiler.compiler.rollout import BadStable, object_in, read_stable
from comb_compiler.release.release import FILE, parse_release, release_bytes
from comb_compiler.render import emit
from comb_compiler.render.kustomization import FILE as LIST
from comb_compiler.render.track import unused

__all__ = ["withdrawn"]


def withdrawn(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A directory with a candidate, which gets no users any more; its objects stay until that has reached every pod.

    Raises BadStable for a directory without a candidate.
    """
    stable = read_stable(files)
    if stable.rollout is None:
        raise BadStable("there is no candidate beside the stable release")
    changed = [one for one, content in stable.files.items() if one != LIST and files[one] != content]
    if len(changed) != 1:
        raise BadStable("nothing of the stable release names the candidate")
    [name] = changed
    try:
        content = emit(unused(object_in(name, files[name]))).encode()
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise BadStable(f"`{name}` names no candidate") from problem
    release = parse_release(files[FILE])
    digests = {**release.files, name: sha256(content).hexdigest()}
    release = release._replace(files=digests, rollout=stable.rollout._replace(aborted=True))
    return {**files, name: content, FILE: release_bytes(release)}
