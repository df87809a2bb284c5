"""A lane among AGVs and a fleet manager that lose messages: one direction, no more than room.

The AGVs and the fleet manager are reduced to what the lane relies on: an AGV holds a permit until
its end; the fleet manager gives road only to those that say they hold one, only into a lane that
has said it is open the way they go, and to no one whose step it has taken back.
"""

from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.effects import Send, SetTimer
from actors.lane import DRAIN_NS, PERMIT_NS, Lane
from actors.messages import (
    LaneEntered,
    LaneLeft,
    LaneMode,
    LaneOrder,
    LaneReport,
    LaneTruth,
    Message,
    OrderLane,
    PermitGranted,
    PermitRefused,
    QueryLane,
    RequestPermit,
    Started,
    TimerFired,
)
from tests.gate import S

ROOM = 2
STEPS = 400
LOST_SHARE = 0.2
OTHER = {"VN": "CN", "CN": "VN"}
MODES: tuple[LaneMode, ...] = ("open", "open", "open", "closed", "blocked")


class Asker(msgspec.Struct):
    """An AGV with a step through the lane."""

    step: int
    side: str
    held_until_ns: int = 0
    is_meant: bool = True
    """The fleet manager has not taken the step back."""
    has_road: bool = False
    inside: bool = False

    @property
    def agv(self) -> str:
        return f"AGV-{self.step}"

    def counts(self, now_ns: int) -> bool:
        """Whether it is in the lane, or may come."""
        return self.has_road or (self.is_meant and self.held_until_ns > now_ns)


