"""The connection to a rosbridge server: how its messages are found among the octets."""

import threading
import time

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_websocket

from robotics.ros.client import Client, event_loop, whole_text
from robotics.ros.rosbridge import LOOPBACK


def framed(data: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    """As a server sends it, by an independent implementation."""
    return Frame(opcode, data, fin).serialize(mask=False)


@given(st.one_of(st.binary(max_size=300), st.integers(0, 70_000).map(bytes)))
def test_a_whole_text_is_taken_as_it_is(data: bytes):
    found = whole_text(framed(data))
    assert found == (data if len(data) < 2**16 else None)


@given(st.binary(max_size=300), st.data())
def test_nothing_but_a_whole_text_is_taken(data: bytes, drawn: st.DataObject):
    frame = framed(data)
    assert whole_text(frame[: drawn.draw(st.integers(0, len(frame) - 1))]) is None
    assert whole_text(frame + framed(data)) is None
    assert whole_text(framed(data, fin=False)) is None
    assert whole_text(Frame(Opcode.TEXT, data).serialize(mask=True)) is None
    for opcode in (Opcode.CONT, Opcode.BINARY, Opcode.PING, Opcode.CLOSE):
        assert whole_text(framed(data, opcode)) is None


def test_messages_are_heard_in_their_order_however_they_are_cut():
    """One by one, in fragments, several at once and half of one: all through the same socket."""
    said = [b'{"op": "publish", "topic": "/n", "msg": %d}' % number for number in range(10)]
    heard: list[int] = []
    opened, complete = threading.Event(), threading.Event()

    def note(data: object) -> None:
        heard.append(int(bytes(data)))  # type: ignore[call-overload]
        if len(heard) == len(said):
            complete.set()

    def serve(connection: ServerConnection) -> None:
        connection.recv()  # what is listened to
        raw = connection.socket
        for message in said[:2]:
            raw.sendall(framed(message))
        raw.sendall(framed(said[2][:9], fin=False) + framed(said[2][9:], Opcode.CONT))
        raw.sendall(b"".join(framed(message) for message in said[3:6]) + framed(said[6])[:20])
        time.sleep(0.05)  # the other half comes by itself
        raw.sendall(framed(said[6])[20:])
        raw.sendall(framed(b"", Opcode.PING) + framed(said[7]))
        for message in said[8:]:
            raw.sendall(framed(message))
        complete.wait(10)

    with serve_websocket(serve, LOOPBACK, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = Client(
            f"ws://{LOOPBACK}:{server.socket.getsockname()[1]}",
            on_open=opened.set,
            on_end=lambda: None,
            on_refused=lambda error: heard.append(-1),
            on_status=lambda _level, _text: None,
        )
        assert opened.wait(10)
        event_loop().call_soon_threadsafe(client.listen, "/n", "std_msgs/msg/Int8", note)
        assert complete.wait(10)
        event_loop().call_soon_threadsafe(client.end)
    assert heard == list(range(10))
