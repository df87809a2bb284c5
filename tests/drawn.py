"""Strategies: messages and events of every type, with numbers and names that may fit or not."""

import typing
from types import UnionType

import msgspec
from hypothesis import strategies as st

from actors.codec import AnyEvent, AnyMessage
from actors.messages import Event, Message, Visit

NAMES = ("", "AGV-001", "VN-C1", "D1", "VN", "CN", "T1", "retry", "query", "watch", "lane")
SMALL = st.integers(0, 6)
NUMBERS = st.one_of(SMALL, SMALL, st.integers(-1, 2**40))


def _of_type(kind: typing.Any) -> st.SearchStrategy[typing.Any]:
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:  # the one constraint in use: no empty list of visits
        items = typing.get_args(typing.get_args(kind)[0])[0]
        return st.lists(_of_type(items), min_size=1, max_size=4).map(tuple)
    if origin is typing.Literal:
        return st.sampled_from(typing.get_args(kind))
    if origin in (UnionType, typing.Union):
        return st.one_of([_of_type(arg) for arg in typing.get_args(kind)])
    if origin is tuple:
        first, *rest = typing.get_args(kind)
        if rest == [...]:
            return st.lists(_of_type(first), max_size=4).map(tuple)
        return st.tuples(*[_of_type(arg) for arg in (first, *rest)])
    if kind is Visit:
        return st.builds(Visit, SMALL, st.sampled_from(NAMES), st.tuples(st.sampled_from(NAMES)))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return of_struct(kind)
    plain: dict[typing.Any, st.SearchStrategy[typing.Any]] = {
        int: NUMBERS,
        str: st.one_of(st.sampled_from(NAMES), st.text(max_size=8)),
        float: st.floats(-10, 110),
        bool: st.booleans(),
        type(None): st.none(),
    }
    return plain[kind]


def of_struct(kind: type[msgspec.Struct]) -> st.SearchStrategy[typing.Any]:
    """Values of one struct type."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{name: _of_type(hints[name]) for name in kind.__struct_fields__})


messages: st.SearchStrategy[Message] = st.one_of(
    [of_struct(kind) for kind in typing.get_args(AnyMessage)]
)
events: st.SearchStrategy[Event] = st.one_of(
    [of_struct(kind) for kind in typing.get_args(AnyEvent)]
)
