"""Rules for all tests."""

import os
from collections.abc import Iterator

import pytest

from robotics.ros.domain import RosDomain
from robotics.ros.rosbridge import Rosbridge
from robotics.ros.venv import ros_venv

LIVE = pytest.mark.xdist_group("live").mark


def pytest_configure(config: pytest.Config) -> None:
    # A machine of one's own may lack a browser. In continuous integration nothing is missing, and a
    # test that is skipped there would hide behind a green result for ever.
    if os.environ.get("CI"):
        config.pluginmanager.register(_EveryTestRuns())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # A gate of processes keeps a whole machine busy, and two at once starve each other: those tests
    # are the group `live`, which one worker runs from the beginning while others run the rest, file
    # by file. What is started once a session is started once, too.
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") != LIVE)


def pytest_collection_finish(session: pytest.Session) -> None:
    # Making the environment takes minutes the first time; no test's time limit is to pay for that.
    needed = any("ros_domain" in getattr(item, "fixturenames", ()) for item in session.items)
    if needed and not session.config.option.collectonly:
        ros_venv(print)


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
