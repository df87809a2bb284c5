"""Rows of the domain's exceptions that begin with papers, readings and images.

The whole gate runs in virtual time, with both clearances and their officers.
"""

from pathlib import Path

import pytest
from msgspec import structs

from actors.border import (
    BorderAnswer,
    Decide,
    Dispose,
    GateIn,
    ImageJudged,
    LiftHold,
    PutHold,
    SetDownLoad,
)
from actors.messages import ClearFault, InjectFault, ScanFinished
from actors.site.model import Site
from robotics.imaging.library import LibraryReviewer
from robotics.imaging.review import Declared
from robotics.imaging.store import FolderImages, ImageNameError
from sim.booth_images import BoothImages
from sim.border_officers import declaration
from sim.xray.references import reference
from sim.xray.scan import Scanner
from tests.border import Border, officer
from tests.test_border_drive import both_scans

SCANNER = Scanner(pitch_m=0.0125)
DECLARED = Declared("electronics", "45G1")


def doubtful() -> Site:
    """Every image is called suspicious."""
    site = both_scans()
    vn, cn = site.yards
    booths = structs.replace(vn.booths, suspicious_share=1.0)
    return structs.replace(site, yards=(structs.replace(vn, booths=booths), cn))


def answer(border: Border, number: str) -> BorderAnswer:
    (found,) = (r for r in border.world.replies if isinstance(r, BorderAnswer) and r.id == number)
    return found


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("plate", {"plate": "12C-999.99"}),
        ("container", {"container": "MSKU9070323"}),
        ("seal", {"seal": "S9"}),
        ("weight", {"weight_kg": 26_000}),
    ],
)
def test_what_is_read_otherwise_than_declared_is_a_hold_and_not_loaded_until_it_is_resolved(
    what: str, change: dict[str, object]
):
    border = Border()
    name = border.bring()
    border.until_step(name, "called_forward")
    border.gate.silent = {"VN"}
    goods = declaration(name, "VN-CN")
    read = {
        "plate": goods.plate, "container": goods.container, "seal": goods.seal,
        "weight_kg": goods.weight_kg, **change,
    }  # fmt: skip
    border.command("VN", GateIn("G", officer("operator", "VN"), name, **read))  # type: ignore[arg-type]
    hold = border.gate.sides["VN"].records[name].holds["identity"]
    assert hold.reason.startswith(f"{what}: read ")
    border.run(1800)
    assert border.order_states() == []
    wrong = LiftHold("L", officer("operator", "VN"), name, "identity", "looks right")
    border.command("VN", wrong)
    assert answer(border, "L").reason == "decided by customs, not operator"
    border.gate.silent = set()
    border.ends(name)


@pytest.mark.parametrize("ending", ["released", "seized", "returned"])
def test_a_suspicious_image_is_rechecked_then_opened_by_hand_then_released_seized_or_returned(
    ending: str,
):
    border = Border(doubtful())
    name = border.bring()
    border.until_step(name, "on_agv")
    border.gate.silent = {"VN"}
    border.until(lambda: "image" in border.holds_put(name))
    customs, supervisor = officer("customs", "VN"), officer("supervisor", "VN")
    border.command("VN", Decide("I1", customs, name, "image_decided", "looks fine"))
    assert answer(border, "I1").reason == "held: image"
    border.command("VN", LiftHold("L1", customs, name, "image", "looks fine"))
    assert answer(border, "L1").outcome == "refused", "a supervisor rechecks"
    border.command("VN", SetDownLoad("D", supervisor, name, "to the manual bay"))
    border.until(lambda: border.order_states()[-1] == "failed")
    assert "lane_granted" not in border.steps(name)
    if ending == "released":
        border.command("VN", LiftHold("L2", supervisor, name, "image", "opened: as declared"))
        border.gate.silent = set()
        site = border.world.machine("VN-X1/controller")
        site._suspicious_share = 0.0  # type: ignore[attr-defined]
        border.ends(name)
    else:
        border.command("VN", Dispose("E", supervisor, name, ending, "contraband"))  # type: ignore[arg-type]
        assert answer(border, "E").outcome == "done"
        border.gate.silent = set()
        border.ends()
        assert border.gate.sides["CN"].records[name].ended == ending, "the other side knows"
        assert border.gate.sides["VN"].records[name].ended == ending
        assert border.gate.reader.released == set()


def test_an_officer_may_pass_what_the_review_suspects_and_the_disagreement_is_counted():
    border = Border(doubtful())
    name = border.bring()
    border.ends(name)
    (judged,) = border.events(ImageJudged)
    assert (judged.verdict, judged.judged, judged.differs) == ("suspicious", "clear", True)
    assert border.gate.report.judged().overruled == 1


