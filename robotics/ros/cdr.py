"""Messages as bytes the way ROS 2 writes them: XCDR version 1, little-endian (OMG DDS-XTypes 7.4).

Every value begins at a multiple of its own size, counted from the end of the four bytes that say
which encoding it is.
"""

import struct
from functools import lru_cache

LITTLE_ENDIAN = b"\x00\x01\x00\x00"

_COUNT = struct.Struct("<I")
_ZEROS = bytes(8)


@lru_cache(maxsize=4096)  # of frames and devices, above all, which come again and again
def _counted(text: str) -> bytes:
    data = text.partition("\0")[0].encode(errors="replace") + b"\0"
    return _COUNT.pack(len(data)) + data


class CdrWriter:
    """Appends values in the order in which the message's definition names them."""

    def __init__(self) -> None:
        self._data = bytearray(LITTLE_ENDIAN)

    def put(self, layout: struct.Struct, size: int, *values: float) -> None:
        """Append values that are all `size` bytes wide; `layout` is little-endian."""
        data = self._data
        padding = -(len(data) - 4) % size
        if padding:
            data += _ZEROS[:padding]
        data += layout.pack(*values)

    def count(self, length: int) -> None:
        """Append the length of a sequence; its elements follow."""
        self.put(_COUNT, 4, length)

    def string(self, text: str) -> None:
        """Append a string; what stands after a NUL would be lost to readers and is left out."""
        data = self._data
        padding = -len(data) % 4  # the four bytes of the encoding change nothing here
        if padding:
            data += _ZEROS[:padding]
        data += _counted(text)

    def done(self) -> bytes:
        """The message."""
        return bytes(self._data)
