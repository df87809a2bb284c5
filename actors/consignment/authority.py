"""What the other side's gate may say here: its own word about what is its own, and no more."""

from actors.base import Side
from actors.border import PreAdvice
from actors.messages import (
    AllowLeg,
    CancelOrder,
    GuardOrder,
    OrderReport,
    QueryOrder,
    SaidToOtherSide,
    SetDown,
)


def refusal(
    message: SaidToOtherSide, said_by: str, side: Side, heard_by: str, has_fleet: bool
) -> str:
    """Why it is not for the other side to say this here; empty: it is.

    Args:
        message: What the other side says.
        said_by: Name of the other side's clearance.
        side: The other side.
        heard_by: Name of this side's clearance.
        has_fleet: Whether this side runs the fleet.
    """
    match message:
        case PreAdvice(_, declaration):
            wanted = declaration.from_side == side and declaration.to_side != side
            return "" if wanted else f"a consignment from {declaration.from_side}, told by {side}"
        case OrderReport():
            return "the fleet is run on this side" if has_fleet else ""
        case GuardOrder() | AllowLeg() | SetDown() | CancelOrder() | QueryOrder() if not has_fleet:
            return "the fleet is not run on this side"
        case GuardOrder(request, guard):
            if (guard.cross, guard.unload) != (said_by, heard_by) or request.from_side != side:
                return f"an order from {request.from_side}, guarded by {guard.cross}"
            return ""
        case AllowLeg() | SetDown() | CancelOrder() | QueryOrder():
            return "" if message.keeper == said_by else f"in the name of {message.keeper}"
        case _:
            return ""  # which of the two may say it follows from the consignment: its clearance's
