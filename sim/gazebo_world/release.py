"""What differs between releases of Gazebo: the names of systems, of messages and of the command."""

from typing import Literal

import msgspec

from robotics.gazebo.messages import Package

ReleaseName = Literal["fortress", "harmonic"]


class Release(msgspec.Struct, frozen=True):
    """One release, or a line of them that agrees in these names."""

    name: ReleaseName
    library_prefix: str
    """Of the file names of systems."""
    namespace: str
    """Of their classes."""
    messages: Package
    """The package of messages."""
    command: tuple[str, ...]
    """Starts a server; a world file follows."""
    bridge_key: str
    """How ros_gz_bridge calls Gazebo's side in its configuration."""

    def system(self, library: str, kind: str) -> tuple[str, str]:
        """File name and class of a system."""
        return f"{self.library_prefix}-{library}-system", f"{self.namespace}::systems::{kind}"


FORTRESS = Release(
    name="fortress",
    library_prefix="ignition-gazebo",
    namespace="ignition::gazebo",
    messages="ignition.msgs",
    command=("ign", "gazebo"),
    bridge_key="ign",
)
HARMONIC = Release(
    name="harmonic",
    library_prefix="gz-sim",
    namespace="gz::sim",
    messages="gz.msgs",
    command=("gz", "sim"),
    bridge_key="gz",
)
"""Harmonic, and what came after it."""
RELEASES: dict[ReleaseName, Release] = {"fortress": FORTRESS, "harmonic": HARMONIC}


def release_for(package: Package) -> Release:
    """The release of a server that speaks these messages."""
    return next(release for release in RELEASES.values() if release.messages == package)
