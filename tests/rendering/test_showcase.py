from pathlib import Path

import pytest

from videostyle.errors import MediaError
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture
from videostyle.rendering import showcase


def test_the_demo_is_a_clip_with_sound_and_an_artwork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WIDTH": 64, "HEIGHT": 48, "RATE": 8, "SECONDS": 1, "ART": 64}.items():
        monkeypatch.setattr(showcase, name, value)
    clip, art, result = showcase.make_demo(tmp_path / "a" / "b")
    made = probe(clip)
    assert (made.num_frames, made.width, made.height, len(made.audio)) == (8, 64, 48, 1)
    assert read_picture(art).shape == (64, 64, 3)
    assert not result.exists()
    result.write_bytes(clip.read_bytes())
    sheet = read_picture(showcase.make_sheet(tmp_path, clip, art, result))
    side = 2 * 48 + showcase.GAP
    assert sheet.shape == (side + 2 * showcase.GAP, side + 4 * (64 + showcase.GAP) + 2 * showcase.GAP, 3)
    assert (sheet[0] == 255).all()
    assert (sheet[:, -1] == 255).all()
    assert sheet[showcase.GAP : -showcase.GAP, showcase.GAP : -showcase.GAP].std() > 30


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MediaError, match="cannot be made"):
        showcase.make_demo(tmp_path / "file" / "demo")
