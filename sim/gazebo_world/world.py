"""The world of a site: what stands still, the cranes, and each AGV in its refuge."""

import datetime
from xml.etree import ElementTree as ET

from actors.site.devices import devices
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from sim.gazebo_world.agv import agv_model
from sim.gazebo_world.crane import bays_of, crane_model, standing_pose
from sim.gazebo_world.elements import child, number, numbers, system
from sim.gazebo_world.release import Release
from sim.gazebo_world.scenery import scenery

STEP_S = 0.001


def world(site: Site, roadmap: Roadmap, day: datetime.date, release: Release) -> ET.Element:
    """The whole world; models are called what the site calls its devices and places."""
    element = ET.Element("world", {"name": site.name})
    physics = child(element, "physics", name="one-millisecond", type="dart")
    child(physics, "max_step_size", number(STEP_S))
    child(physics, "real_time_factor", number(1.0))
    for library, kind in (
        ("physics", "Physics"),
        ("user-commands", "UserCommands"),
        ("scene-broadcaster", "SceneBroadcaster"),
        ("contact", "Contact"),
    ):
        system(element, release, library, kind)
    sun = child(element, "light", name="_sun", type="directional")
    child(sun, "cast_shadows", "false")
    child(sun, "pose", numbers(0, 0, 100, 0, 0, 0))
    child(sun, "direction", numbers(-0.5, 0.1, -0.9))
    for still in scenery(site, roadmap):
        element.append(still)
    for device in devices(site, day):
        match device.kind:
            case "crane":
                bays = bays_of(device.id, roadmap, site.vehicles)
                element.append(crane_model(device.id, bays, site.vehicles, release))
            case "vehicle":
                at = standing_pose(device.home, roadmap, site.vehicles.length_m)
                element.append(agv_model(device.id, at, site.vehicles, release))
            case _:
                pass  # lanes and booths are scenery
    return element
