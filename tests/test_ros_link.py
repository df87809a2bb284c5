"""The ROS link against a real rosbridge server and a real controller, while all of it fails."""

import hashlib
import json
import os
import queue
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
import roslibpy
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_websocket

from actors.codec import encode
from actors.messages import ExtendGrant, LinkRestored, Message, ScanFinished
from actors.safety import LimitSpeed
from robotics.imaging.picture import png16
from robotics.imaging.reported import ScanImages
from robotics.imaging.store import FolderImages
from robotics.ros import wire
from robotics.ros.domain import RosDomain
from robotics.ros.link import RENEW_S
from robotics.ros.names import ros_name
from robotics.ros.rosbridge import LOOPBACK, Rosbridge
from robotics.ros.talk import PACKAGE, PATIENCE_S, Publish
from robotics.telemetry import Bus, LinkSignal, SignalForwarder, SignalReader
from sim.xray.scan import Scanner, scan
from tests.ros_drawn import agv_state, damaged, header, json_values, scanner_state
from tests.ros_gate import AGV, Drive, check, links, robot_in
from tests.stalling_proxy import StallingProxy

# Websockets mask what they send by random numbers, in their own threads, at any time.
OTHER_THREADS_DRAW = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
TRIES = 15

rosbridge_frames = st.fixed_dictionaries(
    {
        "op": st.sampled_from(
            ["publish", "status", "service_response", "action_result", "action_feedback", "png"]
        )
    },
    optional={
        "topic": st.sampled_from(["/agv_001/state", "/agv_001/grant_ack", "/other"]),
        "msg": json_values,
        "id": json_values,
        "level": json_values,
        "values": json_values,
        "result": json_values,
        "status": json_values,
    },
)


