"""Rules for all tests."""

import os
from collections.abc import Iterator

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # A machine of one's own may lack a browser. In continuous integration nothing is missing, and a
    # test that is skipped there would hide behind a green result for ever.
    if os.environ.get("CI"):
        config.pluginmanager.register(_EveryTestRuns())


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
