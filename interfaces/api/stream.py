"""The whole state at a steady rate over a WebSocket."""

import asyncio

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from interfaces.frames import TICK_S, FrameSource

SEND_TIMEOUT_S = 10.0
"""A client that takes nothing for so long is let go."""


def stream_router(frames: FrameSource) -> APIRouter:
    """The route `/stream`: one message a tick, each the whole state."""
    router = APIRouter()

    @router.websocket("/stream")
    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        listening = asyncio.create_task(_until_gone(socket))
        try:
            while not listening.done():
                text = await asyncio.to_thread(frames.text)
                # A slow client delays its own next message only: it misses ticks.
                await asyncio.wait_for(socket.send_text(text), SEND_TIMEOUT_S)
                await asyncio.wait({listening}, timeout=TICK_S)
        except (TimeoutError, WebSocketDisconnect):
            pass  # gone, or as good as gone
        finally:
            listening.cancel()

    return router


async def _until_gone(socket: WebSocket) -> None:
    """Read and drop what the client says, until it leaves."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
