"""The operator page in a real browser, fed through the real data plane."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from actors.messages import DeviceChanged, Obstacle, Outline, PutObstacle, SetService
from actors.site.load import load_site
from interfaces.api.roles import COOKIE
from interfaces.page.page import register_page
from interfaces.pump import ViewPump
from robotics.imaging.review import Anomaly, Quality, Review
from robotics.imaging.store import FolderImages
from robotics.telemetry import (
    Bus,
    EventKeeper,
    EventSink,
    Frame,
    LinkSignal,
    SignalForwarder,
    SignalPublisher,
    SignalReader,
)
from sim.xray.scan import scan
from tests.gate_server import VirtualGate, put, served
from tests.site_files import DEMO
from tests.test_api_border import Border

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the path")

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREENSHOTS = Path(__file__).parent.parent / "build"
REFUSED = "409 (Conflict)"
"""The browser itself writes so into its console when a command is refused."""
EVIL = "<img src=x onerror=window.evil=1>"


class RunningGate:
    """A gate in real time whose events and signals reach the page as in production."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o700)
        bus = Bus(str(folder))
        SignalForwarder(bus)
        self.gate = VirtualGate(load_site(DEMO), start_ns=time.time_ns())
        self.images = FolderImages(folder / "images")
        self.border = self.gate.border(self.images)
        self.sink = EventSink(bus, "gate")
        self.gate.record(lambda recorded: self.sink.record(recorded.event, recorded.at_ns))
        self.pump = ViewPump(self.gate.view, EventKeeper(bus), SignalReader(bus))
        self._publisher = SignalPublisher(bus)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "RunningGate":
        self.pump.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self.pump.close()
        self._publisher.close()

    def _run(self) -> None:
        while not self._ending.wait(0.1):
            behind_s = (time.time_ns() - self.gate.world.now_ns) / 1e9
            self.gate.advance(max(behind_s, 0.0))
            self._publisher.publish(self.gate.frame())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    with RunningGate(tmp_path_factory.mktemp("bus")) as running:
        yield running


@pytest.fixture(scope="module")
def url(running: RunningGate) -> Iterator[str]:
    app = running.gate.app(running.border)
    register_page(app, running.gate.view, has_desk=True)
    with served(app) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """The page, live; nothing of it may fail or come from elsewhere."""
    page = browser.new_page(viewport={"width": 1680, "height": 950})
    page.context.add_cookies([{"name": COOKIE, "value": "operator-of-all", "url": url}])
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda said: (
            troubles.append(said.text)
            if said.type == "error" and REFUSED not in said.text
            else None
        ),
    )
    page.on(
        "request",
        lambda sent: None if sent.url.startswith((url, "data:")) else troubles.append(sent.url),
    )
    page.goto(url)
    page.wait_for_function("window.bordergate?.connected")
    yield page
    page.close()
    assert troubles == []


def test_the_page_shows_the_gate_and_vehicles_move(page: Page, running: RunningGate) -> None:
    running.gate.ask(put("shown-1"))
    running.gate.ask(put("shown-2", way="CN-VN"))
    row = page.locator("tr[data-order='shown-1']")
    expect(row).to_contain_text("CSQU3054383")
    expect(row).to_contain_text("to pickup")
    page.wait_for_function(
        "Object.values(bordergate.vehicles).some(v => v.order === 'shown-1' && v.speed_mps > 0.5)"
    )
    read = "(({x_m, y_m}) => [x_m, y_m])(Object.values(bordergate.vehicles)" + (
        ".find(v => v.order === 'shown-1'))"
    )
    before = page.evaluate(read)
    page.wait_for_function(
        f"([x, y]) => {{ const [a, b] = {read}; return Math.hypot(a - x, b - y) > 2 }}", arg=before
    )
    painted = page.evaluate(
        "(() => { const c = document.querySelectorAll('canvas')[1];"
        "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0) })()"
    )
    assert painted
    expect(page.get_by_text("VN UTC+7")).to_be_visible()
    expect(page.get_by_text("CN UTC+8")).to_be_visible()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "page.png")


