"""`bordergate bench ros`: links to 100 AGVs through one rosbridge server, beside bare roslibpy.

Both listen in this process, one after the other, to the same AGVs in the robots' environment.
"""

import datetime
import json
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
    heard: list[int]
    beats: bool

    def beat(self, now_ns: int) -> list[Outgoing]:
        """Only where this is measured with the gate's heartbeats."""
        return super().beat(now_ns) if self.beats else []

    def take(self, topic: str, data: msgspec.Raw, now_ns: int) -> list[Reaction] | None:
        news = super().take(topic, data, now_ns)
        if topic == "state":
            self.heard.append(self._samples.newest_ns)
            self.ages_s.append((time.time_ns() - self._samples.newest_ns) / 1e9)
        return news


class _Listening:
    """Our links, all in this process; outside of measurements they always beat."""

    def __init__(self, links: RosLinks, agvs: list[str], *, beats: bool) -> None:
        self.ages_s: list[float] = []
        self.heard: dict[str, list[int]] = {links.names[agv]: [] for agv in agvs}
        self.accepted = threading.Event()
        self.links = []
        patience_ns = round(PATIENCE_S * 1e9)
        roads = RoadFile(links.roads)
        for agv in agvs:
            talk = _NotedTalk(agv, roads, links.bounds, patience_ns, SILENCE_S)
            talk.ages_s, talk.heard, talk.beats = self.ages_s, self.heard[links.names[agv]], beats
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
        published = Path(folder) / "published.json"
        program = str(Path(__file__).with_name("ros_source.py"))
        source = domain.start_python(program, str(VEHICLES), str(HZ), str(published))
        assert source.stdout is not None
        source.stdout.readline()
        try:
            every = devices(site, day)
            gate_time = GateTime(epoch_ns=time.time_ns())
            links = ros_links(site, roadmap, every, server.url, gate_time, Path(folder))
            agvs = [d.id for d in every if d.kind == "vehicle"][:VEHICLES]
            say(f"bare roslibpy listens to {VEHICLES} AGVs")
            bare = BareSubscribers(LOOPBACK, server.port, [links.names[agv] for agv in agvs])
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
        stamps = json.loads(published.read_text())
    bare_lost, bare_sent = lost(stamps, bare.heard)
    our_lost, our_sent = lost(stamps, ours.heard)
    return [
        Figure("samples lost of those sent while bare roslibpy listened", bare_lost, "samples"),
        Figure("samples sent meanwhile", bare_sent, "samples"),
        Figure("samples lost of those sent while our links listened", our_lost, "samples"),
        Figure("samples sent meanwhile", our_sent, "samples"),
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


def lost(sent: dict[str, list[int]], heard: dict[str, list[int]]) -> tuple[int, int]:
    """How many samples were lost, of how many that each AGV sent from its first heard to its last.

    Both by AGV, as stamps [ns]. An AGV of which nothing was heard has lost all it sent.
    """
    missing = total = 0
    for agv, stamps in heard.items():
        first, last = (min(stamps), max(stamps)) if stamps else (0, max(sent[agv]))
        meanwhile = {stamp for stamp in sent[agv] if first <= stamp <= last}
        missing += len(meanwhile.difference(stamps))
        total += len(meanwhile)
    return missing, total


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
