"""Our end of Gazebo Transport against Gazebo's own: its library, and its command-line tools."""

import contextlib
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from robotics.gazebo.messages import message_class, type_name
from robotics.gazebo.network import Network, network_of
from robotics.gazebo.node import Node, NoReplyError
from tests.gazebo_peer import PATIENCE_S, Peer, apart, built, running

TOOLS = Path("/usr/libexec/ignition/transport11")
TEXT: Any = message_class("StringMsg", "ignition.msgs")
TRUTH: Any = message_class("Boolean", "ignition.msgs")
MESSAGES = 5_000


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The peer of `gazebo_native.cc`."""
    folder = tmp_path_factory.mktemp("native")
    return built("gazebo_native.cc", ["ignition-transport11"], folder)


@pytest.fixture
def environment() -> dict[str, str]:
    return apart()


@pytest.fixture
def network(environment: dict[str, str]) -> Network:
    return network_of(environment)


@pytest.fixture
def node(network: Network) -> Iterator[Node]:
    with Node(network) as made:
        yield made


Start = Callable[..., Peer]


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    with contextlib.ExitStack() as started:

        def begin(*command: str | Path) -> Peer:
            return started.enter_context(running([str(part) for part in command], environment))

        yield begin


def heard(node: Node, topic: str) -> "queue.SimpleQueue[str]":
    found: queue.SimpleQueue[str] = queue.SimpleQueue()
    node.subscribe(topic, TEXT, lambda message: found.put(message.data))
    return found


def take(found: "queue.SimpleQueue[str]", count: int) -> list[str]:
    return [found.get(timeout=PATIENCE_S) for _ in range(count)]


NUMBERS = [str(number) for number in range(MESSAGES)]


def test_5000_messages_of_the_library_are_heard_in_order(node, native, start):
    found = heard(node, "/theirs")
    start(native, "publish", "/theirs", str(MESSAGES))
    assert take(found, MESSAGES) == NUMBERS
    assert found.empty()
    assert not node.counts


def test_the_library_hears_5000_messages_in_order(node, native, start):
    publisher = node.advertise("/ours", TEXT)
    peer = start(native, "count", "/ours", str(MESSAGES))
    assert publisher.wait(PATIENCE_S)
    for number in NUMBERS:
        publisher.publish(TEXT(data=number))
    assert peer.line() == "ready"
    assert peer.line() == f"counted {MESSAGES}"


def test_who_comes_late_hears_what_is_said_from_then_on(node, native, start):
    publisher = node.advertise("/ours", TEXT)
    publisher.publish(TEXT(data="nobody hears this"))
    peer = start(native, "count", "/ours", "1")
    assert peer.line() == "ready"
    assert publisher.wait(PATIENCE_S)
    publisher.publish(TEXT(data="0"))
    assert peer.line() == "counted 1"


def test_a_subscription_made_after_the_publisher_came_is_served(node, native, start):
    start(native, "publish", "/theirs", "3")
    offered = threading.Event()
    while not any(offer.topic.endswith("@/theirs") for offer in node.offered()):
        assert not offered.wait(0.05)
    assert take(heard(node, "/theirs"), 3) == ["0", "1", "2"]


def test_a_publisher_that_is_killed_and_started_again_is_heard_again(node, native, start):
    found = heard(node, "/theirs")
    first = start(native, "publish", "/theirs", "2")
    assert take(found, 2) == ["0", "1"]
    first.kill()  # it says no goodbye
    start(native, "publish", "/theirs", "2")
    assert take(found, 2) == ["0", "1"]


def test_the_library_hears_us_again_after_we_were_restarted(network, native, start):
    peer = start(native, "count", "/ours", "2")
    assert peer.line() == "ready"
    for number in ("0", "1"):
        with Node(network) as ours:
            publisher = ours.advertise("/ours", TEXT)
            assert publisher.wait(PATIENCE_S)
            publisher.publish(TEXT(data=number))
    assert peer.line() == "counted 2"


def test_gazebos_tool_echoes_what_we_publish_and_lists_it(node, environment, start):
    publisher = node.advertise("/ours", TEXT)
    echo = start(TOOLS / "ign-transport-topic", "-e", "-t", "/ours", "-n", "2")
    assert publisher.wait(PATIENCE_S)
    for text in ("one", "two"):
        publisher.publish(TEXT(data=text))
    assert [echo.line(), echo.line()] == ['data: "one"', 'data: "two"']
    assert echo.process.wait(PATIENCE_S) == 0
    for option, expected in (("-l", "/ours"), ("-i", "ignition.msgs.StringMsg")):
        said = subprocess.run(
            [TOOLS / "ign-transport-topic", option, "-t", "/ours"],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert expected in said.stdout


def test_what_gazebos_tool_publishes_is_heard(node, environment):
    found = heard(node, "/theirs")
    # The tool ends at once when it has published, and may take its message along: to its own
    # listeners, too. So it is run until one has come.
    for _ in range(20):
        subprocess.run(
            [TOOLS / "ign-transport-topic", "-t", "/theirs", "-m", type_name(TEXT),
             "-p", 'data: "from the tool"'],
            env=environment, check=True,
        )  # fmt: skip
        with contextlib.suppress(queue.Empty):
            assert found.get(timeout=1) == "from the tool"
            return
    raise AssertionError("nothing has come of 20 messages")


def test_a_service_of_the_library_is_called(node, native, start):
    assert start(native, "serve", "/judge").line() == "ready"
    assert node.call("/judge", TEXT(data="good"), TRUTH, PATIENCE_S).data is True
    assert node.call("/judge", TEXT(data="bad"), TRUTH, PATIENCE_S).data is False
    with pytest.raises(NoReplyError, match=r"/judge: it failed"):
        node.call("/judge", TEXT(data="fail"), TRUTH, PATIENCE_S)


def test_the_library_calls_a_service_of_ours(node, native, start):
    node.provide("/ours", TEXT, TRUTH, lambda text: TRUTH(data=text.data == "good"))
    assert start(native, "call", "/ours", "good").line() == "yes"
    assert start(native, "call", "/ours", "bad").line() == "no"


def test_a_service_that_is_not_there_is_an_error_after_its_time(node):
    with pytest.raises(NoReplyError, match=r"/nobody: no answer in 0.1 s"):
        node.call("/nobody", TEXT(data="good"), TRUTH, 0.1)


def test_partitions_do_not_hear_each_other(node, environment):
    found = heard(node, "/shared")
    with Node(network_of({**environment, "IGN_PARTITION": "another"})) as other:
        elsewhere = other.advertise("/shared", TEXT)
        with Node(node.network) as ours:
            here = ours.advertise("/shared", TEXT)
            assert here.wait(PATIENCE_S)
            elsewhere.publish(TEXT(data="elsewhere"))
            here.publish(TEXT(data="here"))
            assert found.get(timeout=PATIENCE_S) == "here"
            assert not elsewhere.wait(0)
            assert found.empty()


def test_a_message_of_another_type_is_left_out_and_counted(node, network):
    found: queue.SimpleQueue[bool] = queue.SimpleQueue()
    node.subscribe("/topic", TRUTH, lambda message: found.put(message.data))
    with Node(network) as other:
        texts, truths = other.advertise("/topic", TEXT), other.advertise("/topic", TRUTH)
        assert truths.wait(PATIENCE_S)
        texts.publish(TEXT(data="a text"))
        truths.publish(TRUTH(data=True))
        assert found.get(timeout=PATIENCE_S) is True
        assert node.counts == {"other type": 1}
        with pytest.raises(TypeError, match=r"given ignition.msgs.Boolean, allowed: .*StringMsg"):
            texts.publish(TRUTH(data=True))


def test_harmonics_names_are_the_same_messages_in_another_package(network):
    odometry: Any = message_class("Odometry", "gz.msgs")
    assert type_name(odometry) == "gz.msgs.Odometry"
    sent = odometry()
    sent.header.stamp.sec, sent.pose.position.x, sent.twist.linear.x = 5, 1.5, -2.0
    old: Any = message_class("Odometry", "ignition.msgs")
    assert old.FromString(sent.SerializeToString()).pose.position.x == 1.5
    found: queue.SimpleQueue[float] = queue.SimpleQueue()
    with Node(network) as one, Node(network) as other:
        publisher = one.advertise("/odometry", odometry)
        other.subscribe("/odometry", odometry, lambda m: found.put(m.pose.position.x))
        assert publisher.wait(PATIENCE_S)
        publisher.publish(sent)
        assert found.get(timeout=PATIENCE_S) == 1.5


def test_the_environments_names_are_honoured_harmonics_first():
    found = network_of({"GZ_PARTITION": "new", "IGN_PARTITION": "old", "IGN_IP": "127.0.0.1"})
    assert (found.partition, found.ip, found.interfaces) == ("new", "127.0.0.1", ("127.0.0.1",))
    assert found.qualified("/clock") == "@/new@/clock"
    assert network_of({"IGN_PARTITION": "old"}).partition == "old"


@pytest.mark.parametrize(
    ("name", "given"),
    [("GZ_IP", "localhost"), ("GZ_PARTITION", "a@b"), ("GZ_DISCOVERY_MSG_PORT", "70000")],
)
def test_an_environment_that_cannot_be_is_refused(name, given):
    with pytest.raises(ValueError, match=rf"GZ_.*: given '{given}', allowed: "):
        network_of({name: given})


def test_an_address_that_is_not_ours_is_an_error():
    with (
        pytest.raises(OSError, match=r"GZ_IP: given '192.0.2.1'"),
        Node(network_of({"GZ_IP": "192.0.2.1"})),
    ):
        pass


@pytest.mark.parametrize("topic", ["", "/", "a b", "a//b", "/a@b"])
def test_a_topic_that_is_no_name_is_refused(topic, network):
    with pytest.raises(ValueError, match=r"topic: given .*, allowed: "):
        network.qualified(topic)


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 9])
def test_what_has_not_four_frames_is_left_out_and_what_comes_after_it_is_heard(
    node, network, frames
):
    found = heard(node, "/theirs")
    with Node(network) as other:
        publisher = other.advertise("/theirs", TEXT)
        assert publisher.wait(PATIENCE_S)
        topic = publisher.offer.topic.encode()
        other.send((topic, *[b"?"] * (frames - 1)))
        for number in NUMBERS[:20]:
            publisher.publish(TEXT(data=number))
        before_last = list(iter(lambda: found.get(timeout=PATIENCE_S), "19"))
    begun = int(before_last[0])
    assert before_last == NUMBERS[begun:19]
    assert begun <= 1  # the one that it ran into
