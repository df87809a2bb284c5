"""X-ray images: made, judged readable or not, reviewed against the declared cargo, shown."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from interfaces.bench.inspection import Judged, draw
from interfaces.main import app
from robotics.imaging.library import LibraryReviewer
from robotics.imaging.picture import PictureError, png8, png16, read_png16
from robotics.imaging.review import Declared, Reviewer
from sim.xray.anomalies import ANOMALIES
from sim.xray.cargo import CARGO
from sim.xray.container import CONTAINERS
from sim.xray.materials import STEEL
from sim.xray.references import reference
from sim.xray.scan import Scan, Scanner, scan

COARSE = Scanner(pitch_m=0.0125)
DECLARED = Declared("electronics", "22G1")


def seen(seed: str, anomaly: str = "", cargo: str = "electronics") -> Scan:
    return scan(cargo, "22G1", seed, anomaly, COARSE)


@pytest.fixture(scope="module")
def reviewer() -> Reviewer:
    return LibraryReviewer({DECLARED: reference(DECLARED, COARSE, images=12)})


@pytest.mark.parametrize("cargo", CARGO)
@pytest.mark.parametrize("size_type", CONTAINERS)
def test_the_same_seed_is_the_same_image_of_16_bits(cargo: str, size_type: str):
    first = scan(cargo, size_type, "1", scanner=COARSE)
    assert first.image.dtype == np.uint16
    assert not first.planted
    assert np.array_equal(first.image, scan(cargo, size_type, "1", scanner=COARSE).image)
    assert not np.array_equal(first.image, scan(cargo, size_type, "2", scanner=COARSE).image)


def test_steel_halves_the_beam_in_about_two_centimetres():
    assert np.exp(-STEEL.depth(0.0207)) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("anomaly", ANOMALIES)
def test_what_is_planted_is_within_the_image(anomaly: str):
    for seed in range(3):
        image, [(left, top, right, bottom)] = seen(str(seed), anomaly)
        assert 0 <= left < right <= image.shape[1]
        assert 0 <= top < bottom <= image.shape[0]


def test_most_clean_images_that_no_reference_was_made_from_are_clear(reviewer: Reviewer):
    reviews = [reviewer.review(seen(f"clean/{number}").image, DECLARED) for number in range(20)]
    assert all(not review.quality.flaws for review in reviews)
    assert all((review.verdict == "clear") == (not review.anomalies) for review in reviews)
    assert sum(review.verdict == "clear" for review in reviews) >= 14


@pytest.mark.parametrize("anomaly", ["empty", "other_cargo", "double_wall"])
def test_another_load_than_the_declared_one_is_suspicious(reviewer: Reviewer, anomaly: str):
    image, [(left, top, right, bottom)] = seen("planted", anomaly)
    review = reviewer.review(image, DECLARED)
    assert review.verdict == "suspicious"
    assert any(
        found.left < right and left < found.right and found.top < bottom and top < found.bottom
        for found in review.anomalies
    )


def test_a_dense_block_is_boxed_where_it_is(reviewer: Reviewer):
    image = seen("clean").image.copy()
    image[100:124, 200:230] = image[100:124, 200:230] * 0.35
    review = reviewer.review(image, DECLARED)
    assert review.verdict == "suspicious"
    assert any(
        found.left < 230 and found.right > 200
        and found.top < 124 and found.bottom > 100
        for found in review.anomalies
    )  # fmt: skip


def test_an_image_that_cannot_be_read_is_never_clear(reviewer: Reviewer):
    good = seen("clean").image
    truncated = good.copy()
    truncated[:, 300:] = 0
    bad: dict[str, NDArray[Any]] = {
        "saturated": np.full_like(good, 65_535),
        "blank": np.random.default_rng(1).integers(50_000, 50_400, good.shape).astype(np.uint16),
        "air": (good // 20).astype(np.uint16),
        "columns": good[:, :300],
        "rows": good[:100],
        "truncated": truncated,
        "uint8": (good >> 8).astype(np.uint8),
        "float64": good.astype(np.float64),
        "3-d": np.stack([good, good]),
    }
    for flaw, image in bad.items():
        review = reviewer.review(image, DECLARED)
        assert (review.verdict, review.anomalies) == ("unreadable", ())
        assert flaw in " ".join(review.quality.flaws)
    for empty in (np.zeros((0, 0), np.uint16), np.zeros((0, 500), np.uint16)):
        assert reviewer.review(empty, DECLARED).verdict == "unreadable"


def test_cargo_without_a_reference_is_never_clear(reviewer: Reviewer):
    for image in (seen("clean").image, np.zeros((0, 0), np.uint16), np.zeros(3, np.uint8)):
        review = reviewer.review(image, Declared("durian", "22G1"))
        assert review.verdict == "unreadable"
        assert "no reference of durian in 22G1" in review.quality.flaws


def test_16_bits_come_back_from_png_as_they_were():
    image = seen("1").image
    back = read_png16(png16(image))
    assert back.dtype == np.uint16
    assert np.array_equal(back, image)


def test_what_is_no_whole_png_of_16_bits_is_refused(reviewer: Reviewer):
    image = seen("1").image
    data = png16(image)
    for bad in (b"", b"GIF89a", data[: len(data) // 2], png8(image)):
        with pytest.raises(PictureError, match="allowed"):
            read_png16(bad)


def test_boxes_are_drawn_into_the_picture(reviewer: Reviewer):
    image = seen("planted", "empty").image
    anomalies = reviewer.review(image, DECLARED).anomalies
    assert anomalies
    plain, boxed = (Image.open(io.BytesIO(png8(image, drawn))) for drawn in ((), anomalies))
    assert plain.size == boxed.size == image.shape[::-1]
    assert np.ptp(np.asarray(plain), axis=2).max() == 0
    assert np.ptp(np.asarray(boxed), axis=2).max() > 0


def test_the_curve_is_drawn_into_one_page(tmp_path):
    file = tmp_path / "curve.html"
    draw(Judged([0.4, 0.9, 1.2], {"empty": [2.0, 0.8]}, 1, 1, 0, [0.1]), file)
    assert "3 clean images" in file.read_text()


def test_the_command_writes_an_image_and_says_what_is_planted(tmp_path):
    file = tmp_path / "x.png"
    command = ["xray", "--size-type", "22G1", "--anomaly", "shape", "--raw", "--out", str(file)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0
    assert "shape: columns" in result.stdout
    assert read_png16(file.read_bytes()).shape == scan("fruit", "22G1", "1").image.shape
