"""A server of the standard library's, which answers while a test runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer

__all__ = ["serving"]


@contextmanager
def serving(server: BaseServer) -> Iterator[None]:
    """Have it answer in a thread of its own; it is closed in the end."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
