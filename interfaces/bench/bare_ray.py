"""What bare Ray costs: the baseline that the gate's actors are measured against.

The one module besides the host that imports ray, since it must not go through the host.
"""

import os
import time
from typing import Any

import ray


class Empty:
    """An actor that does nothing."""

    def process(self) -> int:
        """The number of its process."""
        return os.getpid()


def start_empty(count: int) -> list[tuple[Any, int]]:
    """Start so many empty actors at once and wait until all answer: (handle, process)."""
    actor: Any = ray.remote(num_cpus=0, max_restarts=-1)(Empty)
    handles = [actor.remote() for _ in range(count)]
    return list(zip(handles, ray.get([handle.process.remote() for handle in handles]), strict=True))


def call_s(handle: Any) -> float:
    """How long one call there and back takes [s]."""
    began = time.perf_counter()
    ray.get(handle.process.remote())
    return time.perf_counter() - began
