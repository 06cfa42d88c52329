"""What `comb call` is made of: a request from what people have, whom to ask, and what came of it."""

__all__: tuple[str, ...] = ()