def test_an_officer_may_stop_what_the_review_calls_clear_and_the_disagreement_is_counted():
    border = Border()
    name = border.bring()
    border.until_step(name, "on_agv")
    border.gate.silent = {"VN"}
    border.until_step(name, "scanned")
    put = PutHold("H", officer("customs", "VN"), name, "image", "a dark corner")
    border.command("VN", put)
    assert border.gate.report.judged().missed == 1
    border.gate.silent = set()
    border.ends(name)


def test_with_the_scanner_down_nothing_is_scanned_nothing_passes_and_people_are_told():
    border = Border()
    name = border.bring()
    border.tell("VN-X1/controller", InjectFault("generator"))
    border.until_step(name, "on_agv")
    border.run(3 * 3600)
    assert "scanned" not in border.steps(name)
    assert border.device_states("VN-X1")[-1] == "faulted"
    decided = Decide("I", officer("customs", "VN"), name, "image_decided", "no time")
    border.command("VN", decided)
    assert answer(border, "I").outcome == "refused"
    border.tell("VN-X1/controller", ClearFault())
    border.ends(name)


def test_without_an_image_it_is_inspected_by_hand_and_no_officer_can_pass_it_before():
    border = Border()
    for booth in ("VN-X1",):
        scanner = border.world.machine(f"{booth}/controller")
        scanner.imager = lambda _, scan, _share: ScanFinished(  # type: ignore[attr-defined]
            scan.step, "clear", "", "the disk is full"
        )
    name = border.bring()
    border.until_step(name, "on_agv")
    border.gate.silent = {"VN"}
    border.until_step(name, "scanned")
    record = border.gate.sides["VN"].records[name]
    assert record.holds["image"].reason == "no image: the disk is full"
    lifted = LiftHold("L", officer("supervisor", "VN"), name, "image", "the disk is full")
    border.command("VN", lifted)
    decided = Decide("I", officer("customs", "VN"), name, "image_decided", "trust me")
    border.command("VN", decided)
    assert answer(border, "I").reason == "there is no image: it is inspected by hand first"
    border.gate.silent = set()
    border.ends(name)
    assert "inspection" in border.steps(name)


def test_a_lab_sample_frees_the_agv_sets_the_container_down_and_an_alarm_counts_its_stay():
    site = both_scans()
    rules = structs.replace(site.clearance[0], perishable_h_max=6)
    border = Border(structs.replace(site, clearance=(rules,)))
    name = border.bring(hs="081060", perishable=True)
    border.until_step(name, "on_agv")
    border.gate.silent = {"VN"}
    lab = officer("quarantine", "VN")
    border.command("VN", PutHold("H", lab, name, "sample", "to the lab"))
    border.command("VN", SetDownLoad("D", lab, name, "to the lab, on a reefer plug"))
    border.until(lambda: border.order_states()[-1] == "failed")
    assert all(v.job is None for v in border.manager.vehicles.values()), "its AGV is free"
    border.run(6 * 3600)
    (alarm,) = border.alarms("consignment_perishes")
    assert alarm.subject == name
    border.gate.silent = set()
    border.ends(name)
    assert border.steps(name).count("on_agv") == 2


@pytest.fixture(scope="module")
def reviewer() -> LibraryReviewer:
    return LibraryReviewer({DECLARED: reference(DECLARED, SCANNER, images=8)})


@pytest.mark.parametrize("review_is_down", [False, True])
def test_an_empty_container_is_found_in_its_real_image_and_with_the_review_down_officers_decide(
    tmp_path: Path, reviewer: LibraryReviewer, review_is_down: bool
):
    store = FolderImages(tmp_path, images_max=4)
    images = BoothImages(store, None if review_is_down else reviewer, SCANNER)
    border = Border(images=images)
    name = border.bring()
    images.planted["CSQU3054383"] = "empty"
    border.until_step(name, "on_agv")
    border.gate.silent = {"VN"}
    border.until_step(name, "scanned")
    record = border.gate.sides["VN"].records[name]
    review = store.review(record.image)
    assert store.png(record.image).startswith(b"\x89PNG")
    assert store.raw(record.image).startswith(b"\x89PNG")
    if review_is_down:
        assert (record.verdict, review, list(record.holds)) == ("unreviewed", None, [])
        border.run(3600)
        assert "image_decided" not in border.steps(name), "silence is never clearance"
    else:
        assert review is not None
        assert review.anomalies
        assert (record.verdict, list(record.holds)) == ("suspicious", ["image"])
    border.gate.silent = set()
    border.ends(name)
    with pytest.raises(ImageNameError):
        store.raw("../secret")
