"""What `comb evidence` is made of: what gates found about combs, in an envelope that trusted publishers sign."""

__all__: tuple[str, ...] = ()
