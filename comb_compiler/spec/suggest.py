"""Did you mean?"""

from collections.abc import Iterable

from comb_compiler.spec.wording import listed

__all__ = ["closest", "did_you_mean", "strangers", "you_meant"]

_UNLIKE = ({"cpu", "gpu"}, {"min", "max"})
"""Words that are near each other, and mean the opposite."""
_LEAST_PREFIX = 3
_LONGEST = 100
_MOST_COMPARED = 2_000
_MOST_SHOWN = 20
_MOST_TIED = 4


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most probably meant to be, or None; of two that are as near, neither.

    Words with other digits are never meant: `1.6.0` is not a slip for `1.5.0`, nor `nvidia-t5` for `nvidia-t4`.
    """
    found = _meant(word, known)
    return found[0] if len(found) == 1 else None


def _meant(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """The word that was most probably meant; several where none is nearer than the others."""
    known = tuple(one for one in known if {one, word} not in _UNLIKE)
    if len(known) > _MOST_COMPARED:
        return ()  # each comparison takes its time
    digits = _digits(word)
    candidates = [candidate for candidate in known if _digits(candidate) == digits]
    folded = {_folded(candidate): candidate for candidate in reversed(candidates)}
    alike = folded.get(_folded(word))
    if alike is not None:
        return (alike,)
    nearest = _nearest(word, candidates)
    abbreviated = _abbreviated(word, candidates) if len(nearest) != 1 else None
    return (abbreviated,) if abbreviated is not None else nearest


def _nearest(word: str, candidates: list[str]) -> tuple[str, ...]:
    if len(word) > _LONGEST:
        return ()  # words that long are no slips
    from difflib import SequenceMatcher, get_close_matches

    matches = get_close_matches(word, dict.fromkeys(candidates), n=_MOST_TIED, cutoff=0.6)
    if len(matches) <= 1:
        return tuple(matches)
    shares = [SequenceMatcher(None, match, word).ratio() for match in matches]
    return tuple(match for match, share in zip(matches, shares, strict=True) if share == shares[0])


def _abbreviated(word: str, candidates: list[str]) -> str | None:
    """The only word that `word` begins, or that begins `word`: `prod` for `production`."""
    found = [one for one in candidates if one.startswith(word) or word.startswith(one)]
    return found[0] if len(found) == 1 and min(len(word), len(found[0])) >= _LEAST_PREFIX else None


def _folded(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")


def _digits(word: str) -> list[str]:
    """The digits, whatever their order: `sha265` is a slip for `sha256`."""
    return sorted(character for character in word if character.isdigit())


def you_meant(word: str, match: str) -> str:
    """The question, and where the two words look alike, what tells them apart."""
    told = strangers(word) if match.isascii() else ""
    return f"did you mean `{match}`?" + (f" {told[0].upper()}{told[1:]}" if told else "")


def strangers(text: str) -> str:
    """Which character of `text` is not ASCII, by its number and its name: it may look like another, or like nothing."""
    if text.isascii():
        return ""
    from unicodedata import category, name

    one = next(character for character in text if not character.isascii())
    number = f"U+{ord(one):04X}" + (f", {name(one)}" if name(one, "") else "")
    return f"it holds {number}" if category(one)[0] in "CZM" else f"`{one}` is {number}"


def did_you_mean(word: str, known: Iterable[str], noun: str) -> tuple[str, ...]:
    """One hint: the closest known word, or what there is to choose from."""
    candidates = sorted(set(known))
    found = _meant(word, candidates)
    if len(found) == 1:
        return (you_meant(word, found[0]),)
    if found:
        return (f"did you mean {' or '.join(f'`{one}`' for one in sorted(found))}?",)
    if not candidates:
        return (f"no {noun} is declared",)
    if len(candidates) > _MOST_SHOWN:
        shown = ", ".join(f"`{candidate}`" for candidate in candidates[:_MOST_SHOWN])
        return (f"there are {shown} and {len(candidates) - _MOST_SHOWN} more",)
    return (f"there {'are' if len(candidates) > 1 else 'is only'} {listed(candidates)}",)
