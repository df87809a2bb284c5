"""Where a node of Gazebo Transport is: its partition, its address, and where others are found."""

import getpass
import ipaddress
import socket
from collections.abc import Mapping

import msgspec
import psutil

GROUP = "239.255.0.7"
MESSAGE_PORT, SERVICE_PORT = 10317, 10318
"""Gazebo Transport's defaults: multicast group and UDP ports of discovery."""


class Network(msgspec.Struct, frozen=True):
    """The part of the network that a node takes part in."""

    partition: str
    """Nodes of other partitions are not seen."""
    ip: str
    """The address that others reach this node's sockets at."""
    interfaces: tuple[str, ...]
    """Addresses of the interfaces over which others are found."""
    group: str = GROUP
    message_port: int = MESSAGE_PORT
    service_port: int = SERVICE_PORT

    def qualified(self, topic: str) -> str:
        """A topic's or service's full name on the wire.

        Raises:
            ValueError: it is no name.
        """
        name = topic if topic.startswith("/") else f"/{topic}"
        if len(name) < 2 or any(part in name for part in ("//", "@", "~", ":=")) or " " in name:
            raise ValueError(f"topic: given {topic!r}, allowed: parts joined by /, without ~ @ :=")
        return f"@/{self.partition}@{name}"


def network_of(environment: Mapping[str, str]) -> Network:
    """The network that the environment names, as Gazebo's own programs do.

    `GZ_PARTITION` and `GZ_IP`, or `IGN_PARTITION` and `IGN_IP` as in Fortress; without them
    `host:user`, and all interfaces.

    Raises:
        ValueError: an address or port that is none.
    """

    def named(name: str) -> str:
        return environment.get(f"GZ_{name}") or environment.get(f"IGN_{name}") or ""

    partition = named("PARTITION") or f"{socket.gethostname()}:{getpass.getuser()}"
    if "@" in partition or " " in partition or "//" in partition:
        raise ValueError(f"GZ_PARTITION: given {partition!r}, allowed: a name without @ and spaces")
    ip = named("IP")
    if ip:
        try:
            ipaddress.IPv4Address(ip)
        except ValueError:
            raise ValueError(f"GZ_IP: given {ip!r}, allowed: an IPv4 address") from None
        interfaces: tuple[str, ...] = (ip,)
    else:
        interfaces = _own_addresses()
        ip = next((one for one in interfaces if not one.startswith("127.")), "127.0.0.1")
    return Network(
        partition.strip("/"),
        ip,
        interfaces,
        named("DISCOVERY_MULTICAST_IP") or GROUP,
        _port(named("DISCOVERY_MSG_PORT"), MESSAGE_PORT),
        _port(named("DISCOVERY_SRV_PORT"), SERVICE_PORT),
    )


def _own_addresses() -> tuple[str, ...]:
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    return tuple(
        address.address
        for name, addresses in psutil.net_if_addrs().items()
        if name in up
        for address in addresses
        if address.family == socket.AF_INET
    )


def _port(text: str, default: int) -> int:
    if not text:
        return default
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError(f"GZ_DISCOVERY_..._PORT: given {text!r}, allowed: 1 to 65535")
    return int(text)
