"""The roadmap's edges in a file, of which a device's process takes the few that it needs.

Unpacked in each of a hundred processes, they would take megabytes there.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from actors.site.roadmap import Edge, Roadmap


class EdgeShape(msgspec.Struct, frozen=True, gc=False):
    """What a robot has to know of an edge."""

    zone: str
    points: tuple[tuple[float, float], ...]
    """Polyline from start to end [m]."""
    length_m: float
    speed_mps: float

    @classmethod
    def of(cls, edge: Edge) -> "EdgeShape":
        """The shape of an edge of the roadmap."""
        return cls(edge.zone, edge.points, edge.length_m, edge.speed_mps)


def write_roads(roadmap: Roadmap, path: Path) -> None:
    """Write the file."""
    shapes = {name: EdgeShape.of(edge) for name, edge in roadmap.edges.items()}
    path.write_bytes(msgspec.msgpack.encode(shapes))


class RoadFile(Mapping[str, EdgeShape]):
    """Shapes by edge; each is unpacked when it is asked for."""

    def __init__(self, path: str) -> None:
        self._packed = msgspec.msgpack.decode(Path(path).read_bytes(), type=dict[str, msgspec.Raw])

    def __getitem__(self, edge: str) -> EdgeShape:
        return msgspec.msgpack.decode(self._packed[edge], type=EdgeShape)

    def __contains__(self, edge: object) -> bool:
        return edge in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)
