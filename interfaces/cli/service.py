"""`bordergate vehicle | crane | booth | place | zone`: what an operator does by hand."""

from collections.abc import Callable
from typing import Annotated

import typer

from interfaces.cli.gate_api import PortOption, ask_gate
from interfaces.cli.say import out

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As the API names it.")]


def _group(kind: str, resource: str) -> typer.Typer:
    """The commands that every kind of device has."""
    app = typer.Typer(name=kind, help=f"Take a {kind} out of service, or back.")
    app.command("withdraw", help="Give it nothing new; what is loaded or begun is finished.")(
        _service_command(resource, "withdraw")
    )
    app.command("restore", help="Let it take part again.")(_service_command(resource, "restore"))
    return app


def _service_command(resource: str, verb: str) -> Callable[[str, int], None]:
    def command(id: IdArgument, port: PortOption = 8000) -> None:
        told = ask_gate(port, "POST", resource, id, verb)
        service = "in service" if told["service"] == "in" else told["service"]
        out.print(f"{id} is {service}" + (f": {told['detail']}." if told["detail"] else "."))

    return command


vehicle = _group("vehicle", "vehicles")
crane = _group("crane", "cranes")
booth = _group("booth", "booths")
place = _group("place", "places")
zone = typer.Typer(name="zone", help="Keep AGVs out of a zone, or let them in again.")


@vehicle.command("place")
def place_vehicle(
    id: IdArgument,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="Where it now stands: VN-P03.")],
    port: PortOption = 8000,
) -> None:
    """Say where an AGV has been brought by a tow or by hand; it must be out of service."""
    ask_gate(port, "PUT", "vehicles", id, "position", body={"place": place})
    out.print(f"{id} stands in {place}, once its controller confirms that.")


@zone.command("block")
def block(id: IdArgument, port: PortOption = 8000) -> None:
    """Send no AGV into the zone from now on."""
    told = ask_gate(port, "PUT", "zones", id, "block")
    out.print(f"{id} is blocked.")
    if told["in_use"]:
        agvs = ", ".join(told["in_use"])
        out.print(f"Not stopped by this, there already or with leave to drive there: {agvs}.")


@zone.command("unblock")
def unblock(id: IdArgument, port: PortOption = 8000) -> None:
    """Let AGVs into the zone again."""
    ask_gate(port, "DELETE", "zones", id, "block")
    out.print(f"{id} is open.")
