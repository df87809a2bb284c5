"""The files of a generated world: `gate.sdf`, single models to look at or spawn, `bridge.yaml`."""

import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from actors.site.devices import devices
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from sim.gazebo_world.agv import DECK_M, agv_model
from sim.gazebo_world.bridge import bridge_yaml
from sim.gazebo_world.container import GROSS_KG_MAX, Carrier, container_model
from sim.gazebo_world.crane import bays_of, crane_model
from sim.gazebo_world.elements import At, child, document, text_of
from sim.gazebo_world.release import RELEASES, Release
from sim.gazebo_world.world import world


class WorldError(RuntimeError):
    """A folder has no world that `bordergate world` has made."""


WORLD_FILE = "gate.sdf"
BRIDGE_FILE = "bridge.yaml"


def world_files(
    site: Site, roadmap: Roadmap, day: datetime.date, release: Release
) -> dict[str, bytes]:
    """Content by path; the same site makes the same files.

    Raises:
        ValueError: two devices have the same name in ROS.
    """
    every = devices(site, day)
    found = {
        WORLD_FILE: document(world(site, roadmap, day, release)),
        BRIDGE_FILE: bridge_yaml(site, day, release).encode(),
    }
    models = {"agv": agv_model("agv", At(), site.vehicles, release)}
    crane = next((device.id for device in every if device.kind == "crane"), None)
    if crane is not None:
        bays = bays_of(crane, roadmap, site.vehicles)
        models["crane"] = crane_model("crane", bays, site.vehicles, release)
    for size_type in site.arrivals.size_types:
        name = f"container-{size_type}"
        carrier = Carrier("agv", "body")
        models[name] = container_model(
            name, At(z=DECK_M), size_type, GROSS_KG_MAX, carrier, release
        )
    for name, element in models.items():
        found[f"models/{name}/model.sdf"] = document(element)
        found[f"models/{name}/model.config"] = _config(name)
    return found


def write_world(
    site: Site, roadmap: Roadmap, day: datetime.date, release: Release, folder: Path
) -> list[Path]:
    """Write the files into a folder, which is made; returns their paths.

    Raises:
        OSError: the folder cannot be written.
        ValueError: see `world_files`.
    """
    paths = []
    for name, content in world_files(site, roadmap, day, release).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        paths.append(path)
    return paths


def release_of(folder: Path) -> Release:
    """The release that the world in a folder was written for.

    Raises:
        WorldError: there is none.
    """
    file = folder / WORLD_FILE
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise WorldError(f"--world: no world can be read: {file}: {error}") from error
    for release in RELEASES.values():
        if f'"{release.library_prefix}-' in text:
            return release
    raise WorldError(f"--world: given {file}, allowed: a world made by `bordergate world`")


def _config(name: str) -> bytes:
    root = ET.Element("model")
    child(root, "name", name)
    child(root, "version", "1.0")
    child(root, "sdf", "model.sdf", version="1.9")
    return text_of(root)
