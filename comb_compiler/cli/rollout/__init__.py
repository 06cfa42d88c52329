"""`comb rollout`: a candidate that is tried on more and more users, by commits alone."""

__all__: tuple[str, ...] = ()
