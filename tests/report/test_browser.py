"""The page in a real browser: nothing is reported on its console, and what can be touched works."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.report.stories import HOSTILE, batch, job
from videostyle.media.sheet import Sheet, write_sheet
from videostyle.report.write import write_report

sync_api = pytest.importorskip("playwright.sync_api", reason="no browser: pip install playwright")
pytest.importorskip("bokeh", reason="no plots: pip install bokeh")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
if BROWSER is None:
    pytest.skip("no browser: chromium is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """A page that is open, and what it complained about or asked for."""

    def __init__(self, browser: Any, path: Path, **device: Any) -> None:
        self.page, self.faults = browser.new_page(**device), list[str]()
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(path.as_uri())

    def _told(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:")):
            self.faults.append(request.url)

    def hover_text(self, tap: bool = False) -> str:
        """What the first plot says in its middle."""
        self.page.locator(".plots").first.scroll_into_view_if_needed()
        plot = self.page.locator(".bk-Figure").first
        plot.wait_for()
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        where = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.touchscreen.tap(*where) if tap else self.page.mouse.move(*where)
        told = self.page.locator(".bk-Tooltip").first
        told.wait_for()
        return str(told.evaluate("node => node.shadowRoot.textContent"))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_report(job(tmp_path, HOSTILE))


def test_slider_player_and_hover(browser: Any, clip: Path) -> None:
    visit = Visit(browser, clip, viewport={"width": 1280, "height": 900})
    compare = visit.page.locator(".compare")
    box = compare.bounding_box()
    visit.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    at = compare.evaluate("node => parseFloat(node.style.getPropertyValue('--at'))")
    assert at == pytest.approx(25, abs=3)
    visit.page.keyboard.press("ArrowRight")
    assert compare.evaluate("node => parseFloat(node.style.getPropertyValue('--at'))") == at + 1
    seconds = "video => video.play().then(() => [video.videoWidth, video.duration, video.error])"
    assert visit.page.locator("video").evaluate(seconds) == [80, pytest.approx(1.1, abs=0.02), None]
    told = visit.hover_text()
    assert "frame" in told
    assert "content" in told
    assert "15" in told  # frame 5
    assert visit.page.evaluate("window.hacked") is None
    assert visit.faults == []
    visit.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser: Any, clip: Path, scheme: str) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    visit = Visit(browser, clip, **phone, color_scheme=scheme)
    assert "content" in visit.hover_text(tap=True)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
    dark = visit.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] < 128")
    assert dark == (scheme == "dark")
    ink = visit.page.evaluate("Bokeh.documents[0].roots()[0].children[0].title.text_color")
    assert ink == ("#a2a6ad" if dark else "#5f646b")
    assert visit.faults == []
    visit.page.close()


GAPS = """[...document.querySelectorAll('nav tr')].flatMap(row => {
  const range = document.createRange();
  const boxes = [...row.cells].map(cell => (range.selectNodeContents(cell), range.getBoundingClientRect()));
  const pairs = boxes.slice(1).map((box, n) => [box, boxes[n]]).filter(([a, b]) => a.width && b.width);
  return pairs.map(([a, b]) => a.left - b.right);
})"""
"""px between the texts of neighboring cells"""
BROKEN = """[...document.querySelectorAll('th')].flatMap(cell => [...cell.childNodes]).flatMap(node => {
  const range = document.createRange();
  return [...(node.textContent || '').matchAll(/[a-z]+/g)].filter(word => {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map(word => word[0]);
})"""
"""words on more than one line"""


def test_the_table_of_a_batch_on_a_phone(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, write_report(batch(tmp_path)), viewport={"width": 390, "height": 844}, is_mobile=True)
    assert min(visit.page.evaluate(GAPS)) >= 8
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
    totals = ".totals div"
    assert all(visit.page.locator(totals).evaluate_all("all => all.map(one => one.scrollWidth <= one.clientWidth)"))
    visit.page.close()


def test_a_sheet_on_a_phone_breaks_no_words(browser: Any, tmp_path: Path) -> None:
    picture = np.zeros((240, 320, 3), np.uint8)
    across = ("style.scale 1", "style.scale 0.5", "optimize.iterations 300")
    sheet = Sheet("a sheet", across, ("frame 100",), ((picture,) * 3,), (("x",) * 3,))
    write_sheet(tmp_path / "s.html", sheet)
    visit = Visit(browser, tmp_path / "s.html", viewport={"width": 390, "height": 844}, is_mobile=True)
    assert visit.page.evaluate(BROKEN) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390 + 100
    visit.page.close()


def test_a_batch(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, write_report(batch(tmp_path)))
    assert visit.page.locator("nav a").all_inner_texts() == ["clip.mp4", "broken.mp4", "late.mp4"]
    assert visit.page.locator("article .reason").all_inner_texts() == ["not a <clip>", "no time left"]
    assert visit.faults == []
    visit.page.close()
