"""The compiled loops of traffic say what their plain counterparts say."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.fleet import plain
from actors.fleet.gaps import Search
from actors.fleet.kernels import NONE, grant, project
from actors.fleet.network import Network
from actors.fleet.timetable import Timetable
from actors.site.roadmap import Roadmap
from sim.streets import streets
from tests.gate import ROADMAP


class Fleet:
    """Vehicles on a timetable alone, moved at random."""

    def __init__(self, roadmap: Roadmap, vehicles: int, rear_clear_m: float, seed: int) -> None:
        self.random = Random(seed)
        self.network = Network(roadmap, rear_clear_m, 5.0, margin_s=2.0)
        self.timetable = Timetable(self.network, vehicles)
        self.search = Search(self.timetable)
        self.now_s = 100.0
        self.places = sorted(roadmap.places)
        self.random.shuffle(self.places)
        self.goals = {p: self.network.ending_at(roadmap.places[p].node) for p in self.places}
        self.taken = dict(zip(self.places, range(vehicles), strict=False))
        for place, vehicle in self.taken.items():
            edge = roadmap.standing_edge(place)
            home = self.network.passage_of.get((edge.id,), self.goals[place][0])
            self.timetable.place_first(vehicle, np.array([home], np.int32))

    def compare_times(self) -> None:
        assert project(self.network.net, self.timetable.rows, self.now_s) == 0
        in_s, out_s = plain.times(self.timetable, self.now_s)
        for row, at_s in in_s.items():
            assert self.timetable.rows.in_s[row] == pytest.approx(at_s)
            assert self.timetable.rows.out_s[row] == pytest.approx(out_s[row])

    def plan(self, vehicle: int, place: str) -> bool:
        """Search both ways for a trip to the place; take the fast one's."""
        if place in self.taken:
            return False
        rows = self.timetable.rows
        last = plain.roads(self.timetable)[vehicle][-1]
        leaves_s = float(rows.in_s[last] + self.network.net.drive_s[rows.passage[last]])
        if math.isinf(leaves_s):
            return False
        depart_s = max(leaves_s, self.now_s)
        way = self.search.best(vehicle, depart_s, self.goals[place])
        arrive_s = plain.arrival_s(self.timetable, vehicle, depart_s, self.goals[place])
        if way is None:
            assert math.isinf(arrive_s)
            return False
        assert way.arrive_s == pytest.approx(arrive_s)
        self.timetable.append(vehicle, way.passages, way.ahead)
        self.taken = {p: v for p, v in self.taken.items() if v != vehicle} | {place: vehicle}
        return True

    def cut_and_restore(self, vehicle: int) -> None:
        """What is put back is as it was."""
        road = plain.roads(self.timetable)[vehicle]
        suffix = [row for row in road if not self.timetable.rows.granted[row]]
        if suffix:
            queues = [self.timetable.queue(zone) for zone in range(len(self.timetable.rows.head))]
            self.timetable.restore(vehicle, self.timetable.cut(suffix))
            assert queues == [self.timetable.queue(zone) for zone in range(len(queues))]
            assert plain.roads(self.timetable)[vehicle] == road

    def drive(self, vehicle: int) -> None:
        """Be granted what there is, and leave the rearmost zone."""
        rows = self.timetable.rows
        grant(self.network.net, rows, vehicle, 60.0)
        first = int(rows.first[vehicle])
        clears = int(rows.clear_row[first])
        if clears != NONE and rows.granted[clears]:
            self.now_s += self.random.uniform(0, 5)
            self.timetable.clear_first(vehicle, self.now_s)


STREETS = streets(6, 6, 30, seed=3)


@pytest.mark.parametrize(
    ("roadmap", "vehicles", "rear_clear_m"),
    [(STREETS, 20, 18.0), (STREETS, 20, 45.0), (ROADMAP, 6, 18.0)],
    ids=["streets", "vehicles longer than zones", "demo"],
)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_times_and_trips_are_those_of_the_plain_version(
    roadmap: Roadmap, vehicles: int, rear_clear_m: float, seed: int
):
    fleet = Fleet(roadmap, vehicles, rear_clear_m, seed)
    random = fleet.random
    for _ in range(40):
        fleet.compare_times()
        vehicle = random.randrange(vehicles)
        fleet.plan(vehicle, random.choice(fleet.places))
        fleet.cut_and_restore(random.randrange(vehicles))
        if random.random() < 0.1:
            fleet.timetable.rows.stopped[random.randrange(vehicles)] ^= True
        if random.random() < 0.1:
            zone = random.randrange(len(fleet.timetable.rows.head))
            fleet.timetable.rows.blocked[zone] ^= True
        for _ in range(10):
            fleet.drive(random.randrange(vehicles))
