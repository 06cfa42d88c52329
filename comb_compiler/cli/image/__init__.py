"""What `comb image` is made of: from a comb to images that are named by their digests."""

__all__: tuple[str, ...] = ()
