"""Models that are not in the image: fetched from its registry before a process starts, each by its digest."""

__all__: tuple[str, ...] = ()
