"""Images that real scanners report: only what is there, whole and as reported, is an image."""

import hashlib
import io
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from actors.messages import QueryState, ScanFinished, ScannerState
from robotics.imaging.intake import take_in
from robotics.imaging.picture import png16, read_png16
from robotics.imaging.reported import Report, ScanImages, Taken
from robotics.imaging.store import FolderImages, ImageNameError
from robotics.ros import wire
from robotics.ros.refusal import RefusedError
from robotics.ros.station_talk import StationTalk
from robotics.ros.talk import Later
from sim.xray.scan import Scanner, scan
from tests.gate import S
from tests.ros_drawn import BOUNDS, NOW, raw, scanner_state

IMAGE = scan("fruit", "22G1", "1", scanner=Scanner(pitch_m=0.0125)).image


class Folders:
    """Where a scanner leaves its images, and where the gate keeps them."""

    def __init__(self, root: Path) -> None:
        self.left, self.kept = root / "left", root / "kept"
        self.left.mkdir()
        (root / "secret.png").write_bytes(png16(IMAGE))

    def leave(self, data: bytes) -> str:
        """Its SHA-256."""
        (self.left / "a.png").write_bytes(data)
        return hashlib.sha256(data).hexdigest()

    def take_in(self, uri: str, sha256: str) -> Taken:
        return take_in(Report(str(self.left), str(self.kept), "X-1", uri, sha256))


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


@pytest.mark.parametrize("uri", ["a.png", "file://{left}/a.png", "file://localhost{left}/%61.png"])
def test_a_file_in_the_folder_with_its_hash_is_kept_with_all_its_bits(folders: Folders, uri: str):
    sha256 = folders.leave(png16(IMAGE))
    assert folders.take_in(uri.format(left=folders.left), sha256) == Taken()
    store = FolderImages(folders.kept)
    assert np.array_equal(read_png16(store.raw("X-1")), IMAGE)
    assert store.review("X-1") is None, "nobody here has reviewed it"


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("b.png", "its file is not found"),
        ("", "its URI has no scheme; only files, file:///…, can be seen here"),
        ("http://scanner/a.png", "its URI has http; only files, file:///…, can be seen here"),
        ("file://scanner/a.png", "its file is on another machine"),
        ("file://{left}/../secret.png", "its file is not in the folder of scanners' images"),
        ("../secret.png", "its URI has no scheme; only files, file:///…, can be seen here"),
        ("file:///dev/zero", "its file is not in the folder of scanners' images"),
        ("file://{left}/link.png", "its file is not in the folder of scanners' images"),
        ("link.png", "its file is not in the folder of scanners' images"),
        ("file://{left}/a%00.png", "its URI names no file"),
        ("file://[/a.png", "its URI is none"),
        ("file://{left}", "its file is not found"),
    ],
)
def test_what_cannot_be_seen_here_is_no_image(folders: Folders, uri: str, why: str):
    sha256 = folders.leave(png16(IMAGE))
    (folders.left / "link.png").symlink_to(folders.left.parent / "secret.png")
    assert folders.take_in(uri.format(left=folders.left), sha256) == Taken(why)


def eight_bits() -> bytes:
    data = io.BytesIO()
    Image.fromarray((IMAGE >> 8).astype(np.uint8)).save(data, format="PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "sha256", "why"),
    [
        (png16(IMAGE), "", "the scanner gives no SHA-256 of it"),
        (png16(IMAGE), "0" * 64, "its SHA-256 is not the one that the scanner gives"),
        (b"GIF89a", None, "given what is no whole PNG"),
        (png16(IMAGE)[:-900], None, "given what is no whole PNG"),
        (eight_bits(), None, "given pixels of mode L"),
    ],
)
def test_what_is_not_what_was_reported_is_no_image(
    folders: Folders, data: bytes, sha256: str | None, why: str
):
    given = folders.leave(data)
    taken = folders.take_in("a.png", given if sha256 is None else sha256)
    assert taken.no_image.startswith(why)
    with pytest.raises(ImageNameError):
        FolderImages(folders.kept).raw("X-1")


