"""Moments of inertia of the primitives that models are made of, about their own middle."""

import msgspec


class Inertia(msgspec.Struct, frozen=True):
    """A body's mass [kg] and principal moments [kg m2]; the axes are those of the primitive."""

    mass_kg: float
    ixx: float
    iyy: float
    izz: float


def box_inertia(mass_kg: float, size_m: tuple[float, float, float]) -> Inertia:
    """Of a solid box with its mass spread evenly."""
    xx, yy, zz = (length * length for length in size_m)
    twelfth = mass_kg / 12
    return Inertia(mass_kg, twelfth * (yy + zz), twelfth * (xx + zz), twelfth * (xx + yy))
