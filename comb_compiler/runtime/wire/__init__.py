"""How values travel between processes: frames on a socket, large ones beside it in shared memory."""

__all__: list[str] = []
