"""How users are assigned, a second time: BLAKE2b as RFC 7693 describes it, and logarithms by `decimal`."""

from collections.abc import Mapping
from decimal import Decimal, localcontext

__all__ = ["arm_of", "blake2b", "lot_of"]

_MASK = 2**64 - 1
_IV = (
    *(0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1),
    *(0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179),
)
_SIGMA = (
    "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
    "14 10 4 8 9 15 13 6 1 12 0 2 11 7 5 3",
    "11 8 12 0 5 2 15 13 10 14 3 6 7 1 9 4",
    "7 9 3 1 13 12 11 14 2 6 5 10 4 0 15 8",
    "9 0 5 7 2 4 10 15 14 1 11 12 6 8 3 13",
    "2 12 6 10 0 11 8 3 4 13 7 5 15 14 1 9",
    "12 5 1 15 14 13 4 10 0 7 6 3 9 2 8 11",
    "13 11 7 14 12 1 3 9 5 0 15 4 8 6 2 10",
    "6 15 14 9 11 3 0 8 12 2 13 7 1 4 10 5",
    "10 2 8 4 7 6 1 5 15 11 9 14 3 12 13 0",
)
_MIXED = (
    *((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)),
    *((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)),
)


def blake2b(content: bytes, size: int) -> bytes:
    """The digest without a key."""
    state = list(_IV)
    state[0] ^= 0x01010000 ^ size
    blocks = [content[start : start + 128] for start in range(0, len(content), 128)] or [b""]
    done = 0
    for number, block in enumerate(blocks):
        done += len(block)
        _compress(state, block.ljust(128, b"\0"), done, is_last=number == len(blocks) - 1)
    return b"".join(word.to_bytes(8, "little") for word in state)[:size]


def _compress(state: list[int], block: bytes, done: int, *, is_last: bool) -> None:
    words = [int.from_bytes(block[start : start + 8], "little") for start in range(0, 128, 8)]
    v = [*state, *_IV]
    v[12] ^= done
    if is_last:
        v[14] ^= _MASK
    for round_ in range(12):
        order = [int(one) for one in _SIGMA[round_ % 10].split()]
        for place, (a, b, c, d) in enumerate(_MIXED):
            for word, turn_d, turn_b in ((order[2 * place], 32, 24), (order[2 * place + 1], 16, 63)):
                v[a] = (v[a] + v[b] + words[word]) & _MASK
                v[d] = _turned(v[d] ^ v[a], turn_d)
                v[c] = (v[c] + v[d]) & _MASK
                v[b] = _turned(v[b] ^ v[c], turn_b)
    for index in range(8):
        state[index] ^= v[index] ^ v[index + 8]


def _turned(word: int, bits: int) -> int:
    return ((word >> bits) | (word << (64 - bits))) & _MASK


def _digest(parts: tuple[str, ...], key: str, size: int) -> bytes:
    named = b"".join(str(len(part.encode())).encode() + b":" + part.encode() for part in parts)
    return blake2b(named + key.encode(), size)


def arm_of(salt: str, weights: Mapping[str, int], key: str) -> str:
    """The arm whose draw, exponential with its weight as rate, is the least."""
    with localcontext() as context:
        context.prec = 60
        draws = {}
        for arm, weight in weights.items():
            bits = int.from_bytes(_digest((salt, arm), key, 8), "big") >> 12
            if weight:
                draws[arm] = -((bits + Decimal("0.5")) / 2**52).ln() / weight
        return min(draws, key=lambda arm: draws[arm])


def lot_of(comb: str, candidate: str, key: str) -> int:
    """A user's lot in a rollout, from 0 to 2⁶⁴."""
    return int.from_bytes(_digest((comb, "rollout", candidate), key, 16)[:8], "big")
