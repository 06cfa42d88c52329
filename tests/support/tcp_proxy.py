"""A way to a server that is slow, cut, or closed, as a test says."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Way", "way_to"]


class Way:
    """A port of 127.0.0.1 that leads to another, until it is told otherwise. What it is told holds from then on."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay = 0.0
        """Seconds for which every answer is held back."""
        self.cuts = 0
        """So many connections are closed when the server's answer comes: what was sent has arrived."""
        self.is_open = True
        """Whether new connections are let through; else they are closed at once, as are those that there are."""
        self.says = b""
        """What new connections are answered, whatever they ask, before they are closed; the server sees none of it."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._pairs: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        """Close what is open, and let nobody through."""
        self.is_open = False
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for one in pairs:
            _close(one)

    def close(self) -> None:
        """End it."""
        _close(self._listener)
        self.shut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        try:
            if not self.is_open:
                raise ConnectionRefusedError
            if self.says:
                client.recv(1 << 16)
                client.sendall(self.says)
                raise ConnectionRefusedError
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            _close(client)
            return
        with self._lock:
            self._pairs |= {client, server}
        threading.Thread(target=self._copy, args=(client, server, False), daemon=True).start()
        self._copy(server, client, True)

    def _copy(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(1 << 16):
                if answers and self._is_cut():
                    break
                if answers and self.delay:
                    time.sleep(self.delay)
                sink.sendall(content)
        for one in (source, sink):
            with self._lock:
                self._pairs.discard(one)
            _close(one)

    def _is_cut(self) -> bool:
        with self._lock:
            cut = self.cuts > 0
            self.cuts -= cut
            return cut


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def way_to(port: int) -> Iterator[Way]:
    """A way to a port, until the end of the block."""
    way = Way(port)
    try:
        yield way
    finally:
        way.close()
