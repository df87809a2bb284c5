"""The demo gate on real Ray, every device a real ROS node behind the real rosbridge."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
import roslibpy

from actors.messages import Order, PlaceAnswer, PlaceVehicle, PutOrder
from actors.site.bundled import find_site
from interfaces.drivers import robots_behind
from interfaces.gate import LiveGate
from interfaces.pump import ViewPump
from interfaces.view import LiveView, VehicleView
from robotics.ros.domain import RosDomain
from robotics.ros.names import ros_name
from robotics.ros.rosbridge import LOOPBACK, Rosbridge
from sim.plant.reference import in_processes, setups
from tests.gate_server import free_port
from tests.live_orders import request, until, virtual_histories

SPEED = 30.0


@pytest.fixture(scope="module")
def running(ros_domain: RosDomain, rosbridge: Rosbridge) -> Iterator[tuple[LiveGate, LiveView]]:
    """The gate as it is with robots of others: all it has of them is where their rosbridge is."""
    gate = LiveGate(find_site("demo"), speed=SPEED, driver=robots_behind(rosbridge.url))
    view = LiveView(gate.site, gate.roadmap, gate.devices)
    made = setups(gate.site, gate.roadmap, gate.day)
    with contextlib.ExitStack() as robots:
        for process in in_processes(ros_domain, made, gate.gate_time, seed=1):
            robots.enter_context(process)
        with gate, ViewPump(view, gate.keeper, gate.signals):
            gate.start(lambda _name, _process: None)
            yield gate, view


@pytest.mark.timeout(300)
def test_orders_go_through_the_same_events_over_ros_as_in_virtual_time(
    running: tuple[LiveGate, LiveView],
):
    gate, view = running
    orders = [request(f"ros-{i}", "VN-CN" if i % 3 == 0 else "CN-VN") for i in range(20)]
    for order in orders:
        gate.ask(PutOrder(order))

    def done() -> bool:
        found = [view.order(order.id) for order in orders]
        return all(item is not None and item.order.state == "done" for item in found)

    until(done, "all orders done", 240)
    virtual = virtual_histories(orders)
    for number, order in enumerate(orders):
        found = view.order(order.id)
        assert found is not None
        states, vehicle = virtual[order.id]
        assert [mark.state for mark in found.order.history] == states
        # The first six find all AGVs at rest, so that even the choice of the AGV is the same.
        if number < 6:
            assert found.order.vehicle == vehicle


@pytest.mark.timeout(240)
def test_a_rosbridge_that_is_restarted_is_taken_up_again(
    running: tuple[LiveGate, LiveView], rosbridge: Rosbridge
):
    gate, view = running

    def states() -> set[str]:
        return {vehicle.device.state for vehicle in view.vehicles()}

    def state(order: str) -> str:
        found = view.order(order)
        return found.order.state if found is not None else ""

    gate.ask(PutOrder(request("restarted", "CN-VN")))
    until(lambda: state("restarted") == "to_pickup", "under way")
    rosbridge.stop()
    until(lambda: states() == {"link_lost"}, "the loss is noticed", 10)
    rosbridge.start()
    until(lambda: states().isdisjoint({"link_lost", "unknown"}), "all are known again", 30)
    until(lambda: state("restarted") == "done", "done")


@pytest.mark.timeout(240)
def test_a_loaded_agv_that_broke_down_is_towed_and_goes_on_with_its_container(
    running: tuple[LiveGate, LiveView], rosbridge: Rosbridge
):
    gate, view = running

    def order() -> Order | None:
        found = view.order("towed")
        return found.order if found is not None else None

    def state() -> str:
        found = order()
        return found.state if found is not None else ""

    def vehicle() -> VehicleView:
        return next(v for v in view.vehicles() if v.device.id == agv)

    def fault(text: str) -> None:
        topic.publish(roslibpy.Message({"data": text}))

    gate.ask(PutOrder(request("towed", "CN-VN")))
    until(lambda: state() == "carrying", "its container is on an AGV")
    found = order()
    assert found is not None
    agv = found.vehicle
    ros = roslibpy.Ros(LOOPBACK, rosbridge.port, transport="asyncio")
    ros.run(20)
    topic = roslibpy.Topic(ros, f"/{ros_name(agv)}/inject_fault", "std_msgs/msg/String")
    topic.advertise()

    def broken() -> bool:
        fault("drive 2")  # again: who publishes may not have been found yet
        return vehicle().device.state == "faulted"

    until(broken, "it has broken down")
    places = gate.roadmap.places.values()
    parking = [place.id for place in places if (place.kind, place.side) == ("parking", "CN")]
    answers = [gate.ask(PlaceVehicle(agv, place)) for place in parking]
    assert PlaceAnswer("asked") in answers

    def well() -> bool:
        fault("")
        return vehicle().device.state != "faulted"

    until(well, "it is repaired")
    until(lambda: state() == "done", "its container is delivered")
    ros.close()
    found = order()
    assert found is not None
    assert found.vehicle == agv
    assert [mark.state for mark in found.history].count("loading") == 1


@pytest.mark.timeout(240)
def test_up_with_reference_robots_leaves_nothing_behind(ros_domain: RosDomain):
    up = subprocess.Popen(
        [
            sys.executable, "-m", "interfaces.main", "up", "demo", "--driver", "ros", "--reference",
            "--no-arrivals", "--port", str(free_port()),
        ],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert up.stdout is not None
    try:
        said = list(iter(up.stdout.readline, "Ctrl-C ends it.\n"))
        assert "Ready: 14 devices and the fleet manager.\n" in said
        started = psutil.Process(up.pid).children(recursive=True)
        assert any("robotics.ros.reference" in process.cmdline() for process in started)
        up.send_signal(signal.SIGINT)
        assert up.wait(10) == 0
    finally:
        if up.poll() is None:
            up.kill()
    _, left = psutil.wait_procs(started, timeout=1)
    assert [process.name() for process in left] == []
