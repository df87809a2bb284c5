"""Rules for all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from robotics.ros.domain import RosDomain
from robotics.ros.rosbridge import Rosbridge
from robotics.ros.venv import add_interfaces, ros_venv
from tests.gazebo_peer import PHYSICS_PACKAGES, built

LIVE = {
    "test_exchange_processes", "test_live_border", "test_live_gate", "test_live_lanes",
    "test_ros_gate", "test_ros_link", "test_ros_peers", "test_ros_reference", "test_ros_standard",
    "test_ros_standard_gate", "test_ros_survey", "test_scenario_plant", "test_scenario_ros",
    "test_up",
}  # fmt: skip
"""Files whose tests run gates, robots or servers in processes by the wall clock. One of them keeps
a whole machine busy, and two at once starve each other. Those in Gazebo are not among them: a
server that is stepped waits for who is slow."""


NAV2_MSGS = Path(__file__).with_name("nav2_msgs")
"""What a robot with Nav2 speaks is in no package index."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-routes", action="store_true",
        help="drive all roads of the demo on Gazebo's physics, half an hour long, not the longest",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    # A machine of one's own may lack a browser. In continuous integration nothing is missing, and a
    # test that is skipped there would hide behind a green result for ever.
    if os.environ.get("CI"):
        config.pluginmanager.register(_EveryTestRuns())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in LIVE)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _LiveInOne(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    # Making the environment takes minutes the first time; no test's time limit is to pay for that.
    needed = any("ros_domain" in getattr(item, "fixturenames", ()) for item in session.items)
    if needed and not session.config.option.collectonly:
        add_interfaces(ros_venv(print), NAV2_MSGS, print)


@pytest.fixture(scope="session")
def physics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The peer with Gazebo's physics layer, as a program; it is no Gazebo."""
    return built("gazebo_physics.cc", PHYSICS_PACKAGES, tmp_path_factory.mktemp("physics"))


@pytest.fixture(scope="session")
def ros_domain() -> Iterator[RosDomain]:
    """A ROS domain with nobody in it but who is started in it; all tests share it."""
    with RosDomain(ros_venv()) as domain:
        yield domain


@pytest.fixture(scope="session")
def rosbridge(ros_domain: RosDomain) -> Iterator[Rosbridge]:
    """A real rosbridge server in that domain; who stops it starts it again."""
    with Rosbridge(ros_domain) as server:
        yield server


class _LiveInOne(LoadScopeScheduling):
    """Shares tests out file by file, but all that is live to one worker, from the beginning.

    So what the tests of a file share, and live ones with each other, is started once.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "live" if Path(file).stem in LIVE else file


class _EveryTestRuns:
    """Makes a session fail in which a test was skipped or was expected to fail."""

    def __init__(self) -> None:
        self._not_run: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:  # so are those that fail as expected
            self._not_run.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:  # a whole file
            self._not_run.append(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        yield
        if self._not_run and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._not_run:
            terminalreporter.section("FAILED: in CI every test runs", red=True)
            for nodeid in self._not_run:
                terminalreporter.line(f"did not run: {nodeid}")
