"""Images of live booths, made in a process of their own: what comes of it, and of its death."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import zmq

from actors.effects import Send, SetTimer
from actors.messages import (
    ClearFault,
    InjectFault,
    QueryState,
    ScanFinished,
    ScannerState,
    StartScan,
    TimerFired,
)
from robotics.imaging.picture import read_png16
from robotics.imaging.review import Quality, Review
from robotics.imaging.store import FolderImages, ImageNameError
from sim.booth_images import BoothImages, declared_as, hidden_in
from sim.plant.image_works import TRIES, ImageMade, ImagesSetup, ImageWorks
from sim.plant.scanner import ScannerController
from sim.xray.references import LearningReviewer
from sim.xray.scan import Scanner, scan
from tests.gate import S

COARSE = Scanner(pitch_m=0.0125)
GOODS = StartScan(7, "CSQU3054383", "22G1", "854231")
TWO = StartScan(8, "CSQU3054383 + TEXU2345675", "22G1", "854231")


class Works:
    """Images as the plant has them made, waiting for each."""

    def __init__(self, folder: Path) -> None:
        self.poller = zmq.Poller()
        setup = ImagesSetup(str(folder), COARSE.pitch_m, references=4)
        self.works = ImageWorks(setup, 1, (), self.poller)

    def until_ready(self) -> ImageMade | None:
        """What comes next; None: a process ended."""
        end_s = time.monotonic() + 60
        while time.monotonic() < end_s:
            if self.works.ready in dict(self.poller.poll(100)):
                return self.works.take(time.monotonic())
            self.works.work(time.monotonic())
        raise AssertionError("nothing comes")

    def kill(self) -> None:
        assert self.works._process is not None
        self.works._process.kill()


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    works = Works(tmp_path)
    yield works
    works.works.close()


def test_an_image_is_made_and_reviewed_though_its_process_is_killed_meanwhile(
    works: Works, tmp_path: Path
):
    works.works("VN-X1", GOODS, 0.0)
    works.works.work(time.monotonic())
    works.kill()
    assert works.until_ready() is None
    made = works.until_ready()
    assert made is not None
    assert (made.device, made.scan.step, made.scan.no_image) == ("VN-X1", 7, "")
    store = FolderImages(tmp_path)
    review = store.review(made.scan.image)
    assert review is not None
    assert made.scan.verdict == review.verdict
    assert read_png16(store.raw(made.scan.image)).shape == (236, 513)


def test_what_no_process_survives_is_no_image_and_never_clear(works: Works):
    works.works("VN-X1", GOODS, 0.0)
    works.works("VN-X2", TWO, 0.0)
    works.works.work(time.monotonic())
    for _ in range(TRIES - 1):
        works.kill()
        assert works.until_ready() is None
    works.kill()
    why = "3 processes in turn ended while they made it"
    assert works.until_ready() == ImageMade("VN-X1", ScanFinished(7, "unreviewed", "", why))
    other = works.until_ready()
    assert other is not None
    assert (other.device, bool(other.scan.image)) == ("VN-X2", True), "the next one is made"


def test_a_process_that_dies_with_nothing_to_make_is_begun_when_there_is(works: Works):
    works.kill()
    assert works.until_ready() is None
    assert works.works.ready == -1
    works.works("VN-X1", GOODS, 0.0)
    made = works.until_ready()
    assert made is not None
    assert made.scan.image


def test_a_process_that_hangs_is_ended(works: Works, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sim.plant.image_works.MAKE_S", 0.0)
    works.works("VN-X1", GOODS, 0.0)
    assert [works.until_ready() for _ in range(TRIES - 1)] == [None] * (TRIES - 1)
    made = works.until_ready()
    assert made is not None
    assert made.scan.verdict == "unreviewed"


Make = Callable[[StartScan], ScanFinished]


@pytest.fixture
def store(tmp_path: Path) -> FolderImages:
    return FolderImages(tmp_path)


def imager(store: FolderImages, **planted: str) -> Make:
    images = BoothImages(store, LearningReviewer(COARSE, 8), COARSE)
    images.planted = planted
    return lambda request: images("VN-X1", request, 0.0)


def test_two_containers_are_one_image_and_what_hides_in_the_second_is_marked_there(
    store: FolderImages,
):
    made = imager(store, TEXU2345675="other_cargo")(TWO)
    assert made.verdict == "suspicious"
    assert read_png16(store.raw(made.image)).shape == (236, 1026)
    review = store.review(made.image)
    assert review is not None
    assert max(box.right for box in review.anomalies) > 513


def test_goods_without_papers_have_an_image_that_nobody_reviews(store: FolderImages):
    made = imager(store)(StartScan(7, "CSQU3054383", "22G1"))
    assert (made.verdict, store.review(made.image)) == ("unreviewed", None)
    assert read_png16(store.raw(made.image)).shape == (236, 513)


@pytest.mark.parametrize(
    ("hs", "size_type", "cargo", "drawn_as"),
    [
        ("081060", "45R1", "fruit", "45R1"),
        ("854231", "L5G1", "electronics", "45G1"),
        ("", "25G1", "textiles", "22G1"),
        ("84", "L5R1", "machinery", "45R1"),
    ],
)
def test_goods_are_drawn_by_their_code_in_a_container_that_can_be_drawn(
    hs: str, size_type: str, cargo: str, drawn_as: str
):
    declared = declared_as(hs, size_type)
    assert (declared.cargo, declared.size_type) == (cargo, drawn_as)


def test_in_a_share_of_containers_something_is_hidden_and_stays_there():
    random = Random(1)
    names = [f"CSQU{random.randrange(10**7):07d}" for _ in range(2000)]
    hidden = [hidden_in(name, 0.1, 1) for name in names]
    assert 150 < sum(map(bool, hidden)) < 250
    assert hidden == [hidden_in(name, 0.1, 1) for name in names]
    assert set(hidden) == {"", "density", "shape", "other_cargo", "empty", "double_wall"}


def test_a_scanner_answers_when_its_image_is_there_and_not_with_one_that_was_spoiled():
    asked: list[StartScan] = []
    scanner = ScannerController("VN-X1", 30.0, 0.0, 0.0, Random(1))
    scanner.imager = lambda _, request, _share: asked.append(request)
    assert scanner.handle(GOODS, 0) == [SetTimer("scan", 30 * S)]
    assert scanner.handle(TimerFired("scan"), 30 * S) == []
    assert asked == [GOODS]
    [state] = scanner.handle(QueryState(), 31 * S)
    assert state == Send("VN-X1", ScannerState(7, ())), "it still makes it"
    made = ScanFinished(7, "clear", "VN-X1-7")
    assert scanner.handle(ScanFinished(6, "clear", "VN-X1-6"), 31 * S) == []
    stopped, well = InjectFault("generator"), ClearFault()
    for message in (stopped, made, well):
        told = [e.message for e in scanner.handle(message, 32 * S) if isinstance(e, Send)]
        assert made not in told
    assert scanner.handle(GOODS, 33 * S) == [SetTimer("scan", 63 * S)]
    assert scanner.handle(made, 34 * S) == []
    assert scanner.handle(TimerFired("scan"), 63 * S) == []
    assert scanner.handle(made, 64 * S) == [Send("VN-X1", made)]


def test_the_oldest_images_go_when_there_are_too_many(tmp_path: Path):
    store = FolderImages(tmp_path, images_max=3)
    image = scan("fruit", "22G1", "1", scanner=COARSE).image
    for number in range(5):
        store.put(f"X-{number}", image, Review("clear", 0.1, (), Quality(())))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"X-{number}.{kind}" for number in (2, 3, 4) for kind in ("json", "png")
    ]
    with pytest.raises(ImageNameError):
        store.raw("X-1")
