"""Who was exposed to what: counts that metrics read, and a sample of users that tells whether the shares are right."""

from collections import Counter

__all__ = ["ASSIGNED", "FAILOVER", "FORCED", "KEYLESS", "NOBODY", "Exposure"]

NOBODY = 2**64
"""In place of a user's hash, which is below: the weights have changed while the request was under way."""

_SAMPLE = 65_536
_TOGETHER = 128
"""How many requests are counted at a time: code that has just run is faster by far than code that has not."""

ASSIGNED = "assigned"
"""How a request came where it was answered: by its sticky key. The experiment can be judged by these alone."""
KEYLESS = "keyless"
"""It has no key: it was drawn by weight, for itself."""
FORCED = "forced"
"""It named its arm or its release."""
FAILOVER = "failover"
"""It was the candidate's, which was down: the stable release took it."""


class Exposure:
    """Requests that were answered, or failed on the way, by release, arm and how; refused ones exposed nobody.

    Users are told apart by a hash that is even from 0 to 2⁶⁴. Of those below a bound all are remembered, once each;
    when there are too many the bound is halved. So it is the same part of each arm's users, and its counts are exact.
    """

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._noted: list[tuple[str, str, str, int]] = []
        self._places: dict[tuple[str, str], int] = {}
        self._place_of: dict[int, int] = {}
        self._bound = NOBODY

    @property
    def requests(self) -> dict[tuple[str, str, str], int]:
        """How many there were, by release, arm and how."""
        self._count()
        return self._requests

    def count(self, release: str, arm: str, how: str, user: int) -> None:
        """One more request; `user` is the hash of its key, or NOBODY."""
        self._noted.append((release, arm, how, user))
        if len(self._noted) >= _TOGETHER:
            self._count()

    def _count(self) -> None:
        noted, self._noted = self._noted, []
        self._requests.update([one[:3] for one in noted])
        for release, arm, how, user in noted:
            if how is ASSIGNED and user < self._bound and user not in self._place_of:
                self._remember(user, (release, arm))

    def _remember(self, user: int, place: tuple[str, str]) -> None:
        self._place_of[user] = self._places.setdefault(place, len(self._places))
        if len(self._place_of) > _SAMPLE:
            self._bound //= 2
            self._place_of = {user: at for user, at in self._place_of.items() if user < self._bound}

    def begin_again(self) -> None:
        """Forget the users, since other weights hold from now on; the requests go on being counted."""
        self._count()
        self._places.clear()
        self._place_of.clear()
        self._bound = NOBODY

    @property
    def sampled(self) -> float:
        """The share of users that are remembered."""
        self._count()
        return self._bound / NOBODY

    def users(self) -> dict[tuple[str, str], int]:
        """Remembered users by release and arm, since the weights last changed; 1/`sampled` times as many were there."""
        self._count()
        counts = Counter(self._place_of.values())
        return {place: counts[at] for place, at in self._places.items()}
