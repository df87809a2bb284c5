"""One robot behind the real rosbridge, and what a gate says to it, with roslibpy alone."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import roslibpy

from robotics.clock import GateTime
from robotics.ros.domain import RosDomain
from robotics.ros.reference.order import AgvSetup, CraneSetup, ScannerSetup, Setup, StartPlace
from robotics.ros.rosbridge import Rosbridge
from sim.plant.reference import ReferenceProcess, setups
from tests.gate import DAY, DEMO, ROADMAP

PACKAGE = "bordergate_msgs"
WAIT_S = 20.0
SILENCE_S = 0.6
FAR_NS = 3600 * 10**9

Json = dict[str, Any]


def agv_setup(namespace: str) -> AgvSetup:
    """An AGV of the demo gate that stands on a straight road to the east, its front at x = 30 m."""
    found = next(setup for setup in setups(DEMO, ROADMAP, DAY) if isinstance(setup, AgvSetup))
    start = StartPlace("Z0", "E0", ((0.0, 0.0), (30.0, 0.0)), 30.0, 5.0)
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    return AgvSetup(**fields | {"namespace": namespace, "start": start})


def straight(seq: int, length_m: float = 30.0, **changes: Any) -> Json:
    """The visit `seq` of the straight road; each is as long as the one before."""
    begin, end = (seq * length_m, (seq + 1) * length_m)
    edge = {
        "id": f"E{seq}",
        "points": [{"x": begin, "y": 0.0, "z": 0.0}, {"x": end, "y": 0.0, "z": 0.0}],
        "length": length_m,
        "speed_limit": 5.0,
    }
    return {"seq": seq, "zone": f"Z{seq}", "edges": [edge | changes]}


class Robot:
    """A gate's side of the conversation with one robot, kept alive by heartbeats."""

    def __init__(self, ros: roslibpy.Ros, namespace: str, kind: str, gate_time: GateTime) -> None:
        self.clock = gate_time()
        self._ros, self._namespace = ros, namespace
        self._news = threading.Condition()
        self.states: list[Json] = []
        self.acks: list[Json] = []
        self._topics: dict[str, roslibpy.Topic] = {}
        self._beats = 0
        self.beating = True
        self.limit: Json = {"number": 0, "limited": False, "speed": 0.0, "reason": ""}
        self._ended = threading.Event()
        self._listen("state", f"{PACKAGE}/msg/{kind}State", self.states)
        if kind == "Agv":
            self._listen("grant_ack", f"{PACKAGE}/msg/GrantAck", self.acks)
        self._beater = threading.Thread(target=self._beat, daemon=True)
        self._beater.start()
        self.until(lambda state: state["fault"] == "", "it says something")

    def close(self) -> None:
        self._ended.set()
        self._beater.join()
        for topic in self._topics.values():
            topic.unsubscribe()
            topic.unadvertise()

    def _listen(self, name: str, kind: str, into: list[Json]) -> None:
        def take(message: Json) -> None:
            with self._news:
                into.append(message)
                self._news.notify_all()

        topic = self._topics[name] = roslibpy.Topic(self._ros, f"/{self._namespace}/{name}", kind)
        topic.subscribe(take)

    def _beat(self) -> None:
        while not self._ended.wait(SILENCE_S / 4):
            if self.beating:
                self._beats += 1
                silence = {"sec": 0, "nanosec": round(SILENCE_S * 1e9)}
                beat = {"stamp": self.time(), "count": self._beats, "silence": silence}
                beat["limit"] = self.limit
                self.publish("gate_heartbeat", f"{PACKAGE}/msg/Heartbeat", beat)

    # --- saying -----------------------------------------------------------------------------

    def time(self, ahead_ns: int = 0) -> Json:
        sec, nanosec = divmod(self.clock.now_ns() + ahead_ns, 10**9)
        return {"sec": sec, "nanosec": nanosec}

    def publish(self, name: str, kind: str, message: Json) -> None:
        path = name if name.startswith("/") else f"/{self._namespace}/{name}"
        if name not in self._topics:
            self._topics[name] = roslibpy.Topic(self._ros, path, kind)
        self._topics[name].publish(roslibpy.Message(message))

    def grant(self, number: int, /, *visits: Json, **changes: Any) -> Json:
        """Give a grant; its acknowledgement. Said again until it is answered, as a gate does."""
        header = {"stamp": self.time(), "frame_id": "map"}
        grant = {"header": header, "number": number, "visits": list(visits)}
        grant = grant | {"deadline": self.time(FAR_NS)} | changes
        already = len(self.acks)
        end_s = time.monotonic() + WAIT_S
        while True:
            self.publish("grant", f"{PACKAGE}/msg/Grant", grant)
            with self._news:
                self._news.wait_for(lambda: len(self.acks) > already, 2.0)
                if len(self.acks) > already:
                    return self.acks[-1]
            assert time.monotonic() < end_s, f"grant {number} is not answered"

    def call(self, name: str, kind: str, /, **request: Any) -> Json:
        service = roslibpy.Service(self._ros, f"/{self._namespace}/{name}", f"{PACKAGE}/srv/{kind}")
        answer: Json = service.call(roslibpy.ServiceRequest(request), timeout=WAIT_S)
        return answer

    def pursue(self, name: str, kind: str, /, **goal: Any) -> "Outcome":
        """Send a goal to an action of the robot."""
        client = roslibpy.ActionClient(
            self._ros, f"/{self._namespace}/{name}", f"{PACKAGE}/action/{kind}"
        )
        goal = {"deadline": self.time(FAR_NS)} | goal
        outcome = Outcome()
        client.send_goal(roslibpy.Goal(goal), outcome.end, outcome.note, outcome.fail)
        return outcome

    # --- hearing ----------------------------------------------------------------------------

    def until(self, holds: Callable[[Json], bool], what: str, wait_s: float = WAIT_S) -> Json:
        """The first state from now on of which something holds."""
        already = len(self.states)
        end_s = time.monotonic() + wait_s
        with self._news:
            while True:
                for state in self.states[already:]:
                    if holds(state):
                        return state
                already = len(self.states)
                left_s = end_s - time.monotonic()
                assert left_s > 0, f"not in {wait_s} s: {what}; last: {self.states[-1:]}"
                self._news.wait(left_s)


