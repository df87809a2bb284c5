"""Identities of a consignment: numbers and codes as they are written, read and refused.

Each function reads one identity, given at a place (`where`: a field, a reader), and raises
`IdentityError` if it cannot be one. Vehicle plates are the exception: they are never refused.
"""

import re
import unicodedata
from typing import Literal

import msgspec
from stdnum import iso6346

CONTAINER = re.compile(r"[A-Z]{3}[UJZR][0-9]{7}")
SEAL = re.compile(r"(?=.*[0-9])[0-9A-Z](?:[0-9A-Z-]{0,33}[0-9A-Z])?")
"""35 characters are what a seal number may have in UN/EDIFACT (data element 9308)."""
DECLARATION = re.compile(r"[13][0-9]{11}")
CHANNEL = re.compile(r"[123][0-9A-Za-z]{0,3}")
HS = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})?|\.([0-9]{2})(?:\.([0-9]{2}))?)")
HS_PREFIX = re.compile(r"(?:[0-9]{2}){1,4}")
CHAPTERS = frozenset(f"{chapter:02d}" for chapter in range(1, 98) if chapter != 77)
"""Of the Harmonized System; 77 is kept free."""
PLATE_MARKS = re.compile(r"[\s.·•・\-–—_]+")
PLATE_VN = re.compile(r"[1-9][0-9][A-ZĐ]{1,2}[0-9]{4,5}")
"""Province, series, number: 12C-123.45; LD, RM and the like are series of two letters."""
PLATE_CN = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z]"
    r"(?:[0-9A-HJ-NP-Z]{5,6}|[0-9A-HJ-NP-Z]{4}[挂学警港澳])"
)
"""GA 36-2018: province, office, 5 characters (6 with new energy), or 4 and a mark; no I and O."""


class IdentityError(ValueError):
    """What is given cannot be such an identity: what, where, and what is allowed."""

    def __init__(self, what: str, where: str, given: str, allowed: str) -> None:
        super().__init__(f"{where}: {what} given {given!r}, allowed: {allowed}")
        self.what = what
        self.where = where
        self.given = given
        self.allowed = allowed


def container_number(given: str, where: str) -> str:
    """A container number with its check digit (ISO 6346)."""
    if not CONTAINER.fullmatch(given):
        allowed = "an ISO 6346 number: 3 letters, U, J, Z or R, 7 digits, no spaces"
        raise IdentityError("container number", where, given, allowed)
    body, digit = given[:-1], iso6346.calc_check_digit(given[:-1])
    if given[-1] != digit:
        allowed = f"{body}{digit}: the check digit of {body} is {digit}"
        raise IdentityError("container number", where, given, allowed)
    return given


SealClass = Literal["I", "S", "H"]
"""ISO 17712: indicative, security, high security."""


class Seal(msgspec.Struct, frozen=True):
    """A mechanical seal on a door (ISO 17712)."""

    number: str
    seal_class: SealClass


def seal(number: str, seal_class: str, where: str) -> Seal:
    """The number and the class that are stamped on a seal."""
    if not SEAL.fullmatch(number):
        allowed = "1 to 35 capital letters, digits and inner hyphens, at least one digit"
        raise IdentityError("seal number", where, number, allowed)
    match seal_class:
        case "I" | "S" | "H":
            return Seal(number, seal_class)
        case _:
            allowed = "I (indicative), S (security) or H (high security), as in ISO 17712"
            raise IdentityError("seal class", where, seal_class, allowed)


class Declaration(msgspec.Struct, frozen=True):
    """A customs declaration number of VNACCS, in one of its amendments."""

    number: str

    @property
    def direction(self) -> Literal["import", "export"]:
        """Seen from Việt Nam."""
        return "import" if self.number[0] == "1" else "export"

    @property
    def identity(self) -> str:
        """The 11 digits that all amendments share."""
        return self.number[:11]

    @property
    def amendment(self) -> int:
        """How often it was amended."""
        return int(self.number[11])


def declaration(given: str, where: str) -> Declaration:
    """A declaration number of VNACCS."""
    if not DECLARATION.fullmatch(given):
        allowed = "12 digits of VNACCS, the first 1 (import) or 3 (export)"
        raise IdentityError("declaration number", where, given, allowed)
    return Declaration(given)


def amendments_between(known: Declaration, told: Declaration, where: str) -> int:
    """How many amendments `told` is newer than `known`; negative if it is older, 0 if the same."""
    if told.identity != known.identity:
        allowed = f"an amendment of {known.identity}: {known.identity} and one digit"
        raise IdentityError("declaration number", where, told.number, allowed)
    return told.amendment - known.amendment


class Channel(msgspec.Struct, frozen=True):
    """The channel that customs gave a declaration, as it came."""

    raw: str

    @property
    def colour(self) -> Literal["green", "yellow", "red"]:
        """What its first digit says."""
        match self.raw[0]:
            case "1":
                return "green"
            case "2":
                return "yellow"
            case _:
                return "red"


def channel(given: str, where: str) -> Channel:
    """A channel code: kept raw, since codes such as 3D occur; the first digit is read."""
    if not CHANNEL.fullmatch(given):
        allowed = "1 (green), 2 (yellow) or 3 (red), and at most 3 letters or digits, such as 3D"
        raise IdentityError("channel", where, given, allowed)
    return Channel(given)


class HsCode(msgspec.Struct, frozen=True):
    """A commodity: 6 digits of the Harmonized System, or 8 of the ASEAN nomenclature (AHTN)."""

    digits: str

    @property
    def hs6(self) -> str:
        """The digits that all countries share."""
        return self.digits[:6]

    def among(self, prefixes: tuple[str, ...]) -> bool:
        """Whether it is under a prefix; a code is not under a prefix that is longer than itself."""
        return self.digits.startswith(prefixes)


def hs_code(given: str, where: str) -> HsCode:
    """A commodity code, with or without its dots."""
    match = HS.fullmatch(given)
    if not match or given[:2] not in CHAPTERS:
        allowed = "6 digits of the HS or 8 of AHTN, such as 081060 or 0810.60.00, chapters 01-97"
        raise IdentityError("HS code", where, given, allowed)
    return HsCode("".join(match.groups(default="")))


def hs_prefix(given: str, where: str) -> str:
    """A prefix of a whitelist. An empty one would allow everything, so it is none."""
    if not HS_PREFIX.fullmatch(given) or given[:2] not in CHAPTERS:
        allowed = "2, 4, 6 or 8 digits without dots, chapters 01-97"
        raise IdentityError("HS prefix", where, given, allowed)
    return given


class Plate(msgspec.Struct, frozen=True):
    """A vehicle's plate: as it was read, and in the form in which plates are compared."""

    raw: str
    normal: str
    country: Literal["VN", "CN", ""]
    """Whose form it has; empty: of neither, look at it."""

    @property
    def warning(self) -> str:
        """What is odd about it, for people to see; empty if nothing is."""
        if self.country:
            return ""
        return f"plate {self.raw!r} has neither the form 12C-123.45 (VN) nor 桂F12345 (CN)"


def plate(given: str) -> Plate:
    """A plate in either script. Odd ones get a warning: a plate is never refused for its form."""
    normal = PLATE_MARKS.sub("", unicodedata.normalize("NFKC", given).upper())
    if PLATE_VN.fullmatch(normal):
        return Plate(given, normal, "VN")
    return Plate(given, normal, "CN" if PLATE_CN.fullmatch(normal) else "")
