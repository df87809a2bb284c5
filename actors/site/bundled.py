"""The site files that come with the program."""

import sysconfig
from pathlib import Path

from actors.errors import Problem, SiteError

_IN_CHECKOUT = Path(__file__).parents[2] / "launch" / "sites"
_IN_WHEEL = Path("share", "bordergate", "launch", "sites")
"""Below the data path of the Python installation: where a wheel puts its shared data."""


def bundled_sites() -> dict[str, Path]:
    """The bundled site files by name."""
    installed = Path(sysconfig.get_path("data")) / _IN_WHEEL
    folder = _IN_CHECKOUT if _IN_CHECKOUT.is_dir() else installed
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_site(name_or_path: str) -> Path:
    """The file meant by `demo` or by `somewhere/my-gate.yaml`.

    Raises:
        SiteError: neither a file nor the name of a bundled site.
    """
    bundled = bundled_sites()
    if name_or_path in bundled:
        return bundled[name_or_path]
    path = Path(name_or_path)
    if "\0" not in name_or_path and path.is_file():
        return path
    allowed = f"the path of a site file, or one of {', '.join(bundled) or '(none bundled)'}"
    raise SiteError([Problem(name_or_path or "(empty)", "", "no such site", allowed)])