class Others:
    """A lane, and all that happens around it, by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.loses = True
        self.now_ns = 0
        self.askers: dict[int, Asker] = {}
        self.gone: list[Asker] = []
        self.order = LaneOrder(0, "open", "VN")
        self.led, self.is_open = "VN", True
        """As the fleet manager knows it."""
        self.report_ns = -1
        self.steps = 0
        self.late: list[Message] = []
        """To the fleet manager, in the order sent."""
        self.crossed = {"VN": 0, "CN": 0}
        self.start_lane()

    def happen(self) -> None:
        """One thing happens."""
        what = self.random.choices(
            (
                self.tell_agv, self.ask_again, self.give_road, self.drive_on, self.say_left,
                self.hear_lane, self.tell_order, self.let_time_pass, self.order_anew,
                self.start_lane,
            ),
            (6, 4, 4, 6, 2, 5, 2, 4, 0.5, 0.3),
        )[0]  # fmt: skip
        what()

    def lost(self) -> bool:
        return self.loses and self.random.random() < LOST_SHARE

    def start_lane(self) -> None:
        self.now_ns += S
        self.lane = Lane("D1", "fleet-manager", "VN", ROOM)
        self.timers: dict[str, int] = {}
        self.hand(Started())

    def tell(self, message: Message) -> None:
        if not self.lost():
            self.hand(message)

    def hand(self, message: Message) -> None:
        """Say something to the lane, and hear what it says."""
        effects = self.lane.handle(message, self.now_ns)
        said = [effect.message for effect in effects if isinstance(effect, Send)]
        if self.lane.state in ("closed", "unknown"):
            assert not [message for message in said if isinstance(message, PermitGranted)]
        for effect in effects:
            if isinstance(effect, SetTimer):
                self.timers[effect.name] = effect.at_ns
        for answer in said:
            if not self.lost():
                self.hear(answer)

    def hear(self, message: Message) -> None:
        match message:
            case PermitGranted(step, _, expires_ns) if step in self.askers:
                asker = self.askers[step]
                asker.held_until_ns = max(asker.held_until_ns, expires_ns)
            case PermitRefused(step) if step in self.askers:
                asker = self.askers[step]
                if not asker.has_road and asker.held_until_ns <= self.now_ns:
                    self.gone.append(self.askers.pop(step))
            case QueryLane() | LaneReport():
                self.late.append(message)

    # --- AGVs ---------------------------------------------------------------------------------

    def tell_agv(self) -> None:
        if len(self.askers) < 5:
            self.steps += 1
            astray = self.random.random() < 0.1
            side = OTHER[self.led] if astray else self.led
            is_meant = self.is_open and not astray
            asker = self.askers[self.steps] = Asker(self.steps, side, is_meant=is_meant)
            self.tell(RequestPermit(asker.step, asker.agv, side))

    def ask_again(self) -> None:
        outside = [asker for asker in self.askers.values() if not asker.inside]
        if outside:
            asker = self.random.choice(outside)
            self.tell(RequestPermit(asker.step, asker.agv, asker.side, asker.held_until_ns))

    def give_road(self) -> None:
        for asker in self.askers.values():
            permitted = asker.is_meant and asker.held_until_ns > self.now_ns
            if permitted and self.is_open and self.led == asker.side:
                asker.has_road = True

    def drive_on(self) -> None:
        driving = [asker for asker in self.askers.values() if asker.has_road]
        if not driving:
            return
        asker = self.random.choice(driving)
        if not asker.inside:
            asker.inside = True
            self.tell(LaneEntered(asker.step, asker.agv))
        else:
            self.gone.append(self.askers.pop(asker.step))
            self.crossed[asker.side] += 1
            self.tell(LaneLeft(asker.step, asker.agv))

    def say_left(self) -> None:
        """Again, or to give a permit back."""
        given_up = [a for a in self.askers.values() if not a.is_meant and not a.has_road]
        for asker in given_up[:1]:
            self.gone.append(self.askers.pop(asker.step))
        if self.gone:
            asker = self.gone[-1 - min(self.random.randrange(4), len(self.gone) - 1)]
            self.tell(LaneLeft(asker.step, asker.agv))

    # --- fleet manager ------------------------------------------------------------------------

    def order_anew(self) -> None:
        side = self.order.from_side
        side = self.random.choice((side, OTHER[side]))
        self.order = LaneOrder(self.order.number + 1, self.random.choice(MODES), side)
        self.is_open = False
        for asker in self.askers.values():
            asker.is_meant = asker.has_road

    def tell_order(self) -> None:
        self.tell(OrderLane(self.order))

    def hear_lane(self) -> None:
        heard, self.late = self.late, []
        for message in heard:
            match message:
                case LaneReport(_, stamp_ns, number, state, from_side):
                    if number == self.order.number and stamp_ns >= self.report_ns:
                        self.report_ns, self.led = stamp_ns, from_side
                        self.is_open = state == "open"
                case QueryLane(_, asked_ns):
                    self.tell(self.truth(asked_ns))

    def truth(self, asked_ns: int) -> LaneTruth:
        road = tuple((a.step, a.agv) for a in self.askers.values() if a.has_road)
        asking = tuple(
            (a.step, a.agv) for a in self.askers.values() if a.is_meant and not a.has_road
        )
        return LaneTruth("D1", asked_ns, self.order, self.led, road, asking)

    # --- time and the end ---------------------------------------------------------------------

    def let_time_pass(self) -> None:
        self.advance(self.random.choice((S, S, DRAIN_NS, 20 * S, 61 * S)))

    def advance(self, wait_ns: int) -> None:
        self.now_ns += wait_ns
        for timer, at_ns in sorted(self.timers.items()):
            if at_ns <= self.now_ns:
                del self.timers[timer]
                self.hand(TimerFired(timer))

    def calm_down(self) -> None:
        """Nothing is lost any more, and all drive on."""
        self.loses = False
        for asker in list(self.askers.values()):
            asker.is_meant = asker.has_road
            if asker.has_road:
                self.askers.pop(asker.step)
        for _ in range(2 * PERMIT_NS // DRAIN_NS + 2):
            self.tell_order()
            self.hear_lane()
            self.advance(DRAIN_NS)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_all_who_may_be_in_a_lane_go_one_way_and_there_is_room_for_them(seed: int):
    others = Others(seed)
    for _ in range(STEPS):
        others.happen()
        coming = [a for a in others.askers.values() if a.counts(others.now_ns)]
        assert len({asker.side for asker in coming}) <= 1
        assert len(coming) <= ROOM
        assert others.lane.state != "closed" or not coming


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_was_lost_an_order_is_carried_out_in_the_end(seed: int):
    others = Others(seed)
    for _ in range(STEPS):
        others.happen()
    others.calm_down()
    assert others.lane.state == others.order.mode
    if others.order.mode != "blocked":
        assert others.led == others.order.from_side
        assert others.is_open == (others.order.mode == "open")


def test_in_such_a_life_agvs_cross_both_ways():
    crossed = {"VN": 0, "CN": 0}
    for seed in range(10):
        others = Others(seed)
        for _ in range(STEPS):
            others.happen()
        for side, count in others.crossed.items():
            crossed[side] += count
    assert min(crossed.values()) > 20, crossed
