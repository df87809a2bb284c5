"""A proxy on loopback between two gates that loses, repeats, delays and reorders requests."""

import contextlib
import random
import socket
import threading
import time
from collections import Counter


class BadProxy:
    """HTTP requests to one port, each with its own fate; entered, it has a `port`."""

    def __init__(self, target_port: int, seed: int, harm: float) -> None:
        self.counts: Counter[str] = Counter()
        self.is_cut = False
        self.harm = harm
        self._target_port = target_port
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> "BadProxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while request := _message(client):
                self.counts["sent"] += 1
                if self.is_cut:
                    self.counts["cut"] += 1
                    return
                if self._befalls():
                    self.counts["dropped"] += 1
                    return
                if self._befalls():
                    self.counts["delayed, so that others come first"] += 1
                    time.sleep(self._random.random())
                if self._befalls():
                    self.counts["repeated"] += 1
                    self._forward(request)
                answer = self._forward(request)
                if self._befalls():
                    self.counts["answers dropped"] += 1
                    return
                client.sendall(answer)

    def _befalls(self) -> bool:
        return self._random.random() < self.harm

    def _forward(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._target_port), timeout=10) as target:
            target.sendall(request)
            return _message(target)


def _message(connection: socket.socket) -> bytes:
    """One HTTP message with the body that its Content-Length tells of; empty: none comes."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    fields = head.lower().split(b"\r\n")
    length = next(int(f.partition(b":")[2]) for f in fields if f.startswith(b"content-length"))
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return b""
        body += more
    return head + b"\r\n\r\n" + body
