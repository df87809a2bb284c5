"""The command `bordergate`: one file a command under `interfaces.cli`."""

import sys

import typer

from actors.errors import SiteError
from interfaces.cli.bench import bench
from interfaces.cli.check import check
from interfaces.cli.exchange import exchange
from interfaces.cli.explain import explain
from interfaces.cli.lane import lane
from interfaces.cli.ros import ros
from interfaces.cli.say import EXIT_BAD_INPUT, complain
from interfaces.cli.scenario import scenario
from interfaces.cli.service import booth, crane, place, vehicle, zone
from interfaces.cli.simulate import simulate
from interfaces.cli.token import token
from interfaces.cli.up import up
from interfaces.cli.version import version
from interfaces.cli.world import world
from interfaces.cli.xray import xray

app = typer.Typer(
    name="bordergate",
    help="Control system of an automated border gate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (up, simulate, check, lane, scenario, world, xray, version):
    app.command()(command)
for group in (bench, exchange, explain, vehicle, crane, booth, place, zone, ros, token):
    app.add_typer(group)


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 failed, 2 bad input."""
    try:
        app()
    except SiteError as error:
        complain(str(error))
        sys.exit(EXIT_BAD_INPUT)


if __name__ == "__main__":
    main()
