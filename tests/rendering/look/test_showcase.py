from pathlib import Path

import numpy as np

from videostyle.demo import ART, CLIP
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture
from videostyle.rendering.look.showcase import GAP, lay_out, make_sheet


def test_a_sheet_shows_the_artwork_and_the_clip_over_its_film() -> None:
    sheet = lay_out(CLIP, ART, CLIP, columns=2)
    side = 2 * 180 + GAP
    assert sheet.shape == (side + 2 * GAP, side + 2 * (320 + GAP) + 2 * GAP, 3)
    for edge in (sheet[:GAP], sheet[-GAP:], sheet[:, :GAP], sheet[:, -GAP:]):
        assert (edge == 255).all()
    art = sheet[GAP:-GAP, GAP : GAP + side]
    np.testing.assert_allclose(art.mean((0, 1)), read_picture(ART).mean((0, 1)), atol=2)
    frames = [frame.pixels for frame in decode(probe(CLIP))]
    for column, index in enumerate((12, 36)):
        left = 2 * GAP + side + column * (320 + GAP)
        for top in (GAP, 2 * GAP + 180):
            np.testing.assert_array_equal(sheet[top : top + 180, left : left + 320], frames[index])


def test_a_sheet_is_written_as_png(tmp_path: Path) -> None:
    make_sheet(tmp_path / "sheet.png", CLIP, ART, CLIP)
    np.testing.assert_array_equal(read_picture(tmp_path / "sheet.png"), lay_out(CLIP, ART, CLIP, columns=4))
