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

    def is_about(self, weakening: "Weakening") -> bool:
        """Whether it names that, whatever it is to become."""
        rest = weakening.field.removeprefix(self.weakens)
        return rest == "" or (rest != weakening.field and (rest[0] in "./" or self.weakens[-1] in "./"))

    def covers(self, weakening: "Weakening") -> bool:
        """Whether it names that, and what it is to become."""
        return self.is_about(weakening) and self.to in ("", weakening.to)


class Weakening(NamedTuple):
    """A field of comb.yaml, or a sample, of which less would be asked; what it would become; and where that is written.

    `waiver` is what lets it pass, `expired` what did until its time was over, `another` what lets something else pass
    of the same.
    """

    field: str
    said: str
    to: str
    place: str = ""
    waiver: Waiver | None = None
    expired: Waiver | None = None
    another: Waiver | None = None

    @property
    def passes(self) -> str:
        """Whether it does, and by whom, why and until when, in words."""
        if self.waiver is not None:
            return f"waived by {self.waiver.by} until {self.waiver.until} (`{self.waiver.name}`): {self.waiver.why}"
        if self.expired is not None:
            return f"the waiver of {self.expired.by} (`{self.expired.name}`) expired on {self.expired.until}"
        if self.another is not None:
            one = self.another
            return f"the waiver of {one.by} (`{one.name}`) is for `to: {one.to}`, and this is {self.to}"
        return "there is no waiver"


def waived(found: Sequence[Weakening], waivers: Sequence[Waiver], today: date) -> tuple[Weakening, ...]:
    """What is weakened, each with a waiver that counts today, if there is one."""
    made = []
    for one in found:
        about = sorted((waiver for waiver in waivers if waiver.covers(one)), key=lambda waiver: waiver.until)
        last = about[-1] if about else None
        if last is not None and last.until >= today:
            made.append(one._replace(waiver=last))
        else:
            another = next((waiver for waiver in waivers if waiver.is_about(one)), None) if last is None else None
            made.append(one._replace(expired=last, another=another))
    return tuple(made)
