"""In what a change would ask for less than was asked before it, and who lets that pass."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

__all__ = ["Waiver", "Weakening", "waived"]


class Waiver(NamedTuple):
    """That something may be weakened: `weakens` it or what it is a part of, `to` a value, or any if that is empty."""

    name: str
    weakens: str
    to: str
    by: str
    why: str
    until: date

    def covers(self, weakening: "Weakening") -> bool:
        """Whether it is about that."""
        rest = weakening.field.removeprefix(self.weakens)
        is_about = rest == "" or (rest != weakening.field and (rest[0] in "./" or self.weakens[-1] in "./"))
        return is_about and self.to in ("", weakening.to)


class Weakening(NamedTuple):
    """A field of comb.yaml, or a sample, of which less would be asked; what it would become; and where that is written.

    `waiver` is what lets it pass, `expired` what did until its time was over.
    """

    field: str
    said: str
    to: str
    place: str = ""
    waiver: Waiver | None = None
    expired: Waiver | None = None

    @property
    def passes(self) -> str:
        """Whether it does, and by whom, why and until when, in words."""
        if self.waiver is not None:
            return f"waived by {self.waiver.by} until {self.waiver.until} (`{self.waiver.name}`): {self.waiver.why}"
        over = self.expired
        return f"the waiver of {over.by} (`{over.name}`) expired on {over.until}" if over else "there is no waiver"


def waived(found: Sequence[Weakening], waivers: Sequence[Waiver], today: date) -> tuple[Weakening, ...]:
    """What is weakened, each with a waiver that counts today, if there is one."""
    made = []
    for one in found:
        about = sorted((waiver for waiver in waivers if waiver.covers(one)), key=lambda waiver: waiver.until)
        last = about[-1] if about else None
        if last is not None and last.until >= today:
            made.append(one._replace(waiver=last))
        else:
            made.append(one._replace(expired=last))
    return tuple(made)
