"""Generated worlds: valid to Gazebo's own validator, called as the site is, physically sound."""

import hashlib
import math
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import shapely
import yaml
from shapely import affinity

from actors.site.bundled import find_site
from actors.site.devices import devices
from actors.site.expand import expand
from actors.site.load import last_change, load_site
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from actors.site.swept_path import SweptPaths, footprint
from sim.gazebo_world.agv import agv_model
from sim.gazebo_world.container import GROSS_KG_MAX, container_size_m
from sim.gazebo_world.crane import bays_of, crane_model
from sim.gazebo_world.elements import At, document
from sim.gazebo_world.files import BRIDGE_FILE, WORLD_FILE, world_files, write_world
from sim.gazebo_world.release import FORTRESS, HARMONIC, Release
from tests.gate import DAY, DEMO, ROADMAP

BUNDLED = ("demo", "huu-nghi", "tan-thanh")
GOLDEN = Path(__file__).with_name("gazebo_demo.golden")


def validated(file: Path) -> str:
    """What Gazebo's validator says of a file."""
    said = subprocess.run(
        ["ign", "sdf", "-k", file], capture_output=True, text=True, timeout=800, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    return said.stdout.strip() if said.returncode == 0 else said.stderr


@pytest.fixture(scope="module", params=BUNDLED)
def bundled(request: pytest.FixtureRequest) -> tuple[Site, Roadmap, dict[str, bytes]]:
    site = load_site(find_site(request.param))
    day = last_change(site)
    roadmap = expand(site, day)
    return site, roadmap, world_files(site, roadmap, day, FORTRESS)


def world_of(files: dict[str, bytes]) -> ET.Element:
    found = ET.fromstring(files[WORLD_FILE]).find("world")
    assert found is not None
    return found


def numbers(element: ET.Element, path: str) -> list[float]:
    text = element.findtext(path)
    assert text is not None, path
    return [float(part) for part in text.split()]


# The validator takes half a minute of processor time for 117 AGVs and 8 lanes of 3.6 km.
@pytest.mark.timeout(900)
def test_gazebos_validator_finds_every_bundled_world_valid(bundled, tmp_path: Path):
    _, _, files = bundled
    file = tmp_path / WORLD_FILE
    file.write_bytes(files[WORLD_FILE])
    assert validated(file) == "Valid."


@pytest.mark.parametrize("release", [FORTRESS, HARMONIC], ids=lambda release: release.name)
def test_gazebos_validator_finds_every_single_model_valid(release: Release, tmp_path: Path):
    written = write_world(DEMO, ROADMAP, DAY, release, tmp_path)
    models = [path for path in written if path.suffix == ".sdf"]
    assert len(models) == 7
    assert {path.name: validated(path) for path in models} == {
        path.name: "Valid." for path in models
    }


def test_the_validator_refuses_a_model_that_is_wrong(tmp_path: Path):
    element = crane_model(
        "crane", bays_of("VN-C1", ROADMAP, DEMO.vehicles), DEMO.vehicles, FORTRESS
    )
    [child] = [e for e in element.iter("child") if e.text == "spreader"]
    child.text = "spread"
    file = tmp_path / "wrong.sdf"
    file.write_bytes(document(element))
    assert "spread" in validated(file)


def test_models_are_called_what_the_site_calls_its_devices_and_places(bundled):
    site, roadmap, files = bundled
    models = [model.get("name", "") for model in world_of(files).findall("model")]
    assert len(models) == len(set(models))
    named = {name for name in models if not name.startswith("_")}
    every = {device.id for device in devices(site, last_change(site))}
    assert named == every | set(roadmap.places)


def test_each_agv_stands_in_its_refuge_as_the_roadmap_has_it(bundled):
    site, roadmap, files = bundled
    found = {model.get("name"): model for model in world_of(files).findall("model")}
    for device in devices(site, last_change(site)):
        if device.kind != "vehicle":
            continue
        x, y, z, roll, pitch, yaw = numbers(found[device.id], "pose")
        half_m = site.vehicles.length_m / 2
        front = (x + half_m * math.cos(yaw), y + half_m * math.sin(yaw))
        assert math.dist(front, roadmap.nodes[roadmap.places[device.home].node]) < 1e-4
        assert (z, roll, pitch) == (0, 0, 0)


def test_inertias_are_those_of_their_boxes_and_positive_definite(bundled):
    _, _, files = bundled
    seen = 0
    for name, content in files.items():
        if not name.endswith(".sdf"):
            continue
        for link in ET.fromstring(content).iter("link"):
            inertial = link.find("inertial")
            if inertial is None:
                continue
            tensor = np.array(
                [[float(inertial.findtext(f"inertia/i{''.join(sorted(a + b))}") or "nan")
                  for b in "xyz"] for a in "xyz"]
            )  # fmt: skip
            principal = np.linalg.eigvalsh(tensor)
            assert (principal > 0).all()
            assert principal[0] + principal[1] >= principal[2] - 1e-3  # of a real body
            seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    ("file", "link", "size", "mass"),
    [
        ("agv", "body", (15.0, 3.0, 0.95), 26_000.0),
        ("container-45G1", "box", (12.192, 2.438, 2.896), GROSS_KG_MAX),
        ("container-22G1", "box", (6.058, 2.438, 2.591), GROSS_KG_MAX),
        ("crane", "spreader", (12.2, 2.4, 0.5), 8_000.0),
    ],
)
def test_an_inertia_agrees_with_masses_summed_over_the_box(file, link, size, mass):
    # Independent of the formula: the box is cut into small cubes, whose second moments are added.
    content = world_files(DEMO, ROADMAP, DAY, FORTRESS)[f"models/{file}/model.sdf"]
    [found] = [e for e in ET.fromstring(content).iter("link") if e.get("name") == link]
    assert numbers(found, "inertial/mass") == [mass]
    axes = [(np.arange(200) + 0.5) / 200 * length - length / 2 for length in size]
    xx, yy, zz = (float((axis * axis).mean()) for axis in axes)
    for tag, expected in (("ixx", yy + zz), ("iyy", xx + zz), ("izz", xx + yy)):
        assert numbers(found, f"inertial/inertia/{tag}")[0] == pytest.approx(
            mass * expected, rel=1e-4
        )


