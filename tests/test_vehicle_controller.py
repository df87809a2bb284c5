"""The simulated AGV: stops where its grant ends, whatever it is or is not told."""

from actors.effects import Effect, Send, SetTimer
from actors.fleet.routing import Router
from actors.messages import (
    AgvState,
    Charged,
    ConfirmLoad,
    ExtendGrant,
    GrantAccepted,
    LinkLost,
    LinkRestored,
    LoadConfirmed,
    Message,
    QueryState,
    RearClear,
    StartCharge,
    Stood,
    TimerFired,
    Visit,
)
from sim.plant.vehicle import VehicleController
from sim.plant.wiring import vehicle_data
from tests.gate import DEMO, ROADMAP, S

DATA = vehicle_data(DEMO)
EDGES = ROADMAP.edges


def visits_to(place: str) -> tuple[Visit, ...]:
    """The way from the first parking place, a visit an edge."""
    way = Router(ROADMAP).way(ROADMAP.places["VN-P01"].node, ROADMAP.places[place].node)
    return tuple(Visit(seq, edge.zone, (edge.id,)) for seq, edge in enumerate(way, 1))


ROAD = visits_to("VN-C1-P1")


class Drive:
    """The controller with its timers: time passes, and what it says is kept."""

    def __init__(self) -> None:
        self.controller = VehicleController("AGV-001", ROADMAP, DATA, "VN-P01")
        self.now_ns = 0
        self.timers: dict[str, int] = {}
        self.said: list[tuple[int, Message]] = []
        self.start_m = self.front_m

    @property
    def front_m(self) -> float:
        return self.controller.front(self.now_ns)[0]

    @property
    def speed_mps(self) -> float:
        return self.controller.front(self.now_ns)[1]

    def tell(self, message: Message) -> list[Message]:
        return self._take(self.controller.handle(message, self.now_ns))

    def _take(self, effects: list[Effect]) -> list[Message]:
        said = []
        for effect in effects:
            if isinstance(effect, SetTimer):
                self.timers[effect.name] = effect.at_ns
            elif isinstance(effect, Send):
                assert effect.to == "AGV-001"
                self.said.append((self.now_ns, effect.message))
                said.append(effect.message)
        return said

    def wait(self, seconds: float) -> None:
        until_ns = self.now_ns + round(seconds * S)
        while self.timers:
            name, at_ns = min(self.timers.items(), key=lambda timer: timer[1])
            if at_ns > until_ns:
                break
            del self.timers[name]
            self.now_ns = max(at_ns, self.now_ns)
            self.tell(TimerFired(name))
        self.now_ns = until_ns

    def heard(self, kind: type[Message]) -> list[Message]:
        return [message for _, message in self.said if type(message) is kind]


def length_m(visits: tuple[Visit, ...]) -> float:
    return sum(EDGES[edge].length_m for visit in visits for edge in visit.edges)


def test_it_drives_to_the_end_of_its_grant_and_stops_there_by_itself():
    drive = Drive()
    assert drive.tell(ExtendGrant(1, ROAD[:4])) == [GrantAccepted("AGV-001", 1, 4)]
    drive.wait(300)
    assert abs(drive.front_m - drive.start_m - length_m(ROAD[:4])) < 1e-6
    assert drive.speed_mps == 0.0
    stood = drive.heard(Stood)
    assert len(stood) == 1
    assert isinstance(stood[0], Stood)
    assert stood[0].seq == 4


def test_road_granted_on_the_way_is_driven_without_a_stop():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD[:4]))
    drive.wait(5)
    assert drive.speed_mps > 0
    assert drive.tell(ExtendGrant(2, ROAD[4:])) == [GrantAccepted("AGV-001", 2, len(ROAD))]
    drive.wait(300)
    assert [m.seq for m in drive.heard(Stood) if isinstance(m, Stood)] == [len(ROAD)]


def test_a_repeated_grant_changes_nothing_and_is_answered():
    drive, plain = Drive(), Drive()
    for one in (drive, plain):
        one.tell(ExtendGrant(1, ROAD[:4]))
        one.wait(3)
    assert drive.tell(ExtendGrant(1, ROAD[:4])) == [GrantAccepted("AGV-001", 1, 4)]
    for one in (drive, plain):
        one.wait(4)
    assert drive.front_m == plain.front_m


def test_gaps_and_road_that_does_not_join_are_not_driven():
    drive = Drive()
    stray = Visit(1, ROAD[3].zone, ROAD[3].edges)
    for visits in (ROAD[1:], (ROAD[0], ROAD[2]), (stray,), (Visit(1, "moon", ("sea",)),)):
        assert drive.tell(ExtendGrant(1, visits)) == [GrantAccepted("AGV-001", 0, 0)]
    drive.wait(60)
    assert drive.front_m == drive.start_m


