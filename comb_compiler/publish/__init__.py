"""Rendered files → one commit of the environment repository. The only package that runs git to write."""

from comb_compiler.publish.errors import PublishError, Refused
from comb_compiler.publish.landing import Identity, Publication
from comb_compiler.publish.mirror import Mirror, Reach, open_mirror
from comb_compiler.publish.owned import Held
from comb_compiler.publish.publishing import Terms, Wanted, publish, retire, roll_back
from comb_compiler.publish.shared import Shared
from comb_compiler.publish.signing import Trust

__all__ = [
    "Held",
    "Identity",
    "Mirror",
    "Publication",
    "PublishError",
    "Reach",
    "Refused",
    "Shared",
    "Terms",
    "Trust",
    "Wanted",
    "open_mirror",
    "publish",
    "retire",
    "roll_back",
]
