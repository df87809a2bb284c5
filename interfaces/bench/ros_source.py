"""For `bordergate bench ros`, in the robots' environment: many AGVs that do nothing but speak.

Run as `python ros_source.py COUNT HZ FILE`. It publishes the state of COUNT AGVs, acknowledges
grants of the first, and sends back what it hears on `/echo`. When it is told to end, it writes into
FILE the stamps [ns] of all that each AGV published, as JSON.
"""

import contextlib
import json
import sys
import time
from functools import partial
from pathlib import Path

import rclpy
from bordergate_msgs.msg import AgvState, Grant, GrantAck
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import String


def main() -> None:
    """Until it is told to end."""
    count, hz, file = int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3])
    rclpy.init()
    node = Node("source")
    names = [f"agv_{number:03d}" for number in range(1, count + 1)]
    published: dict[str, list[int]] = {name: [] for name in names}
    agvs = [
        (node.create_publisher(AgvState, f"/{name}/state", 10), stamps)
        for name, stamps in published.items()
    ]
    acks = node.create_publisher(GrantAck, "/agv_001/grant_ack", 10)
    echoes = node.create_publisher(String, "/echoed", 10)
    state = AgvState(battery=0.5, end_seq=0, cleared_seq=-1, stood_seq=0)
    state.header.frame_id = "map"

    def speak(first: int, every: int) -> None:
        for agv, stamps in agvs[first::every]:
            stamps.append(time.time_ns())
            state.header.stamp.sec, state.header.stamp.nanosec = divmod(stamps[-1], 10**9)
            agv.publish(state)

    def answer(grant: Grant) -> None:
        end = grant.visits[-1].seq
        acks.publish(GrantAck(number=grant.number, taken=grant.number, end_seq=end))

    parts = 10  # robots are not in step with each other
    timers = [node.create_timer(1 / hz, partial(speak, part, parts)) for part in range(parts)]
    node.create_subscription(Grant, "/agv_001/grant", answer, 10)
    node.create_subscription(String, "/echo", echoes.publish, 10)
    print("ready", len(timers), flush=True)
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)
    file.write_text(json.dumps(published))


if __name__ == "__main__":
    main()
