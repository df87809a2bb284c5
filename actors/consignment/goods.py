"""What the rules of the site say about declared goods."""

from actors.base import Side
from actors.border import Channel, Declaration
from actors.consignment.identity import (
    IdentityError,
    container_number,
    declaration,
    hs_code,
    seal,
)
from actors.site.model import CommoditySection
from actors.site.rules import BorderRules


def misread(goods: Declaration) -> str:
    """What of a declaration's identities cannot be one; empty: all can."""
    try:
        container_number(goods.container, "container")
        if goods.twin_container:
            container_number(goods.twin_container, "twin_container")
        seal(goods.seal, "H", "seal")
        hs_code(goods.hs, "hs")
    except IdentityError as error:
        return str(error)
    return ""


def misnumbered(rules: BorderRules, side: Side, goods: Declaration, number: str) -> str:
    """Why a side's customs cannot have given goods this declaration number; empty: it can."""
    if rules.declarations[side] != "vnaccs":
        return "" if number else "number: a declaration number is needed"
    try:
        read = declaration(number, "number")
    except IdentityError as error:
        return str(error)
    wanted = "export" if goods.from_side == side else "import"
    if read.direction != wanted:
        return f"number: {number} is of an {read.direction}, the goods are an {wanted}"
    return ""


def commodity(rules: BorderRules, goods: Declaration, now_ns: int) -> CommoditySection | None:
    """The entry of the whitelist under which such goods pass in their direction; none: not."""
    direction, code = f"{goods.from_side}-{goods.to_side}", hs_code(goods.hs, "hs")
    for allowed in rules.at(now_ns).commodities:
        fits = goods.origin in allowed.origins and code.digits.startswith(allowed.hs)
        if fits and allowed.direction == direction:
            return allowed
    return None


def risk(rules: BorderRules, goods: Declaration, now_ns: int) -> Channel:
    """The channel of the site's risk profile; what no entry names is inspected."""
    code = hs_code(goods.hs, "hs")
    for entry in rules.at(now_ns).risk:
        if goods.origin in entry.origins and code.digits.startswith(entry.hs):
            return entry.channel
    return "red"
