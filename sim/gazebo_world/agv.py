"""The AGV as an SDF model, from the figures of its data sheet in the site file.

An AGV steers its front and its rear each by itself, so that both run on the road. Gazebo has no
drive for that, and those it has leave the swept paths that zones reckon with: with a differential
drive a rear was measured 2.8 m beside the demo's roads (docs/decisions/0009-agvs-in-gazebo.md). So
a model has Gazebo's velocity control, which gives the body the velocity that it is told, as both of
its ends steer it; limits of the data sheet are kept by who tells it (`robotics.gazebo.follower`).
Contacts and masses are the physics engine's.

The model's origin is the middle of the body on the ground, x ahead, as in all telemetry.
"""

from xml.etree import ElementTree as ET

from actors.site.model import VehiclesSection
from sim.gazebo_world.elements import (
    At,
    Rgba,
    box_collision,
    box_visual,
    child,
    friction,
    inertial,
    link,
    model,
    number,
    put,
    solid,
    system,
)
from sim.gazebo_world.inertia import box_inertia
from sim.gazebo_world.release import Release

BODY_KG = 26_000.0
"""[A: AGVs of container terminals weigh 25 to 34 t]"""
BODY_LOW_M, DECK_M = 0.55, 1.5
"""Lower and upper face of the body; containers stand on the upper one [ours]."""
SKID_RADIUS_M, SKID_MU = 0.55, 0.0
"""Balls under the body that carry it and hold it nowhere: how it moves is commanded."""
SKID_AT = 0.4
"""Share of the length from the middle to a skid, and to an axle [ours]."""
ODOMETRY_HZ = 50
CONTACT_HZ = 10
BATTERY, BATTERY_V = "battery", 600.0
"""Name and voltage of the traction battery [A]; the data sheet gives its energy only."""
ORANGE: Rgba = (0.95, 0.60, 0.10, 1.0)
BLACK: Rgba = (0.10, 0.10, 0.10, 1.0)


def agv_model(name: str, at: At, vehicles: VehiclesSection, release: Release) -> ET.Element:
    """One AGV at a pose of its middle."""
    element = model(name, at, static=False)
    _body(element, vehicles)
    _systems(element, vehicles, release)
    return element


def _body(element: ET.Element, vehicles: VehiclesSection) -> None:
    length, width, height = vehicles.length_m, vehicles.width_m, DECK_M - BODY_LOW_M
    middle_m = (DECK_M + BODY_LOW_M) / 2
    body = link(element, "body", At())
    inertial(body, box_inertia(BODY_KG, (length, width, height)), middle_m)
    box_collision(body, "hull", At(z=middle_m), (length, width, height))
    box_visual(body, "hull", At(z=middle_m), (length, width, height), ORANGE)
    box_visual(body, "nose", At(length / 2 - 0.5, 0.0, DECK_M), (1.0, width, 0.1), BLACK)
    for end, x in (("front", SKID_AT * length), ("rear", -SKID_AT * length)):
        size = (1.1, width - 0.2, 0.5)
        box_visual(body, f"axle-{end}", At(x, 0.0, BODY_LOW_M - 0.25), size, BLACK)
    for number_, (x, y) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
        skid = child(body, "collision", name=f"skid-{number_}")
        # Inside of the outline, so that a skid touches nothing that the hull does not touch first.
        put(skid, At(x * SKID_AT * length, y * (width / 2 - SKID_RADIUS_M), SKID_RADIUS_M))
        geometry = child(child(skid, "geometry"), "sphere")
        child(geometry, "radius", number(SKID_RADIUS_M))
        friction(skid, SKID_MU)
    sensor = child(body, "sensor", name="contact", type="contact")
    child(sensor, "always_on", "true")
    child(sensor, "update_rate", str(CONTACT_HZ))
    child(child(sensor, "contact"), "collision", solid("hull"))


def _systems(element: ET.Element, vehicles: VehiclesSection, release: Release) -> None:
    system(element, release, "velocity-control", "VelocityControl")
    system(
        element, release, "odometry-publisher", "OdometryPublisher",
        odom_frame="map",
        robot_base_frame=f"{element.get('name')}/body",
        odom_publish_frequency=str(ODOMETRY_HZ),
        odom_topic=f"/model/{element.get('name')}/odometry",
        dimensions="2",
    )  # fmt: skip
    ampere_hours = number(vehicles.battery_kwh * 1000 / BATTERY_V)
    # Draws the mean power of an empty AGV at top speed, once it has moved; a load is not known to
    # the battery.
    power_w = vehicles.kwh_per_km_empty * vehicles.speed_empty_mps * 3600
    system(
        element, release, "linearbatteryplugin", "LinearBatteryPlugin",
        battery_name=BATTERY,
        voltage=number(BATTERY_V),
        open_circuit_voltage_constant_coef=number(BATTERY_V),
        open_circuit_voltage_linear_coef=number(0.0),
        initial_charge=ampere_hours,
        capacity=ampere_hours,
        resistance=number(0.01),
        smooth_current_tau=number(2.0),
        power_load=number(power_w),
        start_on_motion="true",
        enable_recharge="true",
        charging_time=number(vehicles.charge_full_min / 60),
        fix_issue_225="true",
    )  # fmt: skip
