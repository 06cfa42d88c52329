"""What `comb ci` says of a change: the combs that it touches, what is wrong, what it does, and what gates prove."""

__all__: tuple[str, ...] = ()
