"""What `comb init` is made of: repositories from templates, and what a later template changes in them."""

__all__: tuple[str, ...] = ()