class Outcome:
    """What becomes of a goal."""

    def __init__(self) -> None:
        self.feedback: list[Json] = []
        self._ended = threading.Event()
        self._result: Json = {}

    def end(self, message: Any) -> None:
        self._result = dict(message)
        self._ended.set()

    def note(self, message: Any) -> None:
        self.feedback.append(dict(message))

    def fail(self, message: Any) -> None:
        self._result = {"refused": str(message)}
        self._ended.set()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def wait(self) -> Json:
        assert self._ended.wait(WAIT_S), f"no result; feedback: {self.feedback[-1:]}"
        return self._result


KINDS: dict[type[Setup], str] = {AgvSetup: "Agv", CraneSetup: "Crane", ScannerSetup: "Scanner"}


@contextmanager
def robots(
    domain: RosDomain, server: Rosbridge, setups: list[Setup], speed: float
) -> Iterator[Iterator[Robot]]:
    """Reference controllers in one process; the conversation with each as it is asked for."""
    gate_time = GateTime(time.time_ns(), speed)
    ros = roslibpy.Ros("127.0.0.1", server.port, transport="asyncio")
    talks: list[Robot] = []

    def one_by_one() -> Iterator[Robot]:
        for setup in setups:
            talks.append(Robot(ros, setup.namespace, KINDS[type(setup)], gate_time))
            yield talks[-1]

    with ReferenceProcess(domain, setups, gate_time):
        ros.run(timeout=WAIT_S)
        try:
            yield one_by_one()
        finally:
            for talk in talks:
                talk.close()
            ros.close()
