"""A wire between a device's link and its rosbridge server that testers can cut.

Cut, it is as silent as a radio out of reach: nothing comes through and nobody is told. Both ends
see an open connection on which nothing is said, and one that is made meanwhile is never answered.
What was under way is lost. Joined again, connections from before are reset, as a network does that
has forgotten them; who wants to be heard makes another.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

import msgspec

from robotics.ros.client import event_loop
from robotics.ros.link import RosLink
from robotics.ros.links import RosLinks

CHUNK_BYTES = 2**16
LOOPBACK = "127.0.0.1"
START_S = 5.0
"""Listening on a port of this machine takes no time, unless its loop is stuck."""


class Wire:
    """Enter it to have a port that leads to the server; what it does is done in clients' loop."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._far_host, self._far_port = parts.hostname, parts.port
        self._loop = event_loop()
        self._is_cut = False
        self._ends: set[asyncio.StreamWriter] = set()
        """Both of each connection."""

    def __enter__(self) -> Self:
        listening = asyncio.start_server(self._accept, LOOPBACK, 0)
        started = asyncio.run_coroutine_threadsafe(listening, self._loop)
        self._server = started.result(START_S)
        self.url = f"ws://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"
        """Where the link connects instead."""
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._close)

    def cut(self) -> None:
        """Let nothing through any more."""
        self._loop.call_soon_threadsafe(self._cut)

    def join(self) -> None:
        """Let new connections through."""
        self._loop.call_soon_threadsafe(self._join)

    # --- all below runs in the loop's thread ------------------------------------------------

    def _cut(self) -> None:
        self._is_cut = True

    def _join(self) -> None:
        self._is_cut = False
        self._reset()

    def _close(self) -> None:
        self._server.close()
        self._reset()

    def _reset(self) -> None:
        ends, self._ends = self._ends, set()
        for end in ends:
            end.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        if self._is_cut:
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(self._far_host, self._far_port)
        except OSError:  # the server is not there
            self._ends.discard(writer)
            writer.transport.abort()
            return
        self._ends.add(far_writer)
        carried = self._carry(reader, far_writer), self._carry(far_reader, writer)
        await asyncio.gather(*carried)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Until one end is gone; who is at the other hears of that, unless the wire is cut."""
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK_BYTES):
                if self._is_cut:
                    return  # the ends are kept until it is joined, and nothing more is read
                sink.write(data)
                await sink.drain()
        if not self._is_cut:
            self._ends.discard(sink)
            sink.transport.abort()


class WiredLinks(msgspec.Struct, frozen=True):
    """See `actors.ports.LinkFactory`: links of which some go through wires of their own."""

    links: RosLinks
    urls: Mapping[str, str]
    """Of the wires, by device."""

    def __call__(self, device: str) -> RosLink | None:
        """The link of one device, not yet open."""
        url = self.urls.get(device, self.links.url)
        return msgspec.structs.replace(self.links, url=url)(device)
