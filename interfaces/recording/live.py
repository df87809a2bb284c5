"""The gate live in Foxglove: a WebSocket server on loopback with the topics of the recordings."""

from collections.abc import Mapping

import foxglove
from foxglove.websocket import ChannelView, Client, ServerListener

from interfaces.recording.samples import ROADMAP_TOPIC, Sample
from robotics.ros.definitions import Schema

HOST = "127.0.0.1"
BACKLOG = 4096
"""Messages kept for a client that lags; the oldest are dropped. Some two seconds of 120 AGVs."""


class LiveServer(ServerListener):
    """Shows samples to any number of clients; a slow one loses messages and holds nobody up.

    Port 0 lets the system choose one. The roadmap is told to each client when it subscribes.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self, title: str, port: int, topics: Mapping[str, Schema], roadmap: Sample
    ) -> None:
        self._context = foxglove.Context()  # channels are closed when it goes
        self._roadmap = roadmap
        self._last_ns = 0
        self._channels = {
            topic: foxglove.Channel(
                topic,
                message_encoding="cdr",
                schema=foxglove.Schema(
                    name=schema.name, encoding="ros2msg", data=schema.text.encode()
                ),
                context=self._context,
            )
            for topic, schema in topics.items()
        }
        try:
            self._server = foxglove.start_server(
                name=title,
                host=HOST,
                port=port,
                context=self._context,
                server_listener=self,
                message_backlog_size=BACKLOG,
            )
        except RuntimeError as error:
            raise OSError(str(error)) from error
        self.port = self._server.port

    def on_subscribe(self, client: Client, channel: ChannelView) -> None:
        """Called in the server's own thread."""
        if channel.topic == ROADMAP_TOPIC:
            self._channels[ROADMAP_TOPIC].log(self._roadmap.data, log_time=self._last_ns)

    def show(self, sample: Sample) -> None:
        """Send one message to those who have subscribed to its topic; never waits."""
        self._last_ns = sample.stamp_ns
        self._channels[sample.topic].log(sample.data, log_time=sample.stamp_ns)

    def close(self) -> None:
        """End the server and its connections."""
        self._server.stop()