def test_the_page_is_told_at_least_four_times_a_second(page: Page) -> None:
    ticks = page.evaluate(
        """async () => { const seen = new Set(); const end = performance.now() + 3000;
        while (performance.now() < end) { seen.add(bordergate.stamp);
        await new Promise(done => setTimeout(done, 20)) } return seen.size }"""
    )
    assert ticks >= 12


def test_a_vehicle_that_is_picked_tells_what_it_does(page: Page) -> None:
    page.get_by_role("tab", name="AGVs").click()
    page.locator("tr[data-vehicle='AGV-001']").click()
    expect(page.get_by_test_id("card")).to_contain_text("AGV-001")
    for view in ("VN yard", "Road", "CN yard", "All to scale", "Overview"):
        page.get_by_role("button", name=view).click()
    page.get_by_role("tab", name="Lanes, cranes, booths").click()
    expect(page.get_by_test_id("lanes")).to_contain_text("open")


def test_lanes_are_commanded_from_the_page_and_a_refusal_is_told(page: Page) -> None:
    page.get_by_role("tab", name="Lanes, cranes, booths").click()
    row = page.locator("tr[data-lane='D1']")
    expect(row).to_contain_text("VN→CN")
    page.get_by_role("button", name="Block lane D1").click()
    expect(row).to_contain_text("blocked")
    expect(row.get_by_role("button")).to_have_text(["Open", "Close"])
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "lanes.png")
    page.get_by_role("button", name="Open lane D1").click()
    expect(row).to_contain_text("open")
    expect(row.get_by_role("button")).to_have_text(["Close", "Reverse", "Block"])
    with page.expect_response("**/close") as answer:
        page.get_by_role("button", name="Close lane D1").click()
    assert answer.value.status == 409
    expect(page.get_by_role("status")).to_contain_text("no other lane is open from VN to CN")
    page.screenshot(path=SCREENSHOTS / "lanes-refused.png")


def test_what_is_out_of_service_or_blocked_is_shown(page: Page, running: RunningGate) -> None:
    running.gate.ask(SetService("AGV-004", in_service=False))
    running.gate.ask(SetService("VN-C2", in_service=False))
    running.gate.ask(SetService("CN-E1", in_service=False))
    car = Obstacle("car", ("CN-P04",), Outline(0.0, 0.0, 0.5, 4.0, 2.0))
    running.gate.ask(PutObstacle(car))
    page.get_by_role("tab", name="AGVs").click()
    expect(page.locator("tr[data-vehicle='AGV-004']")).to_contain_text("withdrawn")
    page.get_by_role("tab", name="Lanes, cranes, booths").click()
    expect(page.get_by_test_id("stations")).to_contain_text("withdrawn")
    page.get_by_role("button", name="All to scale").click()
    page.get_by_role("button", name="Overview").click()


def test_a_link_that_is_lost_or_has_refused_something_is_marked(
    page: Page, running: RunningGate
) -> None:
    now_ns = time.time_ns()
    said = f"state.header.stamp: given {EVIL}"
    refused = LinkSignal("AGV-002", True, {"connections": 1, "refused: stamp": 4}, said, now_ns)
    running.gate.view.sample(Frame(now_ns, links=(refused, LinkSignal("VN-X1", False, {}))))
    page.get_by_role("tab", name="Lanes, cranes, booths").click()
    expect(page.locator("tr[data-station='VN-X1']")).to_contain_text("no link")
    page.get_by_role("tab", name="AGVs").click()
    row = page.locator("tr[data-vehicle='AGV-002']")
    expect(row).to_contain_text("refused")
    row.click()
    expect(page.get_by_test_id("card")).to_contain_text(said)
    expect(page.get_by_test_id("card")).to_contain_text("refused: stamp: 4")
    expect(page.locator("tr[data-vehicle='AGV-001']")).not_to_contain_text("refused")
    assert page.evaluate("window.evil === undefined")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "links.png")
    row.click()


