"""Sheets as pictures and as pages."""

import base64
import io
import re
from pathlib import Path

import numpy as np
from PIL import Image

from videostyle.media.sheet import Sheet, lay_out, page, write_sheet

NOISE = np.random.default_rng(0).integers(0, 255, (3, 40, 90, 3), np.uint8)
DEEP = NOISE[2].astype(np.uint16) * 257
SHEET = Sheet(
    title="a <title>",
    columns=("averyveryverylongword", "far too long for its column"),
    rows=("r1", ""),
    pictures=((NOISE[0], NOISE[1]), (DEEP, NOISE[0][:20])),
    commands=(("c & d", ""), ("", "")),
)


def test_pictures_stand_in_columns_and_rows() -> None:
    shown = lay_out(SHEET)
    assert shown.shape == (8 + 24 + 3 * 24 + 24 + 40 + 8 + 40 + 8, 8 + 2 * 98, 3)
    np.testing.assert_array_equal(shown[128:168, 8:98], NOISE[0])
    np.testing.assert_array_equal(shown[128:168, 106:196], NOISE[1])
    np.testing.assert_array_equal(shown[176:216, 8:98], NOISE[2])
    np.testing.assert_array_equal(shown[176:196, 106:196], NOISE[0][:20])
    assert shown[32:56, :98].min() < 100, "as much of a long word as there is room for"
    assert shown[32:56, 98:106].min() == shown[:, 196:].min() == 255, "labels end at their column"


def test_a_page_holds_everything_and_escapes_names(tmp_path: Path) -> None:
    text = page(SHEET)
    assert "a &lt;title&gt;" in text
    assert "c &amp; d" in text
    assert "<title>a <" not in text
    assert not re.search(r"(src|href)=\"(?!data:)", text), "nothing is loaded from elsewhere"
    pictures = re.findall('base64,([^"]+)"', text)
    assert len(pictures) == 4
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(base64.b64decode(pictures[1])))), NOISE[1])
    write_sheet(tmp_path / "s.html", SHEET)
    assert (tmp_path / "s.html").read_text() == text
    write_sheet(tmp_path / "s.png", SHEET)
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "s.png")), lay_out(SHEET))
