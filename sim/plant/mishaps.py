"""What testers do to a live plant: break its robots, cut its wires."""

import zmq

from actors.codec import encode
from actors.messages import ClearFault, InjectFault, Message
from robotics.telemetry import Bus
from sim.plant.server import CUT, JOINED


class PlantMishaps:
    """See `sim.scenario.mishaps.Mishaps`; of one thread. Its commands go past the gate."""

    def __init__(self, bus: Bus) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUSH)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(bus.commands_at)

    def stop(self, device: str, reason: str) -> None:
        """The robot breaks down where it is."""
        self._tell(device, InjectFault(reason))

    def repair(self, device: str) -> None:
        """It is repaired there."""
        self._tell(device, ClearFault())

    def cut(self, device: str) -> None:
        """Device and controller no longer hear each other, and find that out by themselves."""
        self._socket.send_multipart([device.encode(), b"", CUT])

    def join(self, device: str) -> None:
        """They hear each other again."""
        self._socket.send_multipart([device.encode(), b"", JOINED])

    def _tell(self, device: str, message: Message) -> None:
        self._socket.send_multipart([device.encode(), encode(message)])

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()
