"""A paused server makes steps as it is told. Here it is one of ours on the real transport."""

import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from robotics.gazebo.messages import message_class
from robotics.gazebo.models import CLOCK, Models, served_package, served_world
from robotics.gazebo.network import Network, network_of
from robotics.gazebo.node import Node, NoReplyError
from robotics.gazebo.stepper import Stepper, runs_by_itself

STEPS, STEP_NS = 20, 1_000_000
CLOCK_KIND: Any = message_class("Clock", "gz.msgs")
WAIT_S = 10.0


class Server:
    """Its clock, and the steps that it is told; nothing moves in it."""

    def __init__(self, node: Node) -> None:
        self.sim_ns = 0
        self._clock = node.advertise(CLOCK, CLOCK_KIND)
        control, truth = (
            message_class("WorldControl", "gz.msgs"),
            message_class("Boolean", "gz.msgs"),
        )
        self._truth: Any = truth
        node.provide("/world/w/control", control, truth, self._on_control)

    def show(self) -> None:
        now = CLOCK_KIND()
        now.sim.sec, now.sim.nsec = divmod(self.sim_ns, 10**9)
        self._clock.publish(now)

    def _on_control(self, order: Any) -> Any:
        assert order.pause
        self.sim_ns += order.multi_step * STEP_NS
        self.show()
        return self._truth(data=True)


@pytest.fixture
def network() -> Network:
    return network_of({"GZ_IP": "127.0.0.1", "GZ_PARTITION": uuid.uuid4().hex})


@pytest.fixture
def server(network: Network) -> Iterator[Server]:
    with Node(network) as node:
        yield Server(node)


@pytest.fixture
def node(network: Network) -> Iterator[Node]:
    with Node(network) as node:
        yield node


def models_of(node: Node) -> Models:
    return Models(node, [], 15.0, "gz.msgs", lambda _news: None)


def test_it_makes_a_period_of_steps_each_time_and_no_more(node: Node, server: Server) -> None:
    models = models_of(node)
    stepper = Stepper(node, models, "w", "gz.msgs", STEPS, STEP_NS)
    begin_ns = server.sim_ns
    for count in range(1, 11):
        stepper.go_on()
        assert models.wait_clock(stepper.due_ns, WAIT_S)
        assert stepper.is_done
        assert server.sim_ns == begin_ns + count * STEPS * STEP_NS
    assert not runs_by_itself(models)
    assert served_package(node) == "gz.msgs"
    assert served_world(node, "w") == "w"


def test_it_goes_on_in_a_world_that_was_reset(node: Node, server: Server) -> None:
    models = models_of(node)
    stepper = Stepper(node, models, "w", "gz.msgs", STEPS, STEP_NS)
    for _ in range(3):
        stepper.go_on()
        assert models.wait_clock(stepper.due_ns, WAIT_S)
    stepper.go_on()
    server.sim_ns = STEP_NS
    ends_s = time.monotonic() + WAIT_S
    while models.sim_ns != STEP_NS:
        assert time.monotonic() < ends_s
        server.show()
    assert stepper.is_done
    stepper.go_on()
    assert models.wait_clock(stepper.due_ns, WAIT_S)
    assert server.sim_ns == STEP_NS + STEPS * STEP_NS


def test_a_server_that_runs_is_known_by_its_clock(node: Node, server: Server) -> None:
    models = models_of(node)
    ends = threading.Event()

    def run() -> None:
        while not ends.wait(0.02):
            server.sim_ns += 20 * STEP_NS
            server.show()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert runs_by_itself(models)
    finally:
        ends.set()
        thread.join()


def test_without_such_a_world_nobody_answers(
    node: Node, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("robotics.gazebo.stepper.PATIENCE_S", 1.0)
    with pytest.raises(NoReplyError, match="/world/other/control: no answer"):
        Stepper(node, models_of(node), "other", "gz.msgs", STEPS, STEP_NS)
