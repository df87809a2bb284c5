"""`bordergate version`."""

from importlib.metadata import version as installed_version

from interfaces.cli.say import out


def version() -> None:
    """Print the version."""
    out.print(f"bordergate {installed_version('bordergate')}")
