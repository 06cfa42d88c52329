"""Policies in CEL: over objects, as an API server evaluates them, and over combs; judged here as they are there."""

__all__: tuple[str, ...] = ()
