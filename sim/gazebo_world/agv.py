"""The AGV as an SDF model, from the figures of its data sheet in the site file.

An AGV steers front and rear alike, so that both follow its road: it turns about a point that lies
abreast of its middle. Gazebo has no drive for that; its differential drive, with two wheels abreast
of the middle, moves the body in exactly the same way. An Ackermann drive would not: it turns about
its rear axle, and at 12 m its rear would cut corners by metres.

The model's origin is the middle of the body on the ground, x ahead, as in all telemetry.
"""

import math
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
    joint,
    link,
    model,
    number,
    solid,
    system,
)
from sim.gazebo_world.inertia import box_inertia, cylinder_inertia
from sim.gazebo_world.release import Release

BODY_KG = 25_000.0
"""Without its drive wheels [A: AGVs of container terminals weigh 25 to 34 t]."""
BODY_LOW_M, DECK_M = 0.55, 1.5
"""Lower and upper face of the body; containers stand on the upper one [ours]."""
WHEEL_KG, WHEEL_RADIUS_M, WHEEL_WIDTH_M = 500.0, 0.55, 0.5
"""Of a drive wheel with its motor [ours]."""
WHEEL_INSET_M = 0.35
"""From the side of the body to the middle of a wheel [ours]."""
WHEEL_MU, SKID_MU = 1.0, 0.0
"""Rubber on dry concrete; the skids only keep the body from tipping over."""
SKID_RADIUS_M, SKID_GAP_M = 0.5, 0.005
"""Skids hang so far over the ground, so that the drive wheels carry the weight [ours]."""
SKID_AT = 0.4
"""Share of the length from the middle to a skid."""
TURN_RAD_S2 = 0.6
"""How fast the rate of turn may change [rad/s2, ours]."""
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
    track_m = vehicles.width_m - 2 * WHEEL_INSET_M
    for side, y in (("left", track_m / 2), ("right", -track_m / 2)):
        _wheel(element, side, y)
    _systems(element, vehicles, track_m, release)
    return element


def turn_rad_s(vehicles: VehiclesSection) -> float:
    """The highest rate of turn: its front on the narrowest curve at top speed [rad/s]."""
    return max(vehicles.speed_empty_mps, vehicles.speed_loaded_mps) / vehicles.turn_radius_m


def _body(element: ET.Element, vehicles: VehiclesSection) -> None:
    length, width, height = vehicles.length_m, vehicles.width_m, DECK_M - BODY_LOW_M
    middle_m = (DECK_M + BODY_LOW_M) / 2
    body = link(element, "body", At())
    inertial(body, box_inertia(BODY_KG, (length, width, height)), middle_m)
    box_collision(body, "hull", At(z=middle_m), (length, width, height))
    box_visual(body, "hull", At(z=middle_m), (length, width, height), ORANGE)
    box_visual(body, "nose", At(length / 2 - 0.5, 0.0, DECK_M), (1.0, width, 0.1), BLACK)
    for number_, (x, y) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
        skid = child(body, "collision", name=f"skid-{number_}")
        # Inside of the outline, so that a skid touches nothing that the hull does not touch first.
        place = At(x * SKID_AT * length, y * (width / 2 - SKID_RADIUS_M), SKID_RADIUS_M)
        child(skid, "pose", f"{number(place.x)} {number(place.y)} "
              f"{number(place.z + SKID_GAP_M)} 0 0 0")  # fmt: skip
        geometry = child(child(skid, "geometry"), "sphere")
        child(geometry, "radius", number(SKID_RADIUS_M))
        friction(skid, SKID_MU)
    sensor = child(body, "sensor", name="contact", type="contact")
    child(sensor, "always_on", "true")
    child(sensor, "update_rate", str(CONTACT_HZ))
    child(child(sensor, "contact"), "collision", solid("hull"))


def _wheel(element: ET.Element, side: str, y_m: float) -> None:
    wheel = link(element, f"wheel-{side}", At(0.0, y_m, WHEEL_RADIUS_M), roll=-math.pi / 2)
    inertial(wheel, cylinder_inertia(WHEEL_KG, WHEEL_RADIUS_M, WHEEL_WIDTH_M))
    for tag in ("collision", "visual"):
        shape = child(wheel, tag, name=solid("tyre") if tag == "collision" else "tyre")
        cylinder = child(child(shape, "geometry"), "cylinder")
        child(cylinder, "radius", number(WHEEL_RADIUS_M))
        child(cylinder, "length", number(WHEEL_WIDTH_M))
        if tag == "collision":
            friction(shape, WHEEL_MU)
    joint(element, f"drive-{side}", "revolute", "body", f"wheel-{side}", (0, 0, 1))


def _systems(
    element: ET.Element, vehicles: VehiclesSection, track_m: float, release: Release
) -> None:
    turn = turn_rad_s(vehicles)
    system(
        element, release, "diff-drive", "DiffDrive",
        left_joint="drive-left",
        right_joint="drive-right",
        wheel_separation=number(track_m),
        wheel_radius=number(WHEEL_RADIUS_M),
        min_linear_velocity=number(0.0),
        max_linear_velocity=number(max(vehicles.speed_empty_mps, vehicles.speed_loaded_mps)),
        # What comes first is braking; how hard, is for who drives to say, up to the emergency.
        min_linear_acceleration=number(-vehicles.emergency_mps2),
        max_linear_acceleration=number(vehicles.acceleration_mps2),
        min_angular_velocity=number(-turn),
        max_angular_velocity=number(turn),
        min_angular_acceleration=number(-TURN_RAD_S2),
        max_angular_acceleration=number(TURN_RAD_S2),
        odom_topic=f"/model/{element.get('name')}/wheel_odometry",
        tf_topic=f"/model/{element.get('name')}/wheel_tf",
    )  # fmt: skip
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
