"""One MCAP file with ROS 2 messages in it, as `ros2 bag`, Foxglove and Rerun open it."""

from pathlib import Path

from mcap.writer import Writer

from interfaces.recording.samples import Sample

CHUNK_BYTES = 1 << 20
"""Compressed as one piece; a chunk that is not full is ended by `flush`."""
FILE_BYTES_MIN = 4 * CHUNK_BYTES

_CHUNK_INDEX_BYTES = 256
_CHANNEL_INDEX_BYTES = 10
_CHANNEL_BYTES = 256
_SCHEMA_BYTES = 8192
"""More than what the records at the end of a file take for each of these."""


class McapFile:
    """Writes samples to a new file; what was flushed is readable even if the writer is killed.

    Raises:
        OSError: as for any file, also later from its methods.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = path.open("xb")
        self._writer = Writer(self._stream, chunk_size=CHUNK_BYTES)
        self._writer.start(profile="ros2")
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self._written = self._stream.tell()
        self._chunks = 0
        self.messages = 0

    @property
    def size(self) -> int:
        """How big the file will at most be if it is closed now [B]."""
        at = self._stream.tell()
        if at != self._written:
            self._written = at
            self._chunks += 1
        index = _CHUNK_INDEX_BYTES + len(self._channels) * _CHANNEL_INDEX_BYTES
        tables = len(self._channels) * _CHANNEL_BYTES + len(self._schemas) * _SCHEMA_BYTES
        return at + CHUNK_BYTES + (self._chunks + 1) * index + tables

    def write(self, sample: Sample) -> None:
        """Append one message."""
        channel = self._channels.get(sample.topic)
        if channel is None:
            channel = self._register(sample)
        self._writer.add_message(channel, sample.stamp_ns, sample.data, sample.stamp_ns)
        self.messages += 1

    def flush(self) -> None:
        """Hand everything so far to the operating system, readable."""
        self._writer.flush()  # type: ignore[no-untyped-call]

    def close(self, notes: dict[str, str]) -> None:
        """Write the index and `notes`, the file's metadata `bordergate`."""
        try:
            self._writer.flush()  # type: ignore[no-untyped-call]
            self._writer.add_metadata("bordergate", notes)
            self._writer.finish()  # type: ignore[no-untyped-call]
        finally:
            self._stream.close()

    def abandon(self) -> None:
        """Leave the file as it is: what was flushed is readable."""
        self._stream.raw.close()  # past the buffer, which could not be written

    def _register(self, sample: Sample) -> int:
        name, text = sample.schema.name, sample.schema.text
        if name not in self._schemas:
            self._schemas[name] = self._writer.register_schema(name, "ros2msg", text.encode())
        channel = self._writer.register_channel(sample.topic, "cdr", self._schemas[name])
        self._channels[sample.topic] = channel
        return channel
