"""Site files for tests: the demo, changed in one place or another."""

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from actors.errors import SiteError
from actors.site.bundled import find_site
from actors.site.load import load_site

DEMO = find_site("demo")
DAY = datetime.date(2026, 7, 1)


def problems_of(path: Path, day: datetime.date | None = DAY) -> list[str]:
    with pytest.raises(SiteError) as caught:
        load_site(path, day)
    assert str(caught.value) == "\n".join(str(problem) for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


def with_text(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "site.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


class NoAliases(yaml.SafeDumper):
    """Writes equal values out each time."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: NoAliases, text: str) -> yaml.ScalarNode:
    """Text as it is, but figures in quotes: 08 is text to YAML 1.1, and eight to 1.2."""
    style = '"' if text.isdigit() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


NoAliases.add_representer(str, _quoted)


def written(tmp_path: Path, site: Any) -> Path:
    return with_text(
        tmp_path, yaml.dump(site, Dumper=NoAliases, allow_unicode=True, sort_keys=False)
    )


def demo_with(tmp_path: Path, **changes: Any) -> Path:
    """The demo with values replaced: `vehicles__count=7`, `yards__0__parking=2`; ... deletes."""
    site = yaml.safe_load(DEMO.read_text("utf-8"))
    for path, value in changes.items():
        *parents, last = [
            int(p) if p.isdigit() else p.replace("_to_", "-") for p in path.split("__")
        ]
        section = site
        for key in parents:
            section = section[key]
        if value is ...:
            del section[last]
        else:
            section[last] = value
    return written(tmp_path, site)
