"""The import contracts refuse what they are there to refuse; shown on packages of empty files."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = ROOT / "pyproject.toml"
FILES = [
    *(f"actors/{file.name}" for file in (ROOT / "actors").glob("*.py")),
    *("actors/consignment/__init__.py", "actors/consignment/record.py"),
    *("actors/fleet/__init__.py", "actors/fleet/assignment.py"),
    *("actors/consignment/__init__.py", "actors/consignment/identity.py"),
    *("actors/site/__init__.py", "actors/site/model.py"),
    *("robotics/ros/__init__.py", "robotics/ros/client.py"),
    *("robotics/ros/reference/__init__.py", "interfaces/bench/__init__.py"),
    *(f"{package}/__init__.py" for package in ("actors", "robotics", "sim", "interfaces")),
]


def lint_imports(folder: Path, imports: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Check packages whose files are empty but for the given lines, by file."""
    shutil.copy(PYPROJECT, folder)
    for file in FILES:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(imports.get(file, ""))
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


PACKAGES = "Packages import one way"
INSIDE = "Inside actors, too; no machine knows another"
PURE = "Machines do no I/O, read no clock and draw no random number"
DATES = "Dates are values of the site model only"
RAY = "Only the host knows Ray"
ROSLIBPY = "Only the ROS bridge knows roslibpy"
LIGHT = "Device machines, a process each, load no numeric library"


@pytest.mark.parametrize(
    ("contract", "file", "line"),
    [
        (PACKAGES, "actors/agv.py", "import robotics"),
        (PACKAGES, "robotics/__init__.py", "import sim"),
        (PACKAGES, "sim/__init__.py", "import interfaces"),
        (INSIDE, "actors/agv.py", "from actors import crane"),
        (INSIDE, "actors/booth.py", "from actors import fleet_manager"),
        (INSIDE, "actors/lane.py", "from actors import host"),
        (INSIDE, "actors/site/model.py", "from actors.fleet import assignment"),
        (INSIDE, "actors/messages.py", "from actors import effects"),
        (INSIDE, "actors/consignment/identity.py", "from actors.fleet import assignment"),
        (PURE, "actors/fleet_manager.py", "import time"),
        (PURE, "actors/fleet/assignment.py", "from random import shuffle"),
        (PURE, "actors/wiring.py", "import os.path"),
        (DATES, "actors/agv.py", "import datetime"),
        (RAY, "interfaces/__init__.py", "import ray"),
        (ROSLIBPY, "robotics/ros/__init__.py", "import roslibpy"),
        (LIGHT, "actors/crane.py", "import numpy"),
    ],
)
def test_a_forbidden_import_is_refused(tmp_path: Path, contract: str, file: str, line: str):
    result = lint_imports(tmp_path, {file: line})
    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout


def test_a_device_machine_reaches_no_numeric_library_through_others(tmp_path: Path):
    imports = {"agv": "import actors.site.model", "site/model": "import scipy.optimize"}
    result = lint_imports(tmp_path, {f"actors/{name}.py": line for name, line in imports.items()})
    assert result.returncode == 1
    assert f"{LIGHT} BROKEN" in result.stdout


def test_the_imports_of_the_design_are_allowed(tmp_path: Path):
    result = lint_imports(
        tmp_path,
        {
            "actors/host.py": "import asyncio, datetime, logging, os, ray, time, actors.wiring",
            "actors/wiring.py": "from actors import agv, fleet_manager",
            "actors/agv.py": "import actors.site.model",
            "actors/fleet_manager.py": "from actors.fleet import assignment",
            "actors/fleet/assignment.py": "import scipy.optimize",
            "actors/site/model.py": "import datetime",
            "robotics/__init__.py": "import time, actors.messages",
            "sim/__init__.py": "import random, robotics, actors.wiring",
            "interfaces/__init__.py": "import datetime, os, sim, actors.host",
        },
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_new_module_of_actors_must_be_given_its_place(tmp_path: Path):
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "stowaway.py").touch()
    result = lint_imports(tmp_path, {})
    assert result.returncode == 1
    assert f"{INSIDE} BROKEN" in result.stdout
    assert "stowaway" in result.stdout
