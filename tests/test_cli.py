"""The command line, run as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interfaces.bench.figures import percentile
from interfaces.main import COMMANDS, app

BORDERGATE = [sys.executable, "-m", "interfaces.main"]


def run(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BORDERGATE, *arguments], capture_output=True, text=True, timeout=timeout_s, check=False
    )


def test_version_names_the_program_and_its_version() -> None:
    assert run("version").stdout == "bordergate 0.1.0\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_help_lists_is_there(command: str) -> None:
    assert command in CliRunner().invoke(app, ["--help"]).output
    told = CliRunner().invoke(app, [command, "--help"])
    assert told.exit_code == 0
    assert f"bordergate {command}" in told.output


def test_a_short_command_does_not_wait_for_what_it_does_not_use() -> None:
    loaded = "import sys; from interfaces.main import app; app(['version'], standalone_mode=False)"
    script = f"{loaded}; print(*{{'ray', 'numba', 'scipy', 'fastapi'}} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "bordergate 0.1.0\n\n"


def test_check_describes_a_right_site() -> None:
    done = run("check", "huu-nghi")
    assert done.returncode == 0
    assert "117" in done.stdout
    assert done.stdout.endswith("huu-nghi.yaml is right.\n")


def test_check_says_where_a_dead_vehicle_has_to_be_towed() -> None:
    done = run("check", "demo")
    assert "40 of 82 zones: a vehicle that stands dead there has to be towed" in done.stdout
    assert "on side VN, 20, of which" in done.stdout
    assert "VN-feeder-03" not in done.stdout
    listed = run("check", "demo", "--tow")
    assert "VN-feeder-03" in listed.stdout


def test_check_tells_all_that_is_wrong_and_exits_with_2(tmp_path: Path) -> None:
    text = Path("launch/sites/demo.yaml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        text.replace("speed_empty_mps: 6.1", "speed_empty_mps: -6.1").replace(
            "battery_kwh", "batery_kwh"
        ),
        encoding="utf-8",
    )
    done = run("check", str(wrong))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "wrong.yaml: vehicles.speed_empty_mps: given -6.1" in done.stderr
    assert "did you mean battery_kwh" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "nowhere"),
        ("check", "demo", "--day", "tomorrow"),
        ("simulate", "demo", "--hours", "0"),
        ("simulate", "demo", "--trucks-per-day", "-1"),
        ("simulate", "demo", "--json", "no/such/folder/out.json"),
        ("up", "demo", "--host", "0.0.0.0"),
        ("up", "demo", "--port", "0"),
        ("up", "demo", "--speed", "0"),
        ("up", "demo", "--reference"),
        ("up", "demo", "--driver", "ros"),
        ("up", "demo", "--driver", "ros", "--reference", "--rosbridge", "ws://127.0.0.1:9090"),
        ("up", "demo", "--driver", "ros", "--rosbridge", "127.0.0.1:9090"),
        ("up", "demo", "--scanner-images", "."),
        ("bench", "nothing"),
        ("bench", "world", "--plot", "growth.html"),
        ("bench", "grid", "no-such.map", "5"),
        ("bench", "grid", "README.md", "5"),
        ("bench", "grid", "README.md", "0"),
        ("fly",),
    ],
)
def test_bad_arguments_exit_with_2_and_a_plain_word(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert "\x1b[" not in done.stderr


def test_a_simulation_is_told_as_json(tmp_path: Path) -> None:
    file = tmp_path / "day.json"
    arguments = ("simulate", "demo", "--hours", "3", "--trucks-per-day", "200", "--json", str(file))
    first = run(*arguments, "--seed", "5")
    assert first.returncode == 0
    told = json.loads(file.read_text())
    assert {"digest", "seed", "simulated_s", "wall_s", "events", "orders", "checker"} <= set(told)
    assert set(told["orders"]) == {"done", "failed", "cancelled", "open"}
    assert told["orders"]["done"] > 0
    assert not any(told["checker"].values())
    run(*arguments, "--seed", "5")
    assert json.loads(file.read_text())["digest"] == told["digest"]
    run(*arguments, "--seed", "6")
    assert json.loads(file.read_text())["digest"] != told["digest"]


def test_bench_tells_figures_beside_their_baselines(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    assert run("bench", "world", "--json", str(file), timeout_s=100).returncode == 0
    figures = json.loads(file.read_text())["figures"]
    assert [set(figure) for figure in figures] == [
        {"name", "value", "unit", "baseline", "ratio"}
    ] * len(figures)
    assert figures[0]["name"] == "virtual runtime"


def test_bench_grid_tells_goals_a_step_and_makespan_and_what_must_never_be(tmp_path: Path) -> None:
    hall = tmp_path / "hall.map"
    row = "." * 8
    hall.write_text("type octile\nheight 4\nwidth 8\nmap\n" + f"{row}\n" * 4, encoding="utf-8")
    file = tmp_path / "hall.json"
    done = run("bench", "grid", str(hall), "4", "--tasks", "12", "--json", str(file))
    assert done.returncode == 0
    told = {figure["name"]: figure["value"] for figure in json.loads(file.read_text())["figures"]}
    assert told["makespan"] > 12
    assert told["goals a step"] == round(24 / told["steps"], 3)
    assert not told["two vehicles in one cell"] + told["circles of waits"] + told["standstills"]
    full = run("bench", "grid", str(hall), "32")
    assert full.returncode == 2
    assert "given 32 vehicles, allowed: at most" in full.stderr


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(100)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--role", "king", "--side", "VN", "--name", "A"),
            "--role: given 'king', allowed: viewer",
        ),
        (("--role", "customs", "--side", "*", "--name", "A"), "--side: given '*', allowed: one"),
        (("--role", "customs", "--side", "vn", "--name", "A"), "two capital letters"),
        (("--role", "customs", "--side", "VN", "--name", " "), "--name: given ' '"),
    ],
)
def test_a_token_that_can_be_no_ones_is_not_made(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    done = run("token", "create", *words, "--store", store)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_token_is_made_listed_and_revoked(tmp_path: Path) -> None:
    store = ("--store", f"sqlite:///{tmp_path / 'store.sqlite'}")
    made = run("token", "create", "--name", "Minh", "--role", "customs", "--side", "VN", *store)
    [about, text] = made.stdout.splitlines()
    assert "Minh, customs of VN, until" in about
    assert text.startswith("bg_")
    listed = run("token", "list", *store).stdout
    assert "good" in listed
    assert text not in listed
    assert run("token", "revoke", about[:8], *store).returncode == 0
    assert "revoked" in run("token", "list", *store).stdout
    unknown = run("token", "revoke", "nothing", *store)
    assert (unknown.returncode, "token list" in unknown.stderr) == (2, True)