def test_a_resent_grant_that_overlaps_is_taken_from_where_it_is_new():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD[:2]))
    assert drive.tell(ExtendGrant(3, ROAD[:5])) == [GrantAccepted("AGV-001", 3, 5)]


def test_a_visit_is_clear_when_rear_and_clearance_are_out_of_it_and_not_before():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD))
    drive.wait(400)
    told = [(at, m.cleared) for at, m in drive.said if isinstance(m, RearClear)]
    assert [seq for _, seq in told] == sorted({seq for _, seq in told})
    replay = Drive()
    replay.tell(ExtendGrant(1, ROAD))
    for at_ns, seq in told:
        replay.now_ns = at_ns
        past_m = replay.front_m - replay.start_m - length_m(ROAD[:seq])
        assert past_m >= DATA.length_m + DATA.clearance_m - 1e-5
        assert past_m <= DATA.length_m + DATA.clearance_m + length_m(ROAD[seq : seq + 1])
    left = drive.tell(QueryState())[0]
    assert isinstance(left, AgvState)
    assert left.visits[0].seq == told[-1][1] + 1


def test_a_lost_link_stops_it_in_its_braking_distance_and_a_restored_one_lets_it_go_on():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD))
    drive.wait(8)
    at_m, speed = drive.front_m, drive.speed_mps
    assert speed > 2
    drive.tell(LinkLost())
    drive.wait(60)
    assert drive.speed_mps == 0.0
    assert drive.front_m - at_m <= speed**2 / (2 * DATA.deceleration_mps2) + 1e-6
    assert not drive.heard(Stood), "it stands, but not where it was to go"
    drive.tell(LinkRestored())
    drive.wait(400)
    assert abs(drive.front_m - drive.start_m - length_m(ROAD)) < 1e-6
    assert len(drive.heard(Stood)) == 1


def test_a_link_lost_close_to_the_end_makes_it_stop_no_later():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD[:2]))
    while drive.front_m - drive.start_m < length_m(ROAD[:2]) - 0.5:
        drive.wait(0.1)
    drive.tell(LinkLost())
    drive.wait(60)
    assert drive.front_m - drive.start_m <= length_m(ROAD[:2]) + 1e-6


def test_a_link_lost_and_found_at_rest_changes_nothing():
    drive = Drive()
    for message in (LinkLost(), LinkRestored()):
        drive.tell(message)
    drive.wait(10)
    state = drive.tell(QueryState())[0]
    assert isinstance(state, AgvState)
    assert (state.stood, drive.front_m) == (0, drive.start_m)


def test_the_battery_pays_for_the_way_and_more_when_loaded():
    used = []
    for container in ("", "CSQU3054383"):
        drive = Drive()
        drive.tell(ConfirmLoad(1, container))
        drive.tell(ExtendGrant(1, ROAD))
        drive.wait(400)
        used.append(100.0 - drive.controller.battery_pct(drive.now_ns))
    way_m = length_m(ROAD)
    assert abs(used[0] - DATA.battery.drawn_pct(way_m, False)) < 1e-6
    assert abs(used[1] - DATA.battery.drawn_pct(way_m, True)) < 1e-6


def test_charging_takes_its_time_and_is_confirmed_as_often_as_asked():
    drive = Drive()
    drive.tell(ExtendGrant(1, ROAD))
    drive.wait(400)
    before = drive.controller.battery_pct(drive.now_ns)
    drive.tell(StartCharge(7, 100.0))
    drive.tell(StartCharge(7, 100.0))
    drive.wait(DATA.battery.charging_s(before, 100.0) - 1)
    assert not drive.heard(Charged)
    drive.wait(2)
    assert drive.heard(Charged) == [Charged("AGV-001", 7, 100.0)]
    drive.tell(StartCharge(7, 100.0))
    drive.wait(1)
    assert len(drive.heard(Charged)) == 2


def test_a_load_is_taken_once_a_step_and_the_newest_stays():
    drive = Drive()
    assert drive.tell(ConfirmLoad(2, "CSQU3054383")) == [LoadConfirmed("AGV-001", 2)]
    assert drive.tell(ConfirmLoad(1, "")) == [LoadConfirmed("AGV-001", 1)]
    state = drive.tell(QueryState())[0]
    assert isinstance(state, AgvState)
    assert (state.container, state.step_loaded) == ("CSQU3054383", 2)
