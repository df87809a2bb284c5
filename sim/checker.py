"""The independent checker: watches the vehicles themselves and counts what must never happen.

It knows what any outsider could: the drawing of the roads, the vehicles' size and top speed, the
messages on the wire, and the signals in which vehicles show where they are. It reckons with its own
geometry, shares no code with traffic and believes nothing that the fleet manager says.

- `overlap`: the footprints of two vehicles touched.
- `beyond_grant`: a front was beyond the end of what its vehicle had been granted.
- `jump`: a vehicle was off its way, or where it cannot have driven since it was last seen.
- `grant_order`: a grant left a gap, went back, or gave a zone that another had not left.
- `circle`: vehicles waited for each other in a circle.
- `stall`: orders were open and no vehicle moved for ten minutes.

A signal is asked for when it is needed. A vehicle is looked at before it can have reached the end
of its grant. Two vehicles are looked at together only while the ground that their bodies sweep on
what they are granted comes close, and then as often as the gap between them asks for
(`sim.footprint`). So an overlap is found at whatever moment it happens, as long as both bodies keep
to their ways between two looks, which each look tells.
"""

import math
from collections import Counter, deque
from collections.abc import Callable
from heapq import heappop, heappush

import msgspec

from actors.effects import Effect, Send
from actors.messages import (
    AgvState,
    ExtendGrant,
    Message,
    RearClear,
    SetPosition,
    TimerFired,
    Visit,
)
from actors.site.roadmap import Edge, Roadmap
from robotics.telemetry import VehicleSignal
from sim.footprint import Body, Footprint, unseen_s
from sim.grant_order import GrantOrder
from sim.sweep import Sweeps, Way
from sim.waits import circular

CHECKER = "checker"
"""Its name in a world."""
LOOK = TimerFired("look")

NEAR_M = 0.05
"""Signals are rounded to a millimetre, their headings to a ten-thousandth; a body is known to be
where its signal says within so much."""
OFF_WAY_M = 0.3
"""Further from its way than this a vehicle is not on it [ours]."""
PAUSE_S = 5.0
"""So long after a front can have reached the end of its grant it is looked at, unless another grant
has come: with that, the vehicle is looked at before it counts, so that nothing passes unseen."""
TOUCHING_S = 1.0
"""While two touch they are looked at so often; it is one overlap until they have parted."""
STALL_NS = 600 * 10**9
CIRCLES_NS = 600 * 10**9
"""Every so often the queues are searched for circles."""
FOUND_KEPT = 20

Orders = Callable[[], list[list[tuple[str, int]]]]
"""Of each zone, (vehicle, `seq`) of the visits that are in it or wait for it, in their order."""


class Sight(msgspec.Struct):
    """How the checker sees one vehicle."""

    show: Callable[[int], VehicleSignal]
    way: Way
    sweep: int
    """The last sweep granted."""
    held: deque[tuple[float, int, str]]
    """(end along the way [m], sweep, edge) of the granted edges that the front has not left."""
    ends: dict[int, float]
    """By sweep held, where it ends [m]; a round trip may hold one twice."""
    end_seq: int
    front_m: float
    body: Footprint
    box: tuple[float, float, float, float] | None = None
    """Bounds of the ground on which it can be until it is granted more; None: not reckoned."""
    astray: bool = False
    """It is off its way, or beyond what it was granted: it can be anywhere."""
    speed_mps: float = 0.0
    seen_ns: int = -1
    queued: bool = False
    """Whether the heap has an entry for it, due or not."""
    due_ns: int = 0
    """When it must be looked at again, as far as its grant is concerned."""

    @property
    def may_move(self) -> bool:
        """Whether it can be elsewhere soon: not if it stands at the end of its grant."""
        return self.speed_mps > 0 or self.front_m < self.way.end_m - NEAR_M


class Pair(msgspec.Struct):
    """Two vehicles whose sweeps come close."""

    due_ns: int
    touching: bool = False


