"""Behaviour under load: statistics of latencies, shares and memory, and what they prove of a candidate."""

__all__: tuple[str, ...] = ()
