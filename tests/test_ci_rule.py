"""In continuous integration a test that does not run is a failure."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PASSES = "def test_that_passes(): pass\n"
NOT_RUN = {
    "skipped": "import pytest\ndef test_other(): pytest.skip('no browser')\n",
    "expected to fail": "import pytest\n@pytest.mark.xfail\ndef test_other(): assert False\n",
    "file skipped": "import pytest\npytest.importorskip('no_such_module')\n",
}


def run_pytest(folder: Path, other: str, ci: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on a file that passes and another one, under the rules of our conftest.py."""
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "test_passes.py").write_text(PASSES)
    (folder / "test_other.py").write_text(other)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir", folder, "-p", "no:cacheprovider", folder],
        cwd=folder,
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("other", NOT_RUN.values(), ids=NOT_RUN.keys())
def test_a_test_that_does_not_run_fails_the_session_in_ci(tmp_path: Path, other: str):
    result = run_pytest(tmp_path, other, ci="true")
    assert result.returncode == pytest.ExitCode.TESTS_FAILED
    assert "FAILED: in CI every test runs" in result.stdout
    assert "did not run: test_other.py" in result.stdout


def test_a_test_may_be_skipped_elsewhere(tmp_path: Path):
    assert run_pytest(tmp_path, NOT_RUN["skipped"], ci="").returncode == pytest.ExitCode.OK


def test_a_session_in_which_all_tests_run_passes_in_ci(tmp_path: Path):
    assert run_pytest(tmp_path, PASSES, ci="true").returncode == pytest.ExitCode.OK
