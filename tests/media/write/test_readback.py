"""What is read back of a film."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import moving_scenes, write_clip
from videostyle.errors import MediaError
from videostyle.media.write.readback import check_written


def test_a_whole_film_passes(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", moving_scenes((6,)), sound=True)
    check_written(path, path, 6, Fraction(5, 10))


@pytest.mark.parametrize(("frames", "seconds"), [(7, Fraction(5, 10)), (6, Fraction(9, 10))])
def test_missing_frames_and_a_wrong_duration_are_refused(frames: int, seconds: Fraction, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", moving_scenes((6,)))
    wanted = rf"film.mp4: wrote {frames} frames over {float(seconds):.2f} s, but 6 over 0.50 s can be read back"
    with pytest.raises(MediaError, match=wanted):
        check_written(path, tmp_path / "film.mp4", frames, seconds)


def test_a_film_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", moving_scenes((6,)), codec="ffv1")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError, match="can be read back"):
        check_written(path, path, 6, Fraction(5, 10))


def test_a_film_that_cannot_be_read_back_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from videostyle.media.read.decode import decode
    from videostyle.media.read.probe import probe
    from videostyle.media.write import film
    from videostyle.settings import FilmSettings

    shorter = write_clip(tmp_path / "shorter.mp4", moving_scenes((5,))).read_bytes()
    clip = probe(write_clip(tmp_path / "clip.mp4", moving_scenes((6,))))
    frames = ((frame.index, frame.pixels) for frame in decode(clip))
    monkeypatch.setattr(film, "add_boxes", lambda written, _: written.write_bytes(shorter))
    with pytest.raises(MediaError, match=r"film.mp4: wrote 6 frames over 0.50 s, but 5 over 0.40 s"):
        film.encode_film(clip, tmp_path / "film.mp4", frames, FilmSettings(), (80, 64))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "shorter.mp4"]
