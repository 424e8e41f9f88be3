import struct
from pathlib import Path
from typing import Any

import pytest

from tests.media.oracle import ffprobe, needs_ffprobe
from tests.media.write.films import copy, make
from videostyle.frames import Clip
from videostyle.media.read import hdr as module
from videostyle.media.read.hdr import Hdr, read_hdr
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film
from videostyle.settings import FilmSettings

DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
H265 = FilmSettings(codec="h265")


def source(folder: Path, more: str = f":master-display={DISPLAY}:max-cll=1000,400") -> Clip:
    options = {"crf": "10", "x265-params": f"log-level=none{more}"}
    path = folder / "clip.mp4"
    made = make(path, list(range(4)), codec="libx265", pixels="yuv420p10le", color=(1, 9, 16, 9), options=options)
    return probe(made)


def metadata_of(path: Path) -> list[dict[str, Any]]:
    """The side data of the first frame, by ffprobe."""
    frames = ffprobe(path, "-select_streams", "v", "-read_intervals", "%+#1", "-show_frames")["frames"]
    return [entry for entry in frames[0].get("side_data_list", []) if not entry["side_data_type"].startswith("H.26")]


@needs_ffprobe
@pytest.mark.parametrize("film", ["film.mp4", "film.mov", "film.mkv"])
@pytest.mark.parametrize("frames", [None, range(2, 3)])
def test_hdr10_is_kept_by_h265(film: str, frames: range | None, tmp_path: Path) -> None:
    clip = source(tmp_path)
    assert read_hdr(clip) == Hdr(DISPLAY, "1000,400")
    wanted = metadata_of(clip.path)
    assert {entry["side_data_type"] for entry in wanted} == {
        "Mastering display metadata",
        "Content light level metadata",
    }
    assert check_film(clip, tmp_path / film, H265, (96, 64)).left_out == ()
    assert metadata_of(copy(clip, tmp_path / film, H265, frames)) == wanted


@needs_ffprobe
@pytest.mark.parametrize(("film", "codec"), [("film.mp4", "av1"), ("film.mov", "prores"), ("film", "png")])
def test_other_codecs_report_the_loss(film: str, codec: str, tmp_path: Path) -> None:
    lost = check_film(source(tmp_path), tmp_path / film, FilmSettings(codec=codec), (96, 64)).left_out  # type: ignore[arg-type]
    assert lost == ("the HDR10 display metadata of clip.mp4 is left out; --codec h265 keeps it",)


@needs_ffprobe
def test_clips_without_metadata_have_none(tmp_path: Path) -> None:
    clip = source(tmp_path, "")
    assert read_hdr(clip) == Hdr()
    assert Hdr().x265 == ""
    assert metadata_of(copy(clip, tmp_path / "film.mp4", H265)) == []
    assert read_hdr(probe(make(tmp_path / "plain.mp4", list(range(2))))) == Hdr()
    partial = source(tmp_path, ":max-cll=1000,400")
    assert read_hdr(partial) == Hdr("", "1000,400")


def test_incomplete_metadata_is_ignored() -> None:
    numbers = [1, 50000] * 10
    assert module._display(struct.pack("<22i", *numbers, 1, 0)) == ""
    assert module._display(b"") == module._light(b"") == module._light(bytes(8)) == ""