def test_an_agv_has_what_the_gate_speaks_to():
    element = agv_model("AGV-001", At(), DEMO.vehicles, HARMONIC)
    plugins = {plugin.get("name"): plugin for plugin in element.iter("plugin")}
    assert set(plugins) == {
        "gz::sim::systems::VelocityControl",
        "gz::sim::systems::OdometryPublisher",
        "gz::sim::systems::LinearBatteryPlugin",
    }
    odometry = plugins["gz::sim::systems::OdometryPublisher"]
    assert odometry.findtext("odom_topic") == "/model/AGV-001/odometry"
    battery = plugins["gz::sim::systems::LinearBatteryPlugin"]
    [volts], [ampere_hours] = numbers(battery, "voltage"), numbers(battery, "capacity")
    assert volts * ampere_hours / 1000 == pytest.approx(DEMO.vehicles.battery_kwh)
    [sensor] = element.iter("sensor")
    collisions = {collision.get("name") for collision in element.iter("collision")}
    assert sensor.findtext("contact/collision") in collisions


def solids(files: dict[str, bytes]) -> list[tuple[str, shapely.Polygon]]:
    """What can be touched up to the height of a load, seen from above, but AGVs and ground."""
    found = []
    for model in world_of(files).findall("model"):
        x, y, _, _, _, yaw = numbers(model, "pose")
        for collision in model.iter("collision"):
            name = f"{model.get('name')}/{collision.get('name')}"
            if name.startswith("AGV-") or collision.find("geometry/box") is None:
                continue
            length, width, height = numbers(collision, "geometry/box/size")
            px, py, pz, _, _, turn = numbers(collision, "pose")
            if pz - height / 2 > 5.0 or name.endswith("spreader-solid"):
                continue
            outline = shapely.box(-length / 2, -width / 2, length / 2, width / 2)
            outline = affinity.rotate(outline, turn, origin=(0, 0), use_radians=True)
            outline = affinity.translate(outline, px, py)
            outline = affinity.rotate(outline, yaw, origin=(0, 0), use_radians=True)
            found.append((name, affinity.translate(outline, x, y)))
    return found


def test_nothing_that_can_be_touched_stands_in_an_agvs_way(bundled):
    site, roadmap, files = bundled
    swept = SweptPaths(roadmap, footprint(site))
    standing = solids(files)
    assert len(standing) > 20
    assert {name: swept.edges_under(outline) for name, outline in standing} == {
        name: [] for name, _ in standing
    }


def test_the_demos_world_has_not_changed_unnoticed():
    # After a change that is meant: bordergate world demo, look at it, and write what this says.
    files = world_files(DEMO, ROADMAP, DAY, FORTRESS)
    lines = [
        f"{hashlib.sha256(ET.tostring(part)).hexdigest()[:16]} {part.tag} {part.get('name', '')}"
        for part in world_of(files)
    ]
    lines.append(f"{hashlib.sha256(files[BRIDGE_FILE]).hexdigest()[:16]} {BRIDGE_FILE}")
    assert lines == GOLDEN.read_text().splitlines()


@pytest.mark.parametrize(
    ("release", "key", "messages"),
    [(FORTRESS, "ign", "ignition.msgs"), (HARMONIC, "gz", "gz.msgs")],
    ids=["fortress", "harmonic"],
)
def test_the_bridge_file_names_every_agv_and_the_clock(release, key, messages):
    entries = yaml.safe_load(world_files(DEMO, ROADMAP, DAY, release)[BRIDGE_FILE])
    by_topic = {entry["ros_topic_name"]: entry for entry in entries}
    assert by_topic["/clock"][f"{key}_type_name"] == f"{messages}.Clock"
    for number in range(1, 7):
        odometry = by_topic[f"/agv_{number:03d}/odom"]
        assert odometry[f"{key}_topic_name"] == f"/model/AGV-{number:03d}/odometry"
        assert odometry["direction"] == f"{key.upper()}_TO_ROS"
        assert by_topic[f"/agv_{number:03d}/cmd_vel"]["direction"] == f"ROS_TO_{key.upper()}"


@pytest.mark.parametrize("size_type", ["", "A2G1", "4", "4PG1"])
def test_a_size_type_that_no_agv_carries_is_refused(size_type):
    with pytest.raises(ValueError, match=r"size-type: given .* allowed: ISO 6346"):
        container_size_m(size_type)
