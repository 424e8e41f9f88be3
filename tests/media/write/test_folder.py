import shutil
from pathlib import Path

import pytest

from tests.media.write.films import blank, make
from videostyle.errors import MediaError
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film, encode_film
from videostyle.selection import Selection
from videostyle.settings import FilmSettings


def test_folder_of_pictures(tmp_path: Path) -> None:
    from PIL import Image

    clip = probe(make(tmp_path / "clip.mp4"))
    png = FilmSettings(codec="png")
    folder = tmp_path / "frames"
    check_film(clip, folder, png, (48, 32))
    assert not folder.exists()
    encode_film(clip, folder, blank(clip, (48, 32), range(3, 6)), png, (48, 32), Selection((range(3, 6),)))
    assert sorted(p.name for p in folder.iterdir()) == [f"frame_{n:06d}.png" for n in (3, 4, 5)]
    with Image.open(folder / "frame_000004.png") as picture:
        assert picture.size == (48, 32)
        assert picture.getpixel((5, 5)) == (4, 4, 4)
    (folder / "notes.txt").write_text("mine")
    encode_film(clip, folder, blank(clip, (48, 32), range(0, 1)), png, (48, 32), Selection((range(1),)))
    names = [f"frame_{n:06d}.png" for n in (0, 3, 4, 5)]
    assert sorted(p.name for p in folder.iterdir()) == [*names, "notes.txt"], "several ranges share a folder"
    with pytest.raises(MediaError, match="folder such as -o film"):
        check_film(clip, tmp_path / "film.mp4", png, (48, 32))
    shutil.copy(tmp_path / "clip.mp4", tmp_path / "clip.m")
    with pytest.raises(MediaError, match=r"clip\.m is a file, but pictures need a folder"):
        check_film(clip, tmp_path / "clip.m", png, (48, 32))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.m", "clip.mp4", "frames"]
