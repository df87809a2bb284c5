"""Times as the API writes them: RFC 3339 in UTC with milliseconds."""

import datetime
from typing import Annotated

from pydantic import Field

Time = Annotated[
    str,
    Field(
        description="RFC 3339, UTC, milliseconds.",
        examples=["2026-07-01T03:12:00.000Z"],
        json_schema_extra={"format": "date-time"},
    ),
]

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def time_of(at_ns: int) -> str:
    """The API's form of a time [UTC, ns]; what is below a millisecond is cut off."""
    at = EPOCH + datetime.timedelta(milliseconds=at_ns // 1_000_000)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ns_of(at: datetime.datetime) -> int:
    """A time with its zone as UTC [ns]."""
    return (at - EPOCH) // datetime.timedelta(microseconds=1) * 1000
