"""Whatever stands in a site file, loading answers with a site or a SiteError, and nothing else."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from actors.errors import SiteError
from actors.site.load import load_site
from tests.site_files import DAY, DEMO

ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.dates().map(str),
    st.sampled_from(
        ["VN", "CN-VN", "VN-C1", "45G1", "08:00", "3.6 km", "<<", "=", "*a", "&a", "!x"]
    ),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=3),
)
fuzz = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def answer(path: Path) -> None:
    with contextlib.suppress(SiteError):
        load_site(path, DAY)


def holders(value: Any) -> list[Any]:
    """All sections and lists in `value`."""
    if isinstance(value, dict):
        return [value, *(h for item in value.values() for h in holders(item))]
    if isinstance(value, list):
        return [value, *(h for item in value for h in holders(item))]
    return []


@given(st.data())
@fuzz
def test_changed_demo_is_answered(tmp_path: Path, data: st.DataObject) -> None:
    site = yaml.safe_load(DEMO.read_text("utf-8"))
    for _ in range(data.draw(st.integers(1, 3))):
        holder = data.draw(st.sampled_from(holders(site)))
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        match data.draw(st.sampled_from(["delete", "change", "add"])):
            case "delete" if keys:
                del holder[data.draw(st.sampled_from(keys))]
            case "change" if keys:
                holder[data.draw(st.sampled_from(keys))] = data.draw(ODD_VALUES)
            case _ if isinstance(holder, dict):
                holder[data.draw(st.text(max_size=6) | st.integers())] = data.draw(ODD_VALUES)
            case _:
                holder.append(data.draw(ODD_VALUES))
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump(site, allow_unicode=True), "utf-8", errors="surrogatepass")
    answer(path)


@given(st.integers(0, 10**6), st.integers(0, 12), st.binary(max_size=12))
@fuzz
def test_demo_with_bytes_replaced_is_answered(
    tmp_path: Path, at: int, length: int, put: bytes
) -> None:
    text = DEMO.read_bytes()
    at %= len(text)
    path = tmp_path / "replaced.yaml"
    path.write_bytes(text[:at] + put + text[at + length :])
    answer(path)


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
@example(b"\0")
@example(b"? [a]\n: b")
@example(b"{[]: 1}")
@example(b"a: !!float x")
@example(b"- !!map 3")
@example(b"&a [*a]")
@example(b"%YAML 9.9\n---\na")
@example("title: \ud800".encode("utf-8", "surrogatepass"))
@fuzz
def test_garbage_is_answered(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "garbage.yaml"
    path.write_bytes(garbage)
    with pytest.raises(SiteError):
        load_site(path, DAY)