def test_an_agv_drives_loads_and_charges_over_ros(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    with robot_in(ros_domain, tmp_path) as robot:
        drive = Drive(links(rosbridge.url, tmp_path), steps=8)
        drive.run_to_end(limit_s=40)
        drive.close()
    check(drive, robot)
    assert robot.noted("loaded") == [1, 3, 5, 7]
    assert robot.noted("charging") == [2, 6]
    assert drive.link.counts()["late samples"] == 0


def test_no_outage_of_rosbridge_makes_an_agv_do_what_it_was_not_told(
    ros_domain: RosDomain, tmp_path: Path
):
    """20 outages for each of two AGVs, which have a server each."""
    draw = random.Random(7)

    def drive_through(agv: str, pauses_s: list[float]) -> None:
        folder = tmp_path / agv
        folder.mkdir()
        with (
            Rosbridge(ros_domain) as server,
            robot_in(ros_domain, folder, ros_name(agv)) as robot,
        ):
            drive = Drive(links(server.url, folder), steps=200, agv=agv)
            for pause_s in pauses_s:
                drive.run(lambda: drive.link.alive, limit_s=20)
                drive.run_for(pause_s)
                server.process.kill()
                server.process.wait()
                server.start()
            reached = drive.step
            drive.run(lambda: drive.step >= reached + 2, limit_s=20)
            drive.close()
        check(drive, robot)
        assert drive.link.counts()["connections"] >= len(pauses_s)

    with ThreadPoolExecutor() as pool:
        driven = [
            pool.submit(drive_through, agv, [draw.uniform(0, 0.8) for _ in range(20)])
            for agv in (AGV, "AGV-002")
        ]
    for drive in driven:
        drive.result()


def test_a_controller_that_is_killed_goes_on_with_the_road_that_it_had(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    with robot_in(ros_domain, tmp_path) as robot:
        drive = Drive(links(rosbridge.url, tmp_path), steps=200)
        for goal in (2, 4):
            drive.run_to_step(goal, limit_s=30)
            robot.kill()
            drive.run(lambda: not drive.link.alive, limit_s=5)
            robot.start()
        drive.run(lambda: drive.step >= 6, limit_s=30)
        drive.close()
    check(drive, robot)


def test_a_controller_that_freezes_is_lost_and_acts_on_nothing_old_when_it_wakes(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    with robot_in(ros_domain, tmp_path) as robot:
        drive = Drive(links(rosbridge.url, tmp_path), steps=200)
        drive.run(lambda: drive.step >= 2, limit_s=30)
        assert robot.process is not None
        os.kill(robot.process.pid, signal.SIGSTOP)
        granted = drive.granted
        drive.run(lambda: not drive.link.alive, limit_s=5)
        os.kill(robot.process.pid, signal.SIGCONT)
        drive.run(lambda: drive.step >= 4, limit_s=30)
        drive.close()
    check(drive, robot)
    assert drive.granted > granted


def test_a_socket_that_looks_open_and_is_dead_is_found_out(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    with robot_in(ros_domain, tmp_path) as robot, StallingProxy(rosbridge.port) as proxy:
        drive = Drive(links(proxy.url, tmp_path), steps=200)
        drive.run(lambda: drive.step >= 2, limit_s=30)
        proxy.stall()
        drive.run(lambda: not drive.link.alive, limit_s=5)
        drive.run(lambda: drive.link.alive, limit_s=10)  # on another connection
        proxy.resume()  # what was held back comes now
        reached = drive.step
        drive.run(lambda: drive.step >= reached + 2, limit_s=30)
        drive.close()
    check(drive, robot)


def test_a_grant_that_roslibpy_replays_is_too_late_for_the_robot(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    """The hazard that the link avoids, provoked with roslibpy as it is."""
    with robot_in(ros_domain, tmp_path) as robot:
        drive = Drive(links(rosbridge.url, tmp_path), steps=200)
        drive.run(lambda: drive.step >= 1, limit_s=30)
        bare = roslibpy.Ros(LOOPBACK, rosbridge.port, transport="asyncio")
        bare.run(10)
        topic = roslibpy.Topic(bare, "/agv_001/grant", "bordergate_msgs/msg/Grant")
        topic.advertise()
        made = links(rosbridge.url, tmp_path)
        talk = made.talk(AGV, "vehicle")
        # What roslibpy replays comes with its connection, and is lost if ROS has not brought the
        # new server and the robot together by then: so the hazard is provoked until it is there.
        for number in range(1000, 1000 + TRIES):
            rosbridge.stop()
            drive.run(lambda: not drive.link.alive and not bare.is_connected, limit_s=10)
            ahead = drive.visits[drive.granted + 1 : drive.granted + 4]
            [grant] = talk.tell(ExtendGrant(number, tuple(ahead)), made.gate_time().now_ns())
            assert isinstance(grant, Publish)
            topic.publish(roslibpy.Message(grant.body))  # raises nothing, and is kept
            drive.run_for(PATIENCE_S)
            rosbridge.start()
            drive.run(lambda: drive.link.alive and bare.is_connected, limit_s=30)
            drive.run_for(PATIENCE_S)
            if max(robot.noted("grant"), default=0) >= 1000:
                break
        bare.close()
        drive.close()
    check(drive, robot)
    replayed = [note for note in robot.notes if note.get("grant", 0) >= 1000]
    assert replayed, f"roslibpy replayed nothing in {TRIES} tries"
    assert {note["result"] for note in replayed} == {1}  # late


def test_a_scanners_image_is_taken_in_beside_its_link_which_stays_alive(
    rosbridge: Rosbridge, tmp_path: Path
):
    left, kept = tmp_path / "left", tmp_path / "kept"
    left.mkdir()
    image = png16(scan("fruit", "22G1", "1", scanner=Scanner(pitch_m=0.0125)).image)
    (left / "a.png").write_bytes(image)
    sha256 = hashlib.sha256(image).hexdigest()
    made = replace(links(rosbridge.url, tmp_path), images=ScanImages(str(left), str(kept)))
    link, clock = made("VN-X1"), made.gate_time()
    assert link is not None
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    link.open(heard.put)
    ros = roslibpy.Ros(LOOPBACK, rosbridge.port, transport="asyncio")
    ros.run(10)
    topic = roslibpy.Topic(ros, f"/{ros_name('VN-X1')}/state", f"{PACKAGE}/msg/ScannerState")
    topic.advertise()
    news: list[Message] = []
    end_s = time.monotonic() + 30
    while not any(isinstance(message, ScanFinished) for message in news):
        assert time.monotonic() < end_s, news
        done = (wire.ScanReport(4, 0, "a.png", sha256, ()),) if news else ()
        state = scanner_state(clock.now_ns(), done=done)
        topic.publish(roslibpy.Message(msgspec.to_builtins(state)))
        time.sleep(0.1)  # as often as a scanner says its state
        while not heard.empty():
            news.append(heard.get())
    link.close()
    ros.close()
    name = f"VN-X1-4-{sha256[:16]}"
    assert news == [LinkRestored(), ScanFinished(4, "clear", name)]
    assert FolderImages(kept).raw(name)


def test_what_the_link_is_given_while_there_is_no_connection_is_gone(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    with robot_in(ros_domain, tmp_path) as robot:
        drive = Drive(links(rosbridge.url, tmp_path), steps=200)
        drive.run(lambda: drive.step >= 1, limit_s=30)
        ahead = tuple(drive.visits[drive.granted + 1 : drive.granted + 4])
        for number in range(1000, 1050):
            if number == 1025:  # some of them in the moment in which the socket dies
                rosbridge.process.kill()
            if number == 1045:
                rosbridge.process.wait()
                drive.run(lambda: not drive.link.alive, limit_s=5)
            drive.link.send(ExtendGrant(number, ahead))
        rosbridge.start()
        drive.granted = ahead[-1].seq
        drive.run(lambda: drive.link.alive, limit_s=20)
        drive.run(lambda: drive.step >= 2, limit_s=20)
        drive.close()
    check(drive, robot)
    assert not {*range(1045, 1050)} & {*robot.noted("grant")}
    assert all(note["late_s"] < 0 for note in robot.notes if "late_s" in note)


def test_a_limit_that_is_set_or_lifted_during_an_outage_is_the_first_that_the_robot_hears(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    def outage(limit: LimitSpeed) -> None:
        rosbridge.stop()
        drive.run(lambda: not drive.link.alive, limit_s=10)
        drive.host.deliver(encode(limit))
        drive.run_for(PATIENCE_S)
        rosbridge.start()
        drive.run(lambda: limit.number in robot.noted("limit"), limit_s=30)

    with robot_in(ros_domain, tmp_path) as robot:
        drive = Drive(links(rosbridge.url, tmp_path), steps=200)
        drive.run(lambda: drive.step >= 2, limit_s=30)
        outage(LimitSpeed(5, 0.0, "smoke"))
        heard = next(i for i, note in enumerate(robot.notes) if note.get("limit") == 5)
        drive.run_for(PATIENCE_S)
        robot.kill()  # what a robot has been told, it keeps
        drive.run(lambda: not drive.link.alive, limit_s=10)
        robot.start()
        drive.run(lambda: drive.link.alive, limit_s=30)
        drive.run_for(PATIENCE_S)
        assert not [note for note in robot.notes[heard:] if "at_m" in note]
        outage(LimitSpeed(6, None))
        reached = drive.step
        drive.run(lambda: drive.step >= reached + 2, limit_s=30)
        drive.close()
    check(drive, robot)
    assert robot.noted("limit") == [5, 6]


@OTHER_THREADS_DRAW
def test_garbage_on_its_topics_puts_an_agv_to_doubt_and_not_to_motion(
    ros_domain: RosDomain, rosbridge: Rosbridge, tmp_path: Path
):
    ack = wire.GrantAck(header(time.time_ns()), 4, 0, 4, 9, "")
    (tmp_path / "bus").mkdir(mode=0o700)
    bus = Bus(str(tmp_path / "bus"))
    SignalForwarder(bus)
    reader = SignalReader(bus)
    told: list[LinkSignal] = []
    with robot_in(ros_domain, tmp_path) as robot:
        drive = Drive(replace(links(rosbridge.url, tmp_path), bus=bus), steps=200)
        drive.run(lambda: drive.step >= 1, limit_s=30)
        stranger = roslibpy.Ros(LOOPBACK, rosbridge.port, transport="asyncio")
        stranger.run(10)
        topics = {
            "state": roslibpy.Topic(stranger, "/agv_001/state", f"{PACKAGE}/msg/AgvState"),
            "grant_ack": roslibpy.Topic(stranger, "/agv_001/grant_ack", f"{PACKAGE}/msg/GrantAck"),
        }
        in_doubt = []

        @settings(max_examples=60, deadline=None, database=None)
        @given(
            st.one_of(
                st.tuples(st.just("state"), damaged(agv_state(time.time_ns()))),
                st.tuples(st.just("grant_ack"), damaged(ack)),
            )
        )
        def say_anything(said: tuple[str, bytes]) -> None:
            topic, data = said
            topics[topic].publish(roslibpy.Message(msgspec.json.decode(data)))
            in_doubt.append(not drive.link.alive)
            drive.run_for(0.05)

        say_anything()
        assert any(in_doubt)
        assert any(name.startswith("refused") for name in drive.link.counts())
        stranger.close()
        reached = drive.step
        drive.run(lambda: drive.step >= reached + 2, limit_s=30)

        def shown() -> bool:
            told.extend(link for frame in reader.read(0) for link in frame.links)
            return any(
                link.refusal and any(name.startswith("refused") for name in link.counts)
                for link in told
            )

        drive.run(shown, limit_s=10)
        drive.close()
        reader.close()
    check(drive, robot)


@OTHER_THREADS_DRAW
def test_a_server_that_sends_anything_at_all_is_refused_and_no_more(tmp_path: Path):
    sent = threading.Semaphore(0)
    frames: queue.SimpleQueue[str | bytes | None] = queue.SimpleQueue()

    def serve(connection: ServerConnection) -> None:
        while (frame := frames.get()) is not None:
            try:
                connection.send(frame)
            except ConnectionClosed:  # the link has made another one
                frames.put(frame)
                return
            sent.release()

    with serve_websocket(serve, LOOPBACK, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://{LOOPBACK}:{server.socket.getsockname()[1]}"
        link = links(url, tmp_path)(AGV)
        assert link is not None
        told: list[Message] = []
        began_s = time.monotonic()
        link.open(told.append)

        @settings(max_examples=200, deadline=None, database=None)
        @given(st.one_of(st.text(), st.binary(), rosbridge_frames.map(json.dumps)))
        def send(frame: str | bytes) -> None:
            frames.put(frame)
            assert sent.acquire(timeout=60)

        send()
        state = {"op": "publish", "topic": "/agv_001/state"}
        end_s = time.monotonic() + 60
        while not link.alive and time.monotonic() < end_s:  # sound samples restore it
            sample = msgspec.to_builtins(agv_state(time.time_ns()))
            frames.put(json.dumps({**state, "msg": sample}))
            assert sent.acquire(timeout=60)
            time.sleep(0.1)
        link.close()
        frames.put(None)
    assert told == [LinkRestored()]
    assert link.counts()["refused: form"] > 50
    # Nothing that is said ends it; only that nothing sound is said does, after a while.
    assert link.counts()["connections"] <= 1 + (time.monotonic() - began_s) / RENEW_S
