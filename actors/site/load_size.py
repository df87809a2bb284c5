"""How large loads are, by the size-type of their containers (ISO 6346), as ISO 668 has them.

The zones of a site are made from the bodies of its vehicles (`actors.site.swept_path`); a load may
not stick out of the body that carries it, or it would pass over ground that was never looked at.
"""

LENGTH_M = {
    "1": 2.991, "2": 6.058, "3": 9.125, "4": 12.192, "A": 7.150, "B": 7.315, "C": 7.430,
    "D": 7.450, "E": 7.820, "F": 8.100, "G": 12.500, "H": 13.106, "L": 13.716, "M": 14.630,
    "N": 14.935, "P": 16.154,
}  # fmt: skip
"""By the first character of the size-type; others are not in use (ISO 6346, annex D)."""
WIDTH_M = 2.438
"""Of containers with a digit as the second character of their size-type."""
WIDTH_M_WIDER = {**dict.fromkeys("CDEF", 2.5), **dict.fromkeys("LMNP", 2.6)}
"""Of others: C to F up to 2.5 m, L to P beyond that [assumed: pallet-wide ones of 2.6 m]."""
TWIN = "2"
"""The first character of containers that two go on one vehicle: 20 ft."""
TWIN_LENGTH_M = 2 * LENGTH_M[TWIN] + 0.076
"""Two of 20 ft and the gap between them: together as long as one of 40 ft (ISO 668)."""


def length_m(size_type: str) -> float:
    """How long a container is [m]."""
    return LENGTH_M.get(size_type[0], 0.0)


def width_m(size_type: str) -> float:
    """How wide a container is [m]."""
    return WIDTH_M_WIDER.get(size_type[1], WIDTH_M)


def goes_in_twos(size_type: str) -> bool:
    """Whether two of these may be carried together."""
    return size_type[0] == TWIN
