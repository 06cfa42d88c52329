"""What a running comb tells of itself: lines of a log, spans of traces, and its metrics."""

__all__: tuple[str, ...] = ()
