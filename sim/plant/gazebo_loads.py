"""What AGVs carry, as models of a Gazebo server: there while the controllers say so.

They are to be seen and to be driven with, and nothing waits for them: a container that the server
does not take, or does not let go of, is one line on standard error, and the gate goes on.
"""

import queue
import sys
import threading
from typing import Any

import msgspec

from robotics.gazebo.messages import Package, message_class
from robotics.gazebo.models import LOAD
from robotics.gazebo.node import Node, NoReplyError
from robotics.gazebo.vehicle import GazeboVehicle
from sim.gazebo_world.agv import DECK_M
from sim.gazebo_world.container import (
    GROSS_KG_MAX,
    Carrier,
    container_model,
    container_size_m,
)
from sim.gazebo_world.elements import At, document
from sim.gazebo_world.release import release_for

SIZE_TYPE = "45G1"
"""Of every load, and each is as heavy as it may be: a controller is not told what it carries, and
two containers of 20 ft are shown as one."""
LOAD_HEIGHT_M = container_size_m(SIZE_TYPE)[2]
MODEL = 2
"""The type of an entity that is a model, in Gazebo's messages."""
ANSWER_S, CLOSE_S = 2.0, 0.3
"""The server is given so long to take an order, and so long when we end [ours]."""


class _Order(msgspec.Struct, frozen=True):
    agv: str
    at: At | None
    """Where the load is put; None: it is taken away."""


class GazeboLoads:
    """The containers in one world of a server.

    Orders go to the server one after another from a thread of their own, since it may be slow to
    answer. At most two an AGV wait for those before them: an AGV is not loaded and unloaded within
    minutes.
    """

    def __init__(self, node: Node, world: str, package: Package) -> None:
        self._node, self._world, self._package = node, world, package
        self._loaded: set[str] = set()
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loads", daemon=True)
        self._thread.start()

    def show(self, vehicle: GazeboVehicle, now_ns: int) -> None:
        """Have a container on an AGV's deck, or none, as its controller says; it never waits."""
        agv = vehicle.device
        if bool(vehicle.container) == (agv in self._loaded):
            return
        if vehicle.container:
            self._loaded.add(agv)
            stands = vehicle.signal(now_ns)
            deck = At(stands.x_m, stands.y_m, DECK_M, stands.heading_rad)
            self._orders.put(_Order(agv, deck))
        else:
            self._loaded.discard(agv)
            self._orders.put(_Order(agv, None))

    def close(self) -> None:
        """Leave no container behind, if the server is still there."""
        for agv in self._loaded:
            self._orders.put(_Order(agv, None))
        self._closing.set()
        self._orders.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            is_last = self._closing.is_set()
            try:
                self._call(order, CLOSE_S if is_last else ANSWER_S)
            except NoReplyError as error:
                if is_last:
                    return  # it has gone, as is to be expected
                print(f"{order.agv}{LOAD} is not as it ought to be: {error}", file=sys.stderr)

    def _call(self, order: _Order, timeout_s: float) -> None:
        name = order.agv + LOAD
        request: Any
        if order.at is None:
            service, request = "remove", message_class("Entity", self._package)()
            request.name, request.type = name, MODEL
        else:
            service, request = "create", message_class("EntityFactory", self._package)()
            carrier, release = Carrier(order.agv, "body"), release_for(self._package)
            model = container_model(name, order.at, SIZE_TYPE, GROSS_KG_MAX, carrier, release)
            request.name, request.sdf = name, document(model).decode()
        done = self._node.call(
            f"/world/{self._world}/{service}",
            request,
            message_class("Boolean", self._package),
            timeout_s,
        )
        if not done.data:
            raise NoReplyError(f"{service}: the server refuses")
