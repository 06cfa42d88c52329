"""Did you mean?"""

from collections.abc import Iterable

__all__ = ["closest", "did_you_mean"]


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most probably meant to be, or None."""
    from difflib import get_close_matches

    candidates = list(known)
    folded = {candidate.lower().replace("-", "").replace("_", ""): candidate for candidate in reversed(candidates)}
    same = folded.get(word.lower().replace("-", "").replace("_", ""))
    if same is not None:
        return same
    matches = get_close_matches(word, candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(word: str, known: Iterable[str], noun: str) -> tuple[str, ...]:
    """One hint: the closest known word, or what there is to choose from."""
    candidates = sorted(set(known))
    match = closest(word, candidates)
    if match is not None:
        return (f"did you mean `{match}`?",)
    if not candidates:
        return (f"there is no {noun} yet",)
    shown = ", ".join(f"`{candidate}`" for candidate in candidates[:8])
    more = f" and {len(candidates) - 8} more" if len(candidates) > 8 else ""
    return (f"known: {shown}{more}",)
