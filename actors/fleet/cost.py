"""What it costs that an AGV takes an order, in seconds: the terms that assignment weighs.

Terms that differ between AGVs decide who takes an order; terms of the order alone (priority,
waiting, urgency) decide which orders are taken when there are too few AGVs.
"""

import math

from actors.fleet.lanes import Lanes
from actors.fleet.orders import OVERTAKEN_NS_MAX, Job
from actors.fleet.plan import FleetPlan
from actors.fleet.routing import Router
from actors.fleet.vehicles import Vehicle
from actors.messages import CostTerms, Side
from actors.site.roadmap import LaneWay, Place, PlaceKind

CRANE_SHARE = 0.5
"""A second of waiting for a crane counts so much of a second's drive [ours]: an AGV that waits
takes no road, and one that comes from the other side leaves a gap there."""
PRIORITY_S = 300.0
"""A step of priority is worth so long a way [ours]: about one crossing of a yard and back."""
WAITING_SHARE = 0.5
"""Each second of waiting takes so much off [ours]: ten minutes are worth a step of priority."""
WAITED_S_MAX = OVERTAKEN_NS_MAX / 1e9
"""Waiting counts for so long; then being overtaken does. Without a bound the older orders of the
side with more of them would fetch AGVs empty through the road, past orders that are at hand: at the
demo gate with 1,500 trucks a day that ended 4 % fewer orders."""
LEFT_S = 600.0
"""An order left now is taken to be begun so much later: what lateness that makes speaks for it.
Bounded, so that an order that is late already does not outweigh all others."""
CHARGE_S = 300.0
"""What charging is worth halfway from `charge_below_pct` to the reserve [ours]: a step of priority.
It comes off the cost of a charger and adds to that of an order, so that there it counts twice."""
ENERGY_SHORT_S = 1e6
"""The cost of a pair that would eat into the reserve: more than all other terms together, and
finite, so that such an AGV still goes rather than that an order never does."""


def waited_s(job: Job, now_ns: int) -> float:
    """How long the order has been waiting since it was accepted [s]."""
    return (now_ns - job.accepted_ns) / 1e9


class Costs:
    """The terms of pairs of AGV and order at one site."""

    def __init__(self, plan: FleetPlan, router: Router, lanes: Lanes) -> None:
        roadmap = plan.roadmap
        self._roadmap, self._router, self._lanes = roadmap, router, lanes
        self._lift_s = plan.lift_s
        self._reserve_pct, self._charge_below_pct = plan.reserve_pct, plan.charge_below_pct
        fastest_mps = max(edge.speed_mps for edge in roadmap.edges.values())
        # Slower roads are counted as long as fast ones: the charge needed is not underestimated.
        self._pct_per_s = fastest_mps / 1000 * plan.pct_per_km
        self._nodes: dict[tuple[Side, PlaceKind], list[str]] = {}
        for place in roadmap.places.values():
            self._nodes.setdefault((place.side, place.kind), []).append(place.node)
        self._rides: dict[tuple[str, Side], tuple[float, float]] = {}

    def terms(
        self, vehicle: Vehicle, node: str, job: Job, bay: Place | None, ahead: int, now_ns: int
    ) -> CostTerms:
        """The terms of one pair; `reach_s` is infinite if the pair is impossible.

        Args:
            vehicle: The AGV.
            node: Where its road ends.
            job: The order.
            bay: Where it would be loaded; None if all bays are taken, for an AGV that has yet to
                cross to the order's side.
            ahead: How many AGVs the bay's crane has before this one.
            now_ns: The present time.
        """
        request = job.request
        reach_s = self._reach_s(vehicle.side, node, request.from_side, bay)
        lift_s = self._lift_s[request.from_side]
        wait_s = max(ahead * lift_s - reach_s, 0.0)
        start = self._start(request.from_side, bay)
        ride_s, charger_s = self._ride_s(start, request.from_side)
        late_s = 0.0
        if request.deadline_ns is not None:
            soonest_s = (now_ns - request.deadline_ns) / 1e9 + 2 * lift_s + ride_s
            late_s = max(soonest_s + reach_s + wait_s, 0.0) - max(soonest_s + LEFT_S, 0.0)
        needed_pct = (reach_s + ride_s + charger_s) * self._pct_per_s
        short = vehicle.battery_pct - needed_pct < self._reserve_pct
        return CostTerms(
            reach_s=reach_s,
            crane_s=CRANE_SHARE * wait_s,
            late_s=late_s,
            priority_s=-PRIORITY_S * request.priority,
            waiting_s=-WAITING_SHARE * min(waited_s(job, now_ns), WAITED_S_MAX),
            energy_s=ENERGY_SHORT_S if short else self.charge_worth_s(vehicle.battery_pct),
        )

    def charge_worth_s(self, battery_pct: float) -> float:
        """What charging is worth [s]: nothing from `charge_below_pct` up, past all at the reserve.

        In between it grows as the charge that is left above the reserve shrinks.
        """
        spare_pct = battery_pct - self._reserve_pct
        used_pct = self._charge_below_pct - battery_pct
        if used_pct <= 0:
            return 0.0
        if spare_pct <= 0:
            return ENERGY_SHORT_S
        return min(CHARGE_S * used_pct / spare_pct, ENERGY_SHORT_S)

    def charging_s(self, vehicle: Vehicle, node: str, charger: Place) -> float:
        """The cost of an AGV at `node` charging [s]; infinite beyond the road or if it need not."""
        worth_s = self.charge_worth_s(vehicle.battery_pct)
        if worth_s == 0 or charger.side != vehicle.side:
            return math.inf
        return self._router.time_s(node, charger.node) - worth_s

    def _start(self, side: Side, bay: Place | None) -> str:
        return bay.node if bay is not None else self._nodes[side, "pickup"][0]

    def _reach_s(self, at: Side, node: str, side: Side, bay: Place | None) -> float:
        """Time until the AGV can be at the bay; infinite without a bay on its own side [s]."""
        if at == side:
            return math.inf if bay is None else self._router.time_s(node, bay.node)
        open_ways = self._lanes.open_ways(at)
        if not open_ways:
            return math.inf
        return self._over_s(node, open_ways[0], self._start(side, bay))

    def _over_s(self, start: str, way: LaneWay, goal: str) -> float:
        """Time from `start` through a lane to a node beyond it [s]."""
        edges = [self._roadmap.edges[edge] for edge in way.edges]
        lane_s = sum(edge.length_m / edge.speed_mps for edge in edges)
        time_s = self._router.time_s
        return time_s(start, edges[0].start) + lane_s + time_s(edges[-1].end, goal)

    def _ride_s(self, start: str, side: Side) -> tuple[float, float]:
        """From the bay to the furthest bay beyond the lane, and from there to a charger [s]."""
        known = self._rides.get((start, side))
        if known is None:
            known = (0.0, 0.0)
            # Of lanes alike any will do, also one that is closed now.
            way = next((w for w in self._roadmap.lane_ways if w.from_side == side), None)
            if way is not None:
                goals = self._nodes.get((way.to_side, "dropoff"), [])
                chargers = self._nodes.get((way.to_side, "charger"), [])
                known = max(
                    (
                        (
                            self._over_s(start, way, goal),
                            min((self._router.time_s(goal, c) for c in chargers), default=0.0),
                        )
                        for goal in goals
                    ),
                    key=sum,
                    default=known,
                )
            self._rides[start, side] = known
        return known
