"""Ways to a registry that fail: connections that are cut, and answers that somebody else gives."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["Relay", "relayed"]

_PIECE = 4096


class Relay:
    """What connections go through, one by one. `cut` says after how many bytes of the client the n-th ends, if it does.

    `says` is what the n-th connection is answered instead, if anything.
    """

    def __init__(self, host: str, cut: Callable[[int], int | None], says: Callable[[int], bytes | None]) -> None:
        self._target = (host.partition(":")[0], int(host.partition(":")[2]))
        self._cut = cut
        self._says = says
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.connections = 0
        self.taken = 0
        """Bytes that clients have sent."""
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def serve(self) -> None:
        """Until the relay is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                number = self.connections
                self.connections += 1
                thread = threading.Thread(target=self._relay, args=(client, number))
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """End it, and every connection."""
        for one in (self._listening, *self._open):
            _end(one)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _relay(self, client: socket.socket, number: int) -> None:
        with client:
            answer = self._says(number)
            if answer is not None:
                client.recv(1 << 16)
                client.sendall(answer)
                return
            with socket.create_connection(self._target) as server:
                self._open += [client, server]
                back = threading.Thread(target=_pump, args=(server, client, None))
                back.start()
                self.taken += _pump(client, server, self._cut(number))
                back.join()


def _pump(source: socket.socket, target: socket.socket, most: int | None) -> int:
    """Pass bytes on until the source ends, or has sent that many: then both ends are gone. How many it sent."""
    passed = 0
    with suppress(OSError):
        while (most is None or passed < most) and (piece := source.recv(_PIECE)):
            target.sendall(piece)
            passed += len(piece)
    for one in (source, target):
        _end(one)
    return passed


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def relayed(
    host: str,
    cut: Callable[[int], int | None] = lambda number: None,
    says: Callable[[int], bytes | None] = lambda number: None,
) -> Iterator[Relay]:
    """A relay to `host`, which has ended when the block is left."""
    relay = Relay(host, cut, says)
    serving = threading.Thread(target=relay.serve)
    serving.start()
    try:
        yield relay
    finally:
        relay.close()
        serving.join()
