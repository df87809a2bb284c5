"""Passing an officer's or an enterprise's word on to the clearance of the caller's own side."""

from pydantic import BaseModel, Field

from actors.base import Message, Side
from actors.border import BorderAnswer, Officer, Step
from interfaces.api.problems import ProblemError
from interfaces.border_desk import BorderDesk

RETRY_AFTER_S = 2


class WordOut(BaseModel):
    """A word that counts."""

    id: str
    consignment: str | None
    state: Step | None = Field(description="The last step that the consignment has taken.")


def need_role(by: Officer, role: str, what: str) -> None:
    """The site's rules say who decides what, from their date on.

    Raises:
        ProblemError: 403, it is another role's.
    """
    if by.role != role:
        raise ProblemError(
            403, "wrong-role", f"{what} is decided by {role}; your token is of {by.role}."
        )


def told(desk: BorderDesk, side: Side, message: Message, consignment: str) -> BorderAnswer:
    """The clearance's answer to a command that was carried out.

    Raises:
        ProblemError: 404, 409 or 503, with its reason.
    """
    try:
        answer = desk.tell(side, message)
    except (TimeoutError, ConnectionError):
        raise ProblemError(
            503, "no-answer",
            f"The clearance of {side} does not answer now. The word may still have been taken; "
            "repeating it under its id is safe.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        ) from None  # fmt: skip
    match answer.outcome:
        case "unknown":
            raise unknown(consignment)
        case "conflict":
            raise ProblemError(409, "conflict", "This id has been used for another word.")
        case "refused":
            raise ProblemError(409, "refused", f"Not done: {answer.reason}.")
        case "done":
            return answer


def unknown(consignment: str) -> ProblemError:
    """The caller's side knows no consignment of that id, or it is not the caller's to see."""
    return ProblemError(404, "not-found", f"There is no consignment {consignment}.")
