"""What is shipped is whole, and says nothing of the machines it was made on."""

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("actors", "robotics", "sim", "interfaces")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

MACHINE_PATH = re.compile(rb"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/")
REGISTRY_HOST = re.compile(rb"(?:pypi|pythonhosted|npmjs|docker)\.(?:org|com|io)")


def normal(requirement: str) -> str:
    """The name in a requirement, in the one spelling that all of its spellings share."""
    match = re.match(r"[\w.-]+", requirement)
    assert match, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a wheel and a source archive, built from this working tree."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def sources(dist: Path) -> dict[PurePosixPath, bytes]:
    """All files of the project that no .gitignore names; found without git."""
    [archive] = dist.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        return {
            PurePosixPath(*PurePosixPath(member.name).parts[1:]): reader.read()
            for member in tar
            if (reader := tar.extractfile(member))
        }


@pytest.fixture(scope="module")
def wheel(dist: Path) -> set[PurePosixPath]:
    """The names of the files in the wheel."""
    [archive] = dist.glob("*.whl")
    return {PurePosixPath(name) for name in zipfile.ZipFile(archive).namelist()}


def test_the_wheel_carries_all_of_launch(wheel, sources):
    installed = PurePosixPath(f"bordergate-{PROJECT['version']}.data/data/share/bordergate")
    launch = {installed / path for path in sources if path.parts[0] == "launch"}
    assert launch
    assert launch <= wheel


def test_the_wheel_installs_our_packages_and_nothing_else(wheel):
    info = f"bordergate-{PROJECT['version']}"
    assert {path.parts[0] for path in wheel} == {*PACKAGES, f"{info}.data", f"{info}.dist-info"}


def test_no_file_in_launch_can_be_imported(sources):
    launch = [path for path in sources if path.parts[0] == "launch"]
    assert not [path for path in launch if path.suffix == ".py" and path.stem.isidentifier()]


def test_a_launch_package_elsewhere_on_the_path_wins(tmp_path: Path):
    ros = tmp_path / "launch" / "__init__.py"
    ros.parent.mkdir()
    ros.touch()
    script = f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]; import launch; "
    run = [sys.executable, "-c", script + "print(launch.__file__)"]
    assert subprocess.check_output(run, text=True).strip() == str(ros)


IN_ROS = ("robotics/ros/reference", "interfaces/bench/ros_source.py")
"""What runs in the robots' environment of its own."""


def test_what_the_packages_import_is_a_declared_dependency():
    extras = PROJECT["optional-dependencies"]
    declared = set(map(normal, PROJECT["dependencies"]))
    declared.update(normal(line) for name in extras if name != "dev" for line in extras[name])
    declared.add("bordergate-msgs")  # is made here
    pins = (ROOT / "robotics/ros/requirements.txt").read_text().splitlines()
    in_ros = {normal(pin).removeprefix("ros-") for pin in pins}
    known = packages_distributions()
    undeclared = {
        f"{file.relative_to(ROOT)}: {module}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for module in imported(file) - sys.stdlib_module_names - set(PACKAGES)
        if declared.isdisjoint(map(normal, known.get(module, [module])))
        and not (normal(module) in in_ros and any(file.is_relative_to(ROOT / at) for at in IN_ROS))
    }
    assert not undeclared


def imported(file: Path) -> set[str]:
    """The top-level names that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_constraints_pin_every_declared_dependency():
    pinned = set(map(normal, (ROOT / "constraints.txt").read_text().splitlines()))
    declared = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    assert set(map(normal, declared)) <= pinned


@pytest.mark.parametrize("file", ["constraints.txt", "robotics/ros/requirements.txt"])
def test_dependencies_are_plain_sorted_pins(file):
    lines = (ROOT / file).read_text().splitlines()
    if file.startswith("robotics"):
        assert lines == sorted(lines)
    assert not [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!+]+", line)]


@pytest.mark.parametrize("words", [MACHINE_PATH, REGISTRY_HOST], ids=["paths", "registries"])
def test_no_file_names_a_machine_or_a_registry(sources, words):
    found = [
        f"{path}: {words.search(data)}" for path, data in sources.items() if words.search(data)
    ]
    assert not found
