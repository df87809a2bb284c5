"""For `bordergate bench ros`, in the robots' environment: many AGVs that do nothing but speak.

Run as `python ros_source.py COUNT HZ`. It publishes the state of COUNT AGVs, acknowledges grants of
the first, and sends back what it hears on `/echo`.
"""

import sys
import time
from functools import partial

import rclpy
from bordergate_msgs.msg import AgvState, Grant, GrantAck
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import String


def main() -> None:
    """Until it is told to end."""
    count, hz = int(sys.argv[1]), float(sys.argv[2])
    rclpy.init()
    node = Node("source")
    agvs = [
        node.create_publisher(AgvState, f"/agv_{number:03d}/state", 10)
        for number in range(1, count + 1)
    ]
    acks = node.create_publisher(GrantAck, "/agv_001/grant_ack", 10)
    echoes = node.create_publisher(String, "/echoed", 10)
    state = AgvState(battery=0.5, end_seq=0, cleared_seq=-1, stood_seq=0)
    state.header.frame_id = "map"

    def speak(first: int, every: int) -> None:
        for agv in agvs[first::every]:
            state.header.stamp.sec, state.header.stamp.nanosec = divmod(time.time_ns(), 10**9)
            agv.publish(state)

    def answer(grant: Grant) -> None:
        end = grant.visits[-1].seq
        acks.publish(GrantAck(number=grant.number, taken=grant.number, end_seq=end))

    parts = 10  # robots are not in step with each other
    timers = [node.create_timer(1 / hz, partial(speak, part, parts)) for part in range(parts)]
    node.create_subscription(Grant, "/agv_001/grant", answer, 10)
    node.create_subscription(String, "/echo", echoes.publish, 10)
    print("ready", len(timers), flush=True)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        return


if __name__ == "__main__":
    main()
