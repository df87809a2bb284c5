"""`bordergate bench ros`: links to 100 AGVs through one rosbridge server, beside bare roslibpy.

Both listen in this process, one after the other, to the same AGVs in the robots' environment.
"""

import datetime
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from actors.messages import ExtendGrant, GrantAccepted, Message, Visit
from actors.site.bundled import find_site
from actors.site.devices import devices
from actors.site.expand import expand
from actors.site.load import load_site
from interfaces.bench.bare_ros import BareSubscribers, echoes_s
from interfaces.bench.figures import Figure, compared, percentile
from interfaces.bench.ros_memory import pss_mib
from robotics.clock import GateTime
from robotics.link_account import LinkAccount
from robotics.ros.agv_talk import AgvTalk
from robotics.ros.domain import RosDomain
from robotics.ros.link import SILENCE_S, RosLink
from robotics.ros.links import RosLinks, ros_links
from robotics.ros.road_file import RoadFile
from robotics.ros.rosbridge import LOOPBACK, Rosbridge
from robotics.ros.talk import PATIENCE_S, Outgoing, Reaction
from robotics.ros.venv import ros_venv

VEHICLES = 100
HZ = 10.0
MEASURED_S = 10.0
SETTLE_S = 4.0
"""So long until all ends have found each other."""
GRANTS = 200
GRANT_EVERY_S = 0.01


class _NotedTalk(AgvTalk):
    """An AGV's talk that notes how old each sample is when it has been read and checked."""

    ages_s: list[float]
    beats: bool

    def beat(self, now_ns: int) -> list[Outgoing]:
        """Only where this is measured with the gate's heartbeats."""
        return super().beat(now_ns) if self.beats else []

    def take(self, topic: str, data: msgspec.Raw, now_ns: int) -> list[Reaction] | None:
        news = super().take(topic, data, now_ns)
        if topic == "state":
            self.ages_s.append((time.time_ns() - self._samples.newest_ns) / 1e9)
        return news


class _Listening:
    """Our links, all in this process; outside of measurements they always beat."""

    def __init__(self, links: RosLinks, agvs: list[str], *, beats: bool) -> None:
        self.ages_s: list[float] = []
        self.accepted = threading.Event()
        self.links = []
        patience_ns = round(PATIENCE_S * 1e9)
        roads = RoadFile(links.roads)
        for agv in agvs:
            talk = _NotedTalk(agv, roads, links.bounds, patience_ns, SILENCE_S)
            talk.ages_s, talk.beats = self.ages_s, beats
            clock = links.gate_time()
            account = LinkAccount(agv, clock, None)
            link = RosLink(links.url, links.names[agv], talk, clock, account, None)
            link.open(self._hear)
            self.links.append(link)

    def _hear(self, message: Message) -> None:
        if isinstance(message, GrantAccepted):
            self.accepted.set()

    def close(self) -> None:
        """End all links."""
        for link in self.links:
            link.close()


def measure(say: Callable[[str], None]) -> list[Figure]:
    """Listen to 100 AGVs both ways, and meanwhile send 200 echoes, and give 200 grants."""
    day = datetime.datetime.now(datetime.UTC).date()
    site = load_site(find_site("huu-nghi"), day)
    roadmap = expand(site, day)
    with (
        RosDomain(ros_venv(say)) as domain,
        Rosbridge(domain) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        source = domain.start_python(
            str(Path(__file__).with_name("ros_source.py")), str(VEHICLES), str(HZ)
        )
        assert source.stdout is not None
        source.stdout.readline()
        try:
            every = devices(site, day)
            gate_time = GateTime(epoch_ns=time.time_ns())
            links = ros_links(site, roadmap, every, server.url, gate_time, Path(folder))
            agvs = [d.id for d in every if d.kind == "vehicle"][:VEHICLES]
            say(f"bare roslibpy listens to {VEHICLES} AGVs")
            topics = {f"/{links.names[agv]}/state": "bordergate_msgs/msg/AgvState" for agv in agvs}
            bare = BareSubscribers(LOOPBACK, server.port, topics)
            bare_cpu, bare_ages = _listen(bare.ages_s)
            # While all are listened to, as grants are given: source and server are as busy.
            echoes = echoes_s(LOOPBACK, server.port, GRANTS, GRANT_EVERY_S)
            bare.close()
            say(f"our links listen to {VEHICLES} AGVs")
            silent = _Listening(links, agvs, beats=False)
            silent_cpu, _ = _listen(silent.ages_s)
            silent.close()
            ours = _Listening(links, agvs, beats=True)
            cpu, ages = _listen(ours.ages_s)
            edge = next(iter(roadmap.edges.values()))
            grants = _grants_s(ours, Visit(1, edge.zone, (edge.id,)))
            ours.close()
            say("memory of a device's process")
            ros_mib = pss_mib("ros", server.url, links.roads)
            zmq_mib = pss_mib("zmq", folder)
        finally:
            source.terminate()
            source.wait()
    expected = VEHICLES * HZ * MEASURED_S
    return [
        Figure("samples expected", expected, "samples"),
        compared("samples heard", len(ages), "samples", len(bare_ages)),
        compared("processor time of the listener", cpu, "s", bare_cpu),
        compared("the same without the gate's heartbeats", silent_cpu, "s", bare_cpu),
        *(
            compared(
                f"age of a sample when it is heard, p{share * 100:.0f}",
                percentile(ages, share) * 1e3,
                "ms",
                percentile(bare_ages, share) * 1e3,
            )
            for share in (0.5, 0.99)
        ),
        compared(
            "PSS of a device process with its link, beside one with the ZeroMQ link",
            ros_mib,
            "MiB",
            zmq_mib,
        ),
        Figure("grants acknowledged", len(grants), "grants"),
        *(
            compared(
                f"grant to acknowledgement beside a bare echo, p{share * 100:.0f}",
                percentile(grants, share) * 1e3,
                "ms",
                percentile(echoes, share) * 1e3,
            )
            for share in (0.5, 0.99)
        ),
    ]


def _listen(ages_s: list[float]) -> tuple[float, list[float]]:
    """Processor time of this process [s], and the ages of what came meanwhile."""
    time.sleep(SETTLE_S)
    began, first = time.process_time(), len(ages_s)
    time.sleep(MEASURED_S)
    return time.process_time() - began, ages_s[first:]


def _grants_s(ours: _Listening, visit: Visit) -> list[float]:
    took = []
    for number in range(1, GRANTS + 1):
        ours.accepted.clear()
        began = time.perf_counter()
        ours.links[0].send(ExtendGrant(number, (visit,)))
        if ours.accepted.wait(2):
            took.append(time.perf_counter() - began)
        time.sleep(GRANT_EVERY_S)
    return took
