"""What the joints of a crane do during a lift, of which its controller only knows how far it is."""

from collections.abc import Mapping
from itertools import pairwise

import msgspec

from actors.messages import StartTransfer
from sim.gazebo_world.crane import GANTRY_MPS, HOIST_LOADED_MPS, HOIST_MPS, TROLLEY_MPS

PACE = 0.85
"""Share of their speed at which drives are planned to move, so that they keep up with a lift that
takes a tenth less than its mean [ours]."""
UP_M = 0.0
"""Of the hoist."""


class Joints(msgspec.Struct, frozen=True, gc=False):
    """Positions of a crane's joints [m]; see `sim.gazebo_world.crane`."""

    gantry_m: float = 0.0
    trolley_m: float = 0.0
    hoist_m: float = UP_M


class CraneMotion:
    """Where the joints of one crane are to be, from lift to lift.

    The spreader goes up before the crane travels, and comes down on the truck and on the AGV. There
    it stays for what is left of the lift's time. Containers of one load are lifted one after the
    other; at first the crane stands in the middle, its spreader up.

    `bays` are places of joints over AGVs in the bays, by name, with the spreader up, and `truck_m`
    is the trolley's over the truck lane. `down_m` is the hoist's, down on a container that stands
    there; a lift takes `lift_s` in the mean.
    """

    def __init__(
        self, bays: Mapping[str, Joints], truck_m: float, down_m: float, lift_s: float
    ) -> None:
        self._bays, self._truck_m, self._down_m, self._lift_s = bays, truck_m, down_m, lift_s
        self._lift: tuple[int, int] | None = None
        """The step of the load that was lifted last, and which of its containers."""
        self._way: list[tuple[float, Joints]] = [(0.0, Joints())]
        """Joints by when they are reached, of the lift that was made last [s]."""

    def joints(self, job: StartTransfer | None, share: float) -> Joints:
        """Where they are to be when a share of the job is over; None: no lift is being made.

        A bay that is not this crane's moves nothing.
        """
        if job is None or job.bay not in self._bays:
            return self._way[-1][1]
        lifts = len(job.container.split(" + "))
        number = min(int(share * lifts), lifts - 1)
        if self._lift != (job.step, number):
            self._lift = job.step, number
            self._way = self._planned(job, self._way[-1][1])
        return _on(self._way, share * lifts - number)

    def _planned(self, job: StartTransfer, start: Joints) -> list[tuple[float, Joints]]:
        """Of one container, from where the crane stands with its spreader up."""
        bay = self._bays[job.bay]
        truck = Joints(bay.gantry_m, self._truck_m)
        take, put = (truck, bay) if job.transfer == "truck_to_agv" else (bay, truck)
        down = [msgspec.structs.replace(place, hoist_m=self._down_m) for place in (take, put)]
        moves = [
            (take, HOIST_MPS), (down[0], HOIST_MPS), (take, HOIST_LOADED_MPS),
            (put, HOIST_LOADED_MPS), (down[1], HOIST_LOADED_MPS), (put, HOIST_MPS),
        ]  # fmt: skip
        places = [start, *(place for place, _ in moves)]
        needed_s = [
            _needed_s(*leg, hoist_mps)
            for leg, (_, hoist_mps) in zip(pairwise(places), moves, strict=True)
        ]
        stays_s = max(self._lift_s - sum(needed_s), 0.0) / 2
        way, at_s = [(0.0, start)], 0.0
        for (place, _), takes_s in zip(moves, needed_s, strict=True):
            at_s += takes_s
            way.append((at_s, place))
            if place.hoist_m == self._down_m:
                at_s += stays_s
                way.append((at_s, place))
        return way


def _needed_s(start: Joints, end: Joints, hoist_mps: float) -> float:
    return (
        max(
            abs(end.gantry_m - start.gantry_m) / GANTRY_MPS,
            abs(end.trolley_m - start.trolley_m) / TROLLEY_MPS,
            abs(end.hoist_m - start.hoist_m) / hoist_mps,
        )
        / PACE
    )


def _on(way: list[tuple[float, Joints]], share: float) -> Joints:
    """Where joints are when a share of a way's time is over."""
    at_s = share * way[-1][0]
    (from_s, start), (until_s, end) = next(
        (leg for leg in pairwise(way) if at_s < leg[1][0]), (way[-1], way[-1])
    )
    done = (at_s - from_s) / (until_s - from_s) if until_s > from_s else 1.0
    return Joints(
        start.gantry_m + (end.gantry_m - start.gantry_m) * done,
        start.trolley_m + (end.trolley_m - start.trolley_m) * done,
        start.hoist_m + (end.hoist_m - start.hoist_m) * done,
    )
