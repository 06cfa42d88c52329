"""The rules of decision: thresholds, phrases and patterns, as `rules/decision.json` has them."""

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Pattern", "Rules", "read_rules", "squeezed"]

_REVIEW, _BLOCK = 2, 3  # moderation.v1.Decision


class Pattern(NamedTuple):
    """A phrase or a pattern, what it decides, and what a reviewer is told."""

    expression: re.Pattern[str]
    decision: int
    name: str


class Rules(NamedTuple):
    """What decides. Lines that were read with less than `…_score` are not judged by that rule."""

    nudity_review: float
    nudity_block: float
    phrases: tuple[Pattern, ...]
    phrase_score: float
    contacts: tuple[Pattern, ...]
    contact_score: float


def read_rules(path: Path) -> Rules:
    """The rules of a file. Raises ValueError with what is wrong with it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return _rules(content)
    except KeyError as error:
        raise ValueError(f"{path.name} has no {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} does not have the form of rules: {error}") from error
    except re.error as error:
        raise ValueError(f"{path.name} has the pattern {error.pattern!r}, which is none: {error}") from error


def squeezed(text: str) -> str:
    """A text as phrases are looked for in it: whatever the case, the width of letters, and the spaces between them.

    A recogniser loses spaces, and who wants a phrase past the rules adds some.
    """
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _rules(content: Mapping[str, Any]) -> Rules:
    nudity, phrases, contact = content["nudity"], content["phrases"], content["contact"]
    review, block = _chance(nudity["review"]), _chance(nudity["block"])
    if review > block:
        raise ValueError(f"nudity is blocked from {block} on, but reviewed only from {review} on")
    texts = [(text, _BLOCK) for text in phrases["block"]] + [(text, _REVIEW) for text in phrases["review"]]
    return Rules(
        review,
        block,
        tuple(Pattern(re.compile(re.escape(squeezed(text))), decision, text) for text, decision in texts),
        _chance(phrases["minScore"]),
        tuple(Pattern(re.compile(text, re.IGNORECASE), _REVIEW, name) for name, text in contact["review"].items()),
        _chance(contact["minScore"]),
    )


def _chance(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{value!r} is no number from 0 to 1")
    return float(value)
