"""`comb gate`: a candidate beside its baseline, on samples, and the verdict."""

__all__: tuple[str, ...] = ()
