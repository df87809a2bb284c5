"""One page of a list that is read afresh for each page."""

from collections.abc import Generator
from contextlib import closing
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from interfaces.api.models import Page
from interfaces.api.problems import Fault, ProblemError

Item = TypeVar("Item", bound=BaseModel)


class PageQuery(BaseModel):
    """Which page is wanted."""

    model_config = ConfigDict(extra="forbid")

    cursor: (
        Annotated[str, Field(max_length=128, description="`next` of the page before.")] | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


def page_of(found: Generator[tuple[str, Item]], wanted: PageQuery) -> Page[Item]:
    """The page after the entry of the cursor; each entry comes with its own.

    Raises:
        ProblemError: 422, no entry has this cursor.
    """
    shown: list[tuple[str, Item]] = []
    begun = wanted.cursor is None
    with closing(found):  # it may hold a lock
        for cursor, item in found:
            if begun:
                shown.append((cursor, item))
                if len(shown) > wanted.limit:
                    return Page(items=[item for _, item in shown[:-1]], next=shown[-2][0])
            elif cursor == wanted.cursor:
                begun = True
    if not begun:
        allowed = "`next` of an earlier page, or none"
        raise ProblemError(
            422, "invalid", f"query.cursor: {allowed}",
            [Fault(at="query.cursor", given=wanted.cursor, allowed=allowed)],
        )  # fmt: skip
    return Page(items=[item for _, item in shown], next=None)
