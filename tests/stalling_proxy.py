"""A TCP proxy that can stop forwarding, so that both ends see an open socket that is dead."""

import contextlib
import socket
import threading
from typing import Self


class StallingProxy:
    """Stands before a port of this machine; `stall` holds the connections that there are."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._flows = threading.Event()
        """Of the connections made since the last stall; each has its own."""
        self._flows.set()
        self._held: list[threading.Event] = []
        self._sockets: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Where clients of the server connect instead."""
        return f"ws://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.resume()
        for end in [self._server, *self._sockets]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def stall(self) -> None:
        """Forward nothing more on the connections that there are."""
        self._flows.clear()
        self._held.append(self._flows)
        self._flows = threading.Event()
        self._flows.set()

    def resume(self) -> None:
        """Forward what was held."""
        for flows in self._held:
            flows.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed in the end
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    thread = threading.Thread(
                        target=_forward, args=(source, sink, self._flows), daemon=True
                    )
                    thread.start()


def _forward(source: socket.socket, sink: socket.socket, flows: threading.Event) -> None:
    with contextlib.suppress(OSError):  # either end is gone
        while data := source.recv(65536):
            flows.wait()
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
