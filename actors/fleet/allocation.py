"""Phase 1 of dispatching: which free AGV takes which waiting order or charges, and why."""

import math

import numpy as np

from actors.effects import Effect
from actors.fleet.assignment import assign_in_turn, prepare
from actors.fleet.cost import Costs
from actors.fleet.orders import Job, OrderBook
from actors.fleet.plan import FleetPlan
from actors.fleet.reasons import Reasons
from actors.fleet.stations import Stations
from actors.fleet.traffic import Traffic
from actors.fleet.vehicles import Vehicle
from actors.fleet.watch import Found
from actors.messages import CostTerms, PairCost
from actors.site.roadmap import Place


class Allocation:
    """Orders to AGVs, a round at a time."""

    def __init__(
        self,
        plan: FleetPlan,
        vehicles: dict[str, Vehicle],
        orders: OrderBook,
        traffic: Traffic,
        stations: Stations,
        costs: Costs,
    ) -> None:
        prepare(len(vehicles))
        self._reserve_pct = plan.reserve_pct
        self._vehicles = vehicles
        self._orders = orders
        self._traffic = traffic
        self._stations = stations
        self._costs = costs
        self.reasons = Reasons()

    def assign(self, now_ns: int) -> tuple[list[Effect], dict[str, Place]]:
        """Give orders and chargers to free AGVs, at the least total cost.

        Returns what became of orders, and by AGV the charger that it is to go to now. An AGV with
        little charge is in both; one below its reserve takes no order.
        """
        free = [v for v in self._vehicles.values() if self._is_free(v)]
        able = [v for v in free if v.battery_pct >= self._reserve_pct]
        offers = self._offers(able) if able else []
        chargers = self._chargers(free)
        if not offers and not chargers:
            return [], {}
        free = able + [v for v in free if v.battery_pct < self._reserve_pct]
        terms = self._terms(able, offers, now_ns)
        cost_s = np.full((len(free), len(offers) + len(chargers)), np.inf)
        cost_s[: len(able), : len(offers)] = [[pair.total_s for pair in row] for row in terms]
        if chargers:
            cost_s[:, len(offers) :] = [
                [self._costs.charging_s(v, self._traffic.node_of(v.name), c) for c in chargers]
                for v in free
            ]
        promoted = [i for i, (job, _, _) in enumerate(offers) if self._orders.is_promoted(job)]
        effects: list[Effect] = []
        charging: dict[str, Place] = {}
        for row, column in assign_in_turn(cost_s, promoted):
            vehicle = free[row]
            if column >= len(offers):
                charging[vehicle.name] = chargers[column - len(offers)]
                continue
            job = offers[column][0]
            self._orders.assign(job, vehicle.name)
            vehicle.job = job
            pairs = [PairCost(v.name, costs[column]) for v, costs in zip(able, terms, strict=True)]
            self.reasons.keep(job.request.id, pairs, row, column in promoted, now_ns)
            effects += job.come_into("assigned", now_ns)
        return effects, charging

    def _chargers(self, free: list[Vehicle]) -> list[Place]:
        """Free chargers on the sides of AGVs that need one."""
        hungry = {v.side: None for v in free if self._costs.charge_worth_s(v.battery_pct) > 0}
        return [charger for side in hungry for charger in self._stations.free(side, "charger")]

    def _offers(self, free: list[Vehicle]) -> list[tuple[Job, Place | None, int]]:
        """Orders that may be assigned now, with their bay and how many are before it at its crane.

        Of each side as many as there are bays free, and AGVs free to come from the other side:
        until those are here, bays will be. Promoted orders are before all others.
        """
        offers: list[tuple[Job, Place | None, int]] = []
        for side in self._stations.sides:
            queued = self._orders.queued(side)
            if not queued:
                continue
            old = [job for job in queued if self._orders.is_promoted(job)]
            jobs = sorted(old, key=lambda job: job.arrived)
            jobs += [job for job in queued if not self._orders.is_promoted(job)]
            bays = self._stations.free(side, "pickup")
            busy = self._stations.load(side, "pickup")
            remote = sum(v.side != side for v in free)
            for i, job in enumerate(jobs[: len(bays) + remote]):
                bay = bays[i] if i < len(bays) else None
                ahead = 0
                if bay is not None:
                    ahead = busy[bay.station]
                    busy[bay.station] += 1
                offers.append((job, bay, ahead))
        return offers

    def _terms(
        self, free: list[Vehicle], offers: list[tuple[Job, Place | None, int]], now_ns: int
    ) -> list[list[CostTerms]]:
        """The cost of every pair, a row an AGV."""
        return [
            [
                self._costs.terms(vehicle, node, job, bay, ahead, now_ns)
                for job, bay, ahead in offers
            ]
            for vehicle in free
            for node in (self._traffic.node_of(vehicle.name),)
        ]

    def _is_free(self, vehicle: Vehicle) -> bool:
        idle = vehicle.job is None and not vehicle.withdrawn
        return idle and vehicle.at_decision(self._traffic)

    def left_lying(self, now_ns: int) -> Found:
        """Orders without an AGV that a free AGV could take now."""
        free = [
            v
            for v in self._vehicles.values()
            if v.battery_pct >= self._reserve_pct and self._is_free(v)
        ]
        offers = self._offers(free)
        left: Found = {}
        for vehicle, row in zip(free, self._terms(free, offers, now_ns), strict=True):
            for (job, _, _), pair in zip(offers, row, strict=True):
                if math.isfinite(pair.total_s):
                    text = f"waits, and an AGV, now {vehicle.name}, idles"
                    left.setdefault(("order_left", job.request.id), text)
        return left
