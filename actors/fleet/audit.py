"""What may have been lost on the way to an AGV or back: it is sent again, or asked for."""

from actors.effects import Effect, Send
from actors.fleet.traffic import Traffic
from actors.fleet.vehicles import Vehicle
from actors.messages import ExtendGrant, QueryReport, SetPosition

AUDIT_NS = 5 * 10**9
"""How often it is checked that nothing told to an AGV was lost [ours]."""
LOST_NS = 20 * 10**9
"""What is not confirmed after this time is sent again [ours]: two lane zones at full speed."""
SILENT_NS = 60 * 10**9
"""An AGV with a step that has not reported for this time is asked to [ours]."""


def ask_where(vehicles: dict[str, Vehicle]) -> list[Effect]:
    """Ask the AGVs that have not said yet where they stand."""
    return [Send(v.name, QueryReport()) for v in vehicles.values() if not v.placed]


def audit(vehicles: dict[str, Vehicle], traffic: Traffic, now_ns: int) -> list[Effect]:
    """Send again what an AGV should have confirmed by now, and ask those that are silent."""
    effects: list[Effect] = ask_where(vehicles)
    for vehicle in vehicles.values():
        if not vehicle.placed or now_ns - vehicle.told_ns < LOST_NS:
            continue
        sent = len(effects)
        roads = vehicle.roads()
        for step in (vehicle.step, vehicle.next):
            if step is not None and step.step > vehicle.accepted:
                effects.append(Send(vehicle.name, step))
        if vehicle.grant_taken < vehicle.grant and not vehicle.withheld:
            granted = traffic.granted(vehicle.name)
            effects.append(Send(vehicle.name, ExtendGrant(vehicle.grant, granted, roads)))
        # An AGV that has come to rest holds one visit, unless its rear's last word was lost.
        busy = vehicle.step is not None or len(traffic.granted(vehicle.name)) > 1
        silent = busy and now_ns - vehicle.stamp_ns > SILENT_NS
        if vehicle.position is not None:
            effects.append(Send(vehicle.name, SetPosition(vehicle.position)))
        if len(effects) > sent or silent or vehicle.stopped:
            effects.append(Send(vehicle.name, QueryReport()))
            vehicle.told_ns = now_ns
            vehicle.asked_ns = vehicle.asked_ns or now_ns
    return effects
