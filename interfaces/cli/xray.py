"""`bordergate xray`: one synthetic X-ray image, to look at or to train with."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from interfaces.cli.say import out


class Cargo(StrEnum):
    """What is loaded."""

    FRUIT = "fruit"
    ELECTRONICS = "electronics"
    TEXTILES = "textiles"
    MACHINERY = "machinery"


class SizeType(StrEnum):
    """Into what (ISO 6346)."""

    G20 = "22G1"
    G40 = "42G1"
    HIGH = "45G1"
    REEFER = "45R1"


class Planted(StrEnum):
    """What is wrong with it."""

    NONE = "none"
    DENSITY = "density"
    SHAPE = "shape"
    OTHER_CARGO = "other_cargo"
    EMPTY = "empty"
    DOUBLE_WALL = "double_wall"


def xray(
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="The PNG to write.")],
    cargo: Annotated[Cargo, typer.Option(help="What is loaded.")] = Cargo.FRUIT,
    size_type: Annotated[SizeType, typer.Option(help="The container.")] = SizeType.REEFER,
    seed: Annotated[int, typer.Option(help="The same seed is the same image.")] = 1,
    anomaly: Annotated[Planted, typer.Option(help="What is planted.")] = Planted.NONE,
    raw: Annotated[
        bool, typer.Option("--raw", help="The detectors' 16 bits, not what people look at.")
    ] = False,
) -> None:
    """Write a synthetic X-ray image of a container as PNG."""
    # Imported here: other commands need no images.
    from robotics.imaging.picture import png8, png16
    from sim.xray.scan import scan

    planted = "" if anomaly is Planted.NONE else str(anomaly)
    seen = scan(str(cargo), str(size_type), str(seed), planted)
    file.write_bytes(png16(seen.image) if raw else png8(seen.image))
    for left, top, right, bottom in seen.planted:
        out.print(f"{anomaly}: columns {left} to {right}, rows {top} to {bottom}")
