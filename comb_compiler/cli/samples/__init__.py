"""What `comb samples` is made of: recorded requests in a store, and sample sets in the repository."""

__all__: tuple[str, ...] = ()