def test_text_from_devices_is_shown_as_text(page: Page, running: RunningGate) -> None:
    with running.gate.lock:
        evil = DeviceChanged("VN-X1", "booth", "idle", EVIL)
        running.sink.record(evil, running.gate.world.now_ns)
    page.get_by_role("tab", name="Lanes, cranes, booths").click()
    expect(page.get_by_test_id("stations")).to_contain_text(EVIL)
    assert page.evaluate("window.evil === undefined")


def test_both_themes_are_remembered(page: Page) -> None:
    page.get_by_role("button", name="Dark").click()
    expect(page.locator(".bg-page")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator(".bg-page")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Light").click()


def test_a_lost_connection_is_said_loudly(page: Page) -> None:
    expect(page.get_by_test_id("connection")).to_have_text("Live")
    page.evaluate("window.socket.disconnect()")
    expect(page.get_by_role("alert")).to_contain_text("Connection to the gate lost")
    expect(page.get_by_test_id("connection")).to_have_text("Connection lost")
    assert page.evaluate("bordergate.connected") is False


@pytest.fixture(scope="module")
def desk(running: RunningGate, url: str) -> Border:
    """A consignment that was scanned, with an image in which something is marked."""
    border = Border(running.gate, url)
    border.brings()
    for _ in range(120):
        if border.whole()["state"] == "scanned":
            break
        running.gate.advance(60)
    seen = scan("electronics", "45G1", "1", "density")
    box = Anomaly(*seen.planted[0], "density", 2.5)
    review = Review("suspicious", 2.5, (box,), Quality(()))
    running.images.put("seen", seen.image, review)
    return border


def opened(browser: Browser, url: str, token: str) -> Page:
    page = browser.new_page(viewport={"width": 1680, "height": 950})
    if token:
        page.context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
    page.goto(f"{url}/desk#K1")
    return page


def test_an_officer_sees_the_image_and_decides_with_a_reason(
    browser: Browser, desk: Border, url: str
) -> None:
    page = opened(browser, url, "customs-VN")
    expect(page.get_by_test_id("me")).to_contain_text("customs of VN")
    expect(page.locator("tr[data-consignment='K1']")).to_contain_text("CSQU3054383")
    expect(page.get_by_test_id("inspection")).to_contain_text("denser than declared")
    expect(page.locator(".bg-xray rect")).to_have_count(1)
    word = page.locator("button[data-word='image_decided']")
    expect(word).to_be_disabled()
    page.get_by_test_id("reason").fill("pump motors, as declared")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "desk.png")
    word.click()
    expect(page.get_by_test_id("history")).to_contain_text("pump motors, as declared")
    decided = desk.get("/decisions?consignment=K1").json()["items"][-1]
    assert (decided["what"], decided["by"]) == ("image_decided", "customs of VN")
    page.close()


def test_without_a_token_the_desk_only_reads(browser: Browser, desk: Border, url: str) -> None:
    page = opened(browser, url, "")
    expect(page.get_by_test_id("me")).to_contain_text("reading only")
    expect(page.get_by_test_id("decision")).to_contain_text("You only read")
    expect(page.locator("[data-word]")).to_have_count(0)
    assert httpx.put(f"{url}/api/v1/decisions/X", json={}).status_code == 401
    page.close()


def test_whoever_is_of_all_sides_comes_from_the_map_and_decides_about_no_consignment(
    browser: Browser, desk: Border, url: str
) -> None:
    page = browser.new_context().new_page()
    page.context.add_cookies([{"name": COOKIE, "value": "operator-of-all", "url": url}])
    page.goto(url)
    page.get_by_role("link", name="Desk").click()
    page.locator("tr[data-consignment='K1']").click()
    expect(page.get_by_test_id("decision")).to_contain_text("of no one side")
    expect(page.get_by_test_id("reason")).to_have_count(0)
    page.context.close()
