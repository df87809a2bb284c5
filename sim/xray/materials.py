"""How much materials weaken the beam of a 6 MV linear accelerator.

A filtered 6 MV beam is taken as one energy, 2 MeV, about where its spectrum leaves the filter and
the first centimetres of cargo. There the Compton effect rules, so that mass attenuation hardly
depends on the atomic number Z, which enters through electrons per mass (Z/A) and pair production.
"""

from typing import NamedTuple


class Material(NamedTuple):
    """What the ray's path [cm] is multiplied with."""

    density_gcm3: float
    mass_attenuation_cm2g: float
    z_effective: float
    """Effective atomic number, for people: one energy cannot tell it."""

    def depth(self, path_m: float) -> float:
        """Optical depth of a path: the natural logarithm of the weakening (Beer-Lambert)."""
        return self.density_gcm3 * self.mass_attenuation_cm2g * path_m * 100


# Elements, water and polyethylene at 2 MeV: NIST, X-Ray Mass Attenuation Coefficients (NISTIR
# 5632), table 3 and 4. Mixtures: water's coefficient times their share of electrons per mass.
STEEL = Material(7.85, 0.04265, 26.0)
ALUMINIUM = Material(2.70, 0.04324, 13.0)
COPPER = Material(8.96, 0.04205, 29.0)
LEAD = Material(11.34, 0.04606, 82.0)
WOOD = Material(0.60, 0.0472, 7.0)
PLYWOOD = Material(0.70, 0.0472, 7.0)
FOAM = Material(0.04, 0.0480, 6.5)
"""Polyurethane of reefer walls."""
FRUIT = Material(0.40, 0.0492, 7.4)
"""Water and cellulose with the air between and in boxes: 20 to 24 t in 57 m3 (A)."""
ELECTRONICS = Material(0.19, 0.0450, 13.0)
"""Boards, plastics and packing (A); heavier pieces are laid out one by one."""
TEXTILES = Material(0.30, 0.0472, 7.0)
"""Pressed bales (A)."""
POWDER = Material(1.20, 0.0470, 7.0)
"""Pressed organic powder (A)."""