def test_an_image_in_which_nothing_can_be_seen_is_kept_with_what_is_wrong(folders: Folders):
    sha256 = folders.leave(png16(np.full((200, 400), 65_535, np.uint16)))
    taken = folders.take_in("a.png", sha256)
    assert taken.no_image == ""
    assert "100.0% of pixels saturated, allowed: 0.2%" in taken.flaws
    review = FolderImages(folders.kept).review("X-1")
    assert review is not None
    assert (review.verdict, review.quality.flaws) == ("unreadable", taken.flaws)


def talk(images: ScanImages | None) -> StationTalk:
    return StationTalk("VN-X1", "booth", BOUNDS, 2 * S, 2.0, images)


def named(uri: str, sha256: str, verdict: int = 0) -> wire.ScanReport:
    return wire.ScanReport(4, verdict, uri, sha256, ())


def test_a_scan_is_told_once_its_image_is_taken_in_and_then_is_the_truth(folders: Folders):
    sha256 = folders.leave(png16(IMAGE))
    scanner = talk(ScanImages(str(folders.left), str(folders.kept)))
    scanner.tell(QueryState(), NOW)
    state = scanner_state(NOW, done=(named("a.png", sha256),))
    [truth, later] = scanner.take("state", raw(state), NOW) or []
    assert truth == ScannerState(0, ())
    assert isinstance(later, Later)
    scanner.tell(QueryState(), NOW)
    again = scanner_state(NOW + 1, done=(named("a.png", sha256),))
    assert scanner.take("state", raw(again), NOW + 1) == [truth], "it is being taken in"
    [scan] = later.after(later.work())
    assert scan == ScanFinished(4, "clear", f"VN-X1-4-{sha256[:16]}")
    assert FolderImages(folders.kept).raw(f"VN-X1-4-{sha256[:16]}")
    scanner.tell(QueryState(), NOW)
    again = scanner_state(NOW + 2, done=(named("a.png", sha256),))
    assert scanner.take("state", raw(again), NOW + 2) == [ScannerState(0, (scan,))]


@pytest.mark.parametrize(
    ("verdict", "taken", "told"),
    [
        (0, Taken("its file is not found"), ("unreadable", "", "its file is not found")),
        (0, Taken("", ("blank",)), ("unreadable", "VN-X1-4", "")),
        (1, Taken("", ("blank",)), ("suspicious", "VN-X1-4", "")),
        (1, Taken(), ("suspicious", "VN-X1-4", "")),
    ],
)
def test_clear_is_only_what_has_an_image_in_which_something_can_be_seen(
    verdict: int, taken: Taken, told: tuple[str, str, str]
):
    scanner = talk(ScanImages("left", "kept"))
    scanner.tell(QueryState(), NOW)
    state = scanner_state(NOW, done=(named("a.png", "", verdict),))
    [_, later] = scanner.take("state", raw(state), NOW) or []
    assert isinstance(later, Later)
    [scan] = later.after(taken)
    assert isinstance(scan, ScanFinished)
    assert (scan.verdict, scan.image, scan.no_image) == told


@pytest.mark.parametrize(
    ("images", "uri", "told"),
    [
        (
            None,
            "a.png",
            ("clear", "the gate knows no folder of scanners' images (--scanner-images)"),
        ),
        (ScanImages("left", "kept"), "", ("unreadable", "the scanner names none")),
    ],
)
def test_a_scan_without_an_image_says_why(
    images: ScanImages | None, uri: str, told: tuple[str, str]
):
    scanner = talk(images)
    scanner.tell(QueryState(), NOW)
    state = scanner_state(NOW, done=(named(uri, ""),))
    [truth] = scanner.take("state", raw(state), NOW) or []
    assert isinstance(truth, ScannerState)
    [scan] = truth.done
    assert (scan.verdict, scan.no_image, scan.image) == (*told, "")


def test_a_hash_that_is_none_is_refused():
    with pytest.raises(RefusedError):
        wire.read(msgspec.json.encode(named("a.png", "ABC")), wire.ScanReport, "state")