class Checker:
    """Machine of a world, and one of its observers.

    `violations` holds a count a kind, `found` the first few in words, `overlaps` a count by the two
    edges on which the fronts were.

    Args:
        roadmap: The roads as drawn.
        body: The size of all vehicles.
        speed_mps: No vehicle is faster.
        shows: By vehicle, what it shows of itself at a moment that is now [ns].
        starts: By vehicle, the visit in which it stands at first, at its end.
        wake: Called with a time [ns] at which `LOOK` is to be handed in.
    """

    def __init__(
        self,
        roadmap: Roadmap,
        body: Body,
        speed_mps: float,
        shows: dict[str, Callable[[int], VehicleSignal]],
        starts: dict[str, Visit],
        wake: Callable[[int], None],
    ) -> None:
        self.name = CHECKER
        kinds = ("overlap", "beyond_grant", "jump", "grant_order", "circle", "stall")
        self.violations = dict.fromkeys(kinds, 0)
        self.found: list[str] = []
        self.overlaps: Counter[tuple[str, str]] = Counter()
        self._edges: dict[str, Edge] = roadmap.edges
        self._body = body
        self._speed_mps = speed_mps
        self._closing_mps = speed_mps * body.swing()
        self._wake = wake
        self._woken_ns = -1
        self._order = GrantOrder(roadmap.edges, starts)
        self._sweeps = Sweeps(body, roadmap.edges)
        self._holders: dict[int, dict[str, None]] = {}
        self._held: set[int] = set()
        self._pairs: dict[tuple[str, str], Pair] = {}
        self._pairs_of: dict[str, dict[str, None]] = {vehicle: {} for vehicle in shows}
        self._heap: list[tuple[int, str, str]] = []
        self._moved_ns = 0
        self._circles_ns = 0
        self._sights: dict[str, Sight] = {}
        self._controllers = {f"{vehicle}/controller": vehicle for vehicle in shows}
        for vehicle, show in shows.items():
            self._stand(vehicle, show, starts[vehicle])

    # --- what it is told ----------------------------------------------------------------------

    def handle(self, _message: Message, now_ns: int) -> list[Effect]:
        """Look at all that are due."""
        if now_ns == self._woken_ns:  # else an earlier look was asked for, and has asked for more
            self.look(now_ns)
        return []

    def look(self, now_ns: int) -> None:
        """Look at all that are due, and ask for the next look."""
        while self._heap and self._heap[0][0] <= now_ns:
            due_ns, one, other = heappop(self._heap)
            if other:
                pair = self._pairs.get((one, other))
                if pair is not None and pair.due_ns == due_ns:
                    self._judge((one, other), pair, now_ns)
            else:
                self._sights[one].queued = False
                self._look_if_due(one, self._sights[one], now_ns)
        self._woken_ns = -1
        if self._heap:
            self._wake_at(self._heap[0][0])

    def observe(self, name: str, message: Message, effects: list[Effect], now_ns: int) -> None:
        """After each event: what was granted, what was reported clear?"""
        for effect in effects:
            if type(effect) is Send:
                kind = type(effect.message)
                if kind is ExtendGrant:
                    for what in self._order.sent(effect.to, effect.message.visits):  # type: ignore[attr-defined]
                        self._count("grant_order", now_ns, what)
                elif kind is RearClear and name in self._controllers:
                    self._order.clear(effect.to, effect.message.cleared)  # type: ignore[attr-defined]
        vehicle = self._controllers.get(name)
        if vehicle is None:
            return
        if type(message) is ExtendGrant:
            self._extend(vehicle, message, now_ns)
        elif type(message) is SetPosition and message.visit.seq > self._sights[vehicle].end_seq:
            answers = [effect.message for effect in effects if type(effect) is Send]
            if any(type(a) is AgvState and a.visits == (message.visit,) for a in answers):
                self._set_down(vehicle, message.visit, now_ns)

    def watch_progress(self, now_ns: int, open_orders: int) -> None:
        """Call now and then: counts a stall when orders are open and nothing moves."""
        if open_orders == 0:
            self._moved_ns = now_ns
            return
        if now_ns - self._moved_ns > STALL_NS:
            for vehicle, sight in self._sights.items():
                self._look(vehicle, sight, now_ns)
        if now_ns - self._moved_ns > STALL_NS:
            minutes = f"{STALL_NS / 6e10:.0f} min"
            self._count("stall", now_ns, f"nothing has moved for {minutes}")
            self._moved_ns = now_ns

    def watch_waits(self, now_ns: int, orders: Orders) -> None:
        """Call now and then: counts a circle among the waits that the queues stand for."""
        if now_ns - self._circles_ns < CIRCLES_NS:
            return
        self._circles_ns = now_ns
        queues = orders()
        roads: dict[str, list[int]] = {}
        for queue in queues:
            for vehicle, seq in queue:
                roads.setdefault(vehicle, []).append(seq)
        if circular({vehicle: sorted(seqs) for vehicle, seqs in roads.items()}, queues):
            self._count("circle", now_ns, "vehicles wait for each other")

    def finish(self, now_ns: int) -> dict[str, int]:
        """Look at every vehicle once more, and return all counts."""
        for vehicle, sight in self._sights.items():
            self._look(vehicle, sight, now_ns)
        for key, pair in list(self._pairs.items()):
            self._judge(key, pair, now_ns)
        return self.violations

    # --- grants -------------------------------------------------------------------------------

    def _extend(self, vehicle: str, grant: ExtendGrant, now_ns: int) -> None:
        """A grant has reached a controller: take what goes on where the way ends."""
        sight = self._sights[vehicle]
        fresh = [visit for visit in grant.visits if visit.seq > sight.end_seq]
        if not fresh or fresh[0].seq != sight.end_seq + 1:
            return
        stood = not sight.may_move
        reach_m = sight.front_m + (now_ns - sight.seen_ns) / 1e9 * self._speed_mps
        if reach_m > sight.way.end_m:  # what it has done so far is judged by the grant so far
            self._look(vehicle, sight, now_ns)
        for visit in fresh:
            for sweep in self._grow(vehicle, sight, visit):
                self._meet(vehicle, sweep, now_ns)
            sight.end_seq = visit.seq
        self._plan_look(vehicle, sight, now_ns)
        for other in list(self._pairs_of[vehicle]):
            key = (vehicle, other) if vehicle < other else (other, vehicle)
            pair = self._pairs[key]
            if stood or pair.due_ns == now_ns:  # it was not reckoned with, or is met only now
                self._judge(key, pair, now_ns)

    def _set_down(self, vehicle: str, visit: Visit, now_ns: int) -> None:
        """A tow has brought the vehicle elsewhere: it is seen there as if it were new."""
        self._order.set_down(vehicle, visit)
        before = self._sights[vehicle]
        for sweep in before.ends:
            holders = self._holders[sweep]
            holders.pop(vehicle, None)
            if not holders:
                self._held.discard(sweep)
        for other in list(self._pairs_of[vehicle]):
            del self._pairs[(vehicle, other) if vehicle < other else (other, vehicle)]
            del self._pairs_of[other][vehicle]
        self._pairs_of[vehicle] = {}
        sweeps = self._stand(vehicle, before.show, visit)
        self._sights[vehicle].seen_ns = now_ns
        for sweep in sweeps:
            self._meet(vehicle, sweep, now_ns)
        for other in list(self._pairs_of[vehicle]):
            key = (vehicle, other) if vehicle < other else (other, vehicle)
            self._judge(key, self._pairs[key], now_ns)

    def _stand(self, vehicle: str, show: Callable[[int], VehicleSignal], visit: Visit) -> list[int]:
        """See a vehicle that stands at the end of a visit; the sweeps of that visit."""
        way = Way(self._body.length_m)
        sight = Sight(show, way, -1, deque(), {}, visit.seq, 0.0, Footprint(0, 0, 1, 0))
        self._sights[vehicle] = sight
        sweeps = self._grow(vehicle, sight, visit)
        sight.front_m = way.end_m
        sight.body = way.body(way.end_m)
        sight.due_ns = 1 << 62
        return sweeps

    def _grow(self, vehicle: str, sight: Sight, visit: Visit) -> list[int]:
        sweeps = []
        for edge_id in visit.edges:
            sight.way.append(self._edges[edge_id])
            sight.box = None
            sweep = sight.sweep = self._sweeps.number(sight.sweep, edge_id)
            sight.held.append((sight.way.end_m, sweep, edge_id))
            sight.ends[sweep] = sight.way.end_m
            self._holders.setdefault(sweep, {})[vehicle] = None
            self._held.add(sweep)
            sweeps.append(sweep)
        return sweeps

    def _leave(self, vehicle: str, sight: Sight) -> None:
        """Let go of the sweeps that the front has left."""
        while len(sight.held) > 1 and sight.held[0][0] < sight.front_m - NEAR_M:
            end_m, sweep, _ = sight.held.popleft()
            if sight.ends[sweep] == end_m:
                del sight.ends[sweep]
                holders = self._holders[sweep]
                holders.pop(vehicle, None)
                if not holders:
                    self._held.discard(sweep)
        sight.way.forget(sight.front_m - 2 * self._body.length_m)

    # --- looks --------------------------------------------------------------------------------

    def _look(self, vehicle: str, sight: Sight, now_ns: int) -> None:
        """See where a vehicle is now, and whether it can and may be there."""
        if sight.seen_ns == now_ns:
            return
        signal = sight.show(now_ns)
        passed_s = (now_ns - sight.seen_ns) / 1e9 if sight.seen_ns >= 0 else 0.0
        reach_m = passed_s * self._speed_mps + NEAR_M
        guess_m = min((sight.speed_mps + signal.speed_mps) / 2 * passed_s, reach_m)
        front_m, off_m = self._find(sight, signal, guess_m, reach_m)
        if off_m > OFF_WAY_M:
            where = f"({signal.x_m:.2f}, {signal.y_m:.2f})"
            self._count("jump", now_ns, f"{vehicle} at {where} is {off_m:.2f} m off its way")
        elif not -NEAR_M <= front_m - sight.front_m <= reach_m:
            driven = f"{front_m - sight.front_m:.2f} m in {passed_s:.3f} s"
            self._count("jump", now_ns, f"{vehicle} on {sight.held[0][2]} has gone {driven}")
        if off_m <= OFF_WAY_M and front_m > sight.way.end_m + NEAR_M:
            over = f"{front_m - sight.way.end_m:.2f} m beyond {sight.held[-1][2]}"
            self._count("beyond_grant", now_ns, f"{vehicle} is {over}")
        if abs(front_m - sight.front_m) > NEAR_M:
            self._moved_ns = now_ns
        sight.front_m, sight.speed_mps, sight.seen_ns = front_m, signal.speed_mps, now_ns
        sight.body = Footprint.at(signal.x_m, signal.y_m, signal.heading_rad)
        sight.box = None
        sight.astray = off_m > OFF_WAY_M or front_m > sight.way.end_m + NEAR_M
        if sight.astray:
            for other in self._sights:
                if other != vehicle and other not in self._pairs_of[vehicle]:
                    self._watch(vehicle, other, now_ns)
        self._leave(vehicle, sight)
        self._plan_look(vehicle, sight, now_ns)

    def _look_if_due(self, vehicle: str, sight: Sight, now_ns: int) -> None:
        if sight.due_ns <= now_ns:
            self._look(vehicle, sight, now_ns)
        elif sight.may_move:  # it was granted more meanwhile
            self._queue(vehicle, sight)

    def _find(
        self, sight: Sight, signal: VehicleSignal, guess_m: float, reach_m: float
    ) -> tuple[float, float]:
        """Where on its way a vehicle is: near the guess, else anywhere it can have got to.

        On a round trip a way passes the same ground twice: where it cannot be is taken last.
        """

        def seen_at(at_m: float) -> tuple[bool, float, float]:
            front_m, off_m = sight.way.find(signal.x_m, signal.y_m, at_m)
            can_be = -NEAR_M <= front_m - sight.front_m <= reach_m
            return not (can_be and off_m <= OFF_WAY_M), off_m, front_m

        best = seen_at(sight.front_m + guess_m)
        if best < (False, NEAR_M, 0.0):
            return best[2], best[1]
        step_m = self._body.length_m / 2
        at_m = sight.front_m - step_m
        while at_m < min(sight.front_m + reach_m, sight.way.end_m) + step_m:
            best = min(best, seen_at(at_m))
            at_m += step_m
        return best[2], best[1]

    def _plan_look(self, vehicle: str, sight: Sight, now_ns: int) -> None:
        """The next look is due a while after the front can be at the end of what is granted."""
        if not sight.may_move:
            sight.due_ns = 1 << 62
            return
        left_s = (sight.way.end_m - sight.front_m) / self._speed_mps
        sight.due_ns = now_ns + round((left_s + PAUSE_S) * 1e9)
        self._queue(vehicle, sight)

    def _queue(self, vehicle: str, sight: Sight) -> None:
        """Have the vehicle looked at when it is due; if that has become later, ask again then."""
        if not sight.queued:
            sight.queued = True
            heappush(self._heap, (sight.due_ns, vehicle, ""))
            self._wake_at(sight.due_ns)

    def _wake_at(self, at_ns: int) -> None:
        if self._woken_ns < 0 or at_ns < self._woken_ns:
            self._woken_ns = at_ns
            self._wake(at_ns)

    # --- pairs --------------------------------------------------------------------------------

    def _meet(self, vehicle: str, sweep: int, now_ns: int) -> None:
        """A sweep was granted: watch all whose sweeps come close to it."""
        known, sight = self._pairs_of[vehicle], self._sights[vehicle]
        nears = (self._sweeps.around(sweep) & self._held) - self._sights[vehicle].ends.keys()
        if len(self._holders[sweep]) > 1:
            nears.add(sweep)
        for near in nears:
            for other in list(self._holders[near]):
                if other == vehicle or other in known or not self._sweeps.close(sweep, near):
                    continue
                if self._apart(sight, self._sights[other]):
                    continue  # as it was last seen; it can only have gone on
                self._look(other, self._sights[other], now_ns)
                if other not in self._holders.get(near, ()):
                    continue  # it has left since it was last seen
                if not self._apart(sight, self._sights[other]):
                    self._watch(vehicle, other, now_ns)

    def _watch(self, vehicle: str, other: str, now_ns: int) -> None:
        key = (vehicle, other) if vehicle < other else (other, vehicle)
        self._pairs[key] = Pair(now_ns)
        self._pairs_of[vehicle][other] = None
        self._pairs_of[other][vehicle] = None

    def _apart(self, one: Sight, other: Sight) -> bool:
        """Whether the two cannot meet until one of them is granted more, as bounds already show."""
        if one.astray or other.astray:
            return False
        a = one.box = one.box or one.way.box(one.front_m, self._body.width_m / 2)
        b = other.box = other.box or other.way.box(other.front_m, self._body.width_m / 2)
        return a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]

    def _judge(self, key: tuple[str, str], pair: Pair, now_ns: int) -> None:
        """Look at a pair: do they touch, and when must they be looked at again?"""
        one, other = self._sights[key[0]], self._sights[key[1]]
        self._look(key[0], one, now_ns)
        self._look(key[1], other, now_ns)
        gap_m = self._body.gap_m(one.body, other.body)
        if gap_m <= 0:
            if not pair.touching:
                self._overlap(key, now_ns)
            pair.touching = True
            wait_s = TOUCHING_S
        else:
            pair.touching = False
            if self._apart(one, other) or not self._sweeps_close(one, other):
                del self._pairs[key]
                del self._pairs_of[key[0]][key[1]]
                del self._pairs_of[key[1]][key[0]]
                return
            wait_s = unseen_s(gap_m, (one.may_move + other.may_move) * self._closing_mps)
        if math.isinf(wait_s):
            pair.due_ns = 1 << 62  # both stand until one is granted more
            return
        pair.due_ns = now_ns + round(wait_s * 1e9)
        heappush(self._heap, (pair.due_ns, *key))
        self._wake_at(pair.due_ns)

    def _sweeps_close(self, one: Sight, other: Sight) -> bool:
        for sweep in one.ends:
            for near in self._sweeps.around(sweep) & other.ends.keys():
                if self._sweeps.close(sweep, near):
                    return True
        return False

    # --- findings -----------------------------------------------------------------------------

    def _overlap(self, key: tuple[str, str], now_ns: int) -> None:
        words = []
        edges = []
        for vehicle in key:
            sight = self._sights[vehicle]
            at, edge = sight.body, sight.held[0][2]
            degrees = math.degrees(math.atan2(at.sin, at.cos))
            words.append(f"{vehicle} at ({at.x:.2f}, {at.y:.2f}) {degrees:.0f}° on {edge}")
            edges.append(edge)
        self.overlaps[min(edges), max(edges)] += 1
        self._count("overlap", now_ns, " and ".join(words))

    def _count(self, kind: str, now_ns: int, what: str) -> None:
        self.violations[kind] += 1
        if len(self.found) < FOUND_KEPT:
            self.found.append(f"{kind}: at {now_ns}: {what}")
