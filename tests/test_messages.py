"""The words on the wire: all come back as they went, and garbage is told for what it is."""

import contextlib
import typing

import msgpack  # type: ignore[import-untyped]
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.codec import AnyEvent, AnyMessage, decode_event, decode_message, encode
from actors.messages import Event, Message
from tests.drawn import events, messages


@given(messages)
def test_every_message_comes_back_as_it_went(message: Message):
    assert decode_message(encode(message)) == message


@given(events)
def test_every_event_comes_back_as_it_went(event: Event):
    assert decode_event(encode(event)) == event


@given(st.one_of(messages, events))
def test_a_plain_msgpack_reader_reads_them_by_name(item: Message | Event):
    plain = msgpack.unpackb(encode(item), strict_map_key=True)
    assert plain == msgspec.json.decode(msgspec.json.encode(item))
    assert plain["type"] == type(item).__name__


@pytest.mark.parametrize("base", [Message, Event])
def test_every_kind_defined_can_be_decoded(base: type[Message] | type[Event]):
    listed = typing.get_args(AnyMessage if base is Message else AnyEvent)
    defined = {kind for kind in base.__subclasses__() if kind.__module__.startswith("actors.")}
    assert set(listed) == defined


@given(st.binary(max_size=200))
def test_garbage_is_a_decode_error_and_nothing_else(data: bytes):
    for decode in (decode_message, decode_event):
        try:
            decode(data)
        except msgspec.DecodeError:
            pass
        else:
            assert "type" in msgpack.unpackb(data, strict_map_key=False)


@given(messages, st.data())
def test_a_message_damaged_on_the_way_is_a_message_or_a_decode_error(
    message: Message, data: st.DataObject
):
    wire = bytearray(encode(message))
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(wire)))
    for damaged in (bytes(wire), bytes(wire[:cut])):
        with contextlib.suppress(msgspec.DecodeError):
            assert isinstance(decode_message(damaged), Message)


def test_events_and_messages_are_not_taken_for_each_other():
    with pytest.raises(msgspec.DecodeError):
        decode_event(encode(decode_message(msgpack.packb({"type": "Started"}))))
