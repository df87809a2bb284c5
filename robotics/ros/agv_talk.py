"""What an AGV and the gate say to each other: grants and their answers, samples, loads, charges."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from actors.messages import (
    Charged,
    ConfirmLoad,
    ExtendGrant,
    GrantAccepted,
    LoadConfirmed,
    Message,
    QueryState,
    SetPosition,
    StartCharge,
    Visit,
)
from actors.safety import LimitSpeed
from robotics.ros import wire
from robotics.ros.agv_state import AgvSamples
from robotics.ros.bounds import Bounds
from robotics.ros.road_file import EdgeShape
from robotics.ros.talk import (
    PACKAGE,
    Call,
    Goal,
    Outgoing,
    Publish,
    Reaction,
    Remark,
    body,
    heartbeat,
)
from robotics.telemetry import Frame


class AgvTalk:
    """See `robotics.ros.talk.Talk`. `patience_ns` is what a command may take to arrive."""

    listens: Mapping[str, str] = {
        "state": f"{PACKAGE}/msg/AgvState",
        "grant_ack": f"{PACKAGE}/msg/GrantAck",
    }
    speaks: Mapping[str, str] = {
        "grant": f"{PACKAGE}/msg/Grant",
        "gate_heartbeat": f"{PACKAGE}/msg/Heartbeat",
    }

    def __init__(
        self,
        agv: str,
        edges: Mapping[str, EdgeShape],
        bounds: Bounds,
        patience_ns: int,
        silence_s: float,
    ) -> None:
        self._agv, self._edges = agv, edges
        self._patience_ns, self._silence_s = patience_ns, silence_s
        self._samples = AgvSamples(agv, bounds)
        self._beats, self._limit = 0, LimitSpeed(0, None)
        self._counts: Counter[str] = Counter()

    def take(self, topic: str, data: msgspec.Raw, now_ns: int) -> list[Reaction] | None:
        """Read a sample, or the answer to a grant."""
        if topic == "state":
            news = self._samples.take(wire.read(data, wire.AgvState, topic), now_ns)
            return None if news is None else [*news]
        ack = wire.read(data, wire.GrantAck, topic)
        if ack.result != 0:
            result = wire.GRANT_RESULTS[ack.result]
            self._counts[f"grant {result}"] += 1
            return [Remark(f"grant {ack.number}: {result}: {ack.reason or 'no reason given'}")]
        self._samples.check_given(ack.taken, ack.end_seq, topic)
        return [GrantAccepted(self._agv, ack.taken, ack.end_seq)]

    def tell(self, command: Message, now_ns: int) -> list[Outgoing]:
        """A person who drives the AGV is not commanded: only asked."""
        deadline = body(wire.time_of(now_ns + self._patience_ns))
        match command:
            case QueryState():
                return [self._ask()]
            case SetPosition(visit):
                self._samples.expect_jump(visit.seq)
                moved = {"visit": body(self._visit(visit)), "deadline": deadline}
                kind = f"{PACKAGE}/srv/SetPosition"
                return [Call("set_position", kind, moved, self._on_position)]
            case _ if self._samples.mode != 0:
                self._counts["kept from a manual AGV"] += 1
                return []
            case ExtendGrant(grant, visits):
                self._samples.expect_grant(grant, visits[-1].seq)
                return [Publish("grant", body(self._grant(command, now_ns)))]
            case ConfirmLoad(step, container):
                loaded = {"step": step, "container": container, "deadline": deadline}
                kind = f"{PACKAGE}/srv/ConfirmLoad"

                def taken(data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
                    answer = wire.read(data, wire.Accepted, "confirm_load")
                    return [LoadConfirmed(self._agv, step)] if self._agreed(answer) else []

                return [Call("confirm_load", kind, loaded, taken)]
            case StartCharge(step, until_pct):
                goal = {"step": step, "until": until_pct / 100, "deadline": deadline}
                return [Goal("charge", f"{PACKAGE}/action/Charge", goal, self._on_charged)]
            case _:
                raise AssertionError(f"an AGV has no {type(command).__name__}")

    def limit(self, limit: LimitSpeed) -> None:
        """Every beat says it from now on."""
        if limit.number > self._limit.number:
            self._limit = limit

    def beat(self, now_ns: int) -> list[Outgoing]:
        """Say that the gate is there."""
        self._beats += 1
        return [heartbeat(now_ns, self._beats, self._silence_s, self._limit)]

    def forget(self) -> None:
        """What comes next is the new truth."""
        self._samples.forget()

    def frame(self, now_ns: int) -> Frame | None:
        """The AGV as its last sample shows it."""
        signal = self._samples.signal()
        return Frame(now_ns, vehicles=(signal,)) if signal is not None else None

    def counts(self) -> Mapping[str, int]:
        """Grants that were not taken, samples that came late, calls that were refused."""
        return {**self._counts, "late samples": self._samples.late}

    def _ask(self) -> Call:
        return Call("get_road", f"{PACKAGE}/srv/GetRoad", {}, self._on_road)

    def _on_road(self, data: msgspec.Raw, now_ns: int) -> list[Reaction]:
        road = wire.read(data, wire.Road, "get_road")
        return [*self._samples.answer(road, self._edges, now_ns)]

    def _on_position(self, data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
        """Whatever it says, the machine is told where the AGV is now."""
        self._agreed(wire.read(data, wire.Accepted, "set_position"))
        return [self._ask()]

    def _on_charged(self, data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
        result = wire.read(data, wire.ChargeResult, "charge.result")
        return [Charged(self._agv, result.step, round(result.battery * 100, 2))]

    def _agreed(self, answer: wire.Accepted) -> bool:
        if not answer.accepted:
            self._counts["calls refused by the AGV"] += 1
        return answer.accepted

    def _grant(self, command: ExtendGrant, now_ns: int) -> wire.Grant:
        return wire.Grant(
            header=wire.Header(wire.time_of(now_ns), wire.MAP_FRAME),
            number=command.grant,
            deadline=wire.time_of(now_ns + self._patience_ns),
            visits=tuple(self._visit(visit) for visit in command.visits),
        )

    def _visit(self, visit: Visit) -> wire.Visit:
        edges = []
        for name in visit.edges:
            edge = self._edges[name]
            points = tuple(wire.Point(x, y) for x, y in edge.points)
            edges.append(wire.Edge(name, points, edge.length_m, edge.speed_mps))
        return wire.Visit(visit.seq, visit.zone, tuple(edges))
