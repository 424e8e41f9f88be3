import os
import re
from pathlib import Path

import pytest

from tests.media.write.films import FAST, make
from videostyle.errors import MediaError
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film
from videostyle.settings import FilmSettings


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("film.xyz", FAST, r"\.xyz is no container.*\.mp4, .*\.gif"),
        ("film", FAST, r"no extension"),
        ("film.webm", FilmSettings(codec="h264"), r"cannot hold h264, only vp9, av1; .* \.mp4"),
        ("film.mp4", FilmSettings(codec="prores"), r"cannot hold prores.*\.mov or \.mkv"),
        ("film.mp4", FilmSettings(codec="ffv1"), r"cannot hold ffv1"),
        ("film.mov", FilmSettings(codec="vp9"), r"cannot hold vp9"),
        ("film.webm", FilmSettings(codec="h264_nvenc"), r"cannot hold h264_nvenc, only vp9, av1; .* \.mp4 or"),
        ("film.mp4", FilmSettings(quality=60), r"--quality 60: h264 knows 0 to 51"),
        ("nowhere/film.mp4", FAST, r"no such folder"),
        ("clip.mp4/film.mp4", FAST, r"is a file"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(
    name: str, settings: FilmSettings, message: str, tmp_path: Path
) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    with pytest.raises(MediaError, match=message) as caught:
        check_film(clip, tmp_path / name, settings, (96, 64))
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_sizes_that_an_encoder_refuses_are_refused_before_any_work(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    with pytest.raises(MediaError, match=r"refuses 2x2 pictures of 8 bits .*; use --codec h264$"):
        check_film(clip, tmp_path / "film.mp4", FilmSettings(codec="av1"), (2, 2))
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(MediaError, match="is a folder"):
        check_film(clip, tmp_path / "folder.mp4", FAST, (96, 64))


def test_a_depth_that_an_encoder_refuses_is_told_with_a_codec_that_takes_it(tmp_path: Path) -> None:
    """The libvpx that PyAV brings along is built for 8 bits."""
    clip = probe(make(tmp_path / "clip.mp4", list(range(3)), pixels="yuv420p10le"))
    try:
        check_film(clip, tmp_path / "film.webm", FAST, (96, 64))
    except MediaError as error:
        told = str(error)
    else:
        pytest.skip("this libvpx takes 10 bits")
    assert re.search(r"libvpx-vp9 refuses 96x64 pictures of 10 bits .*; use --codec av1$", told)
    check_film(clip, tmp_path / "film.webm", FilmSettings(codec="av1"), (96, 64))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):  # root may write anywhere

        def refuse(path: Path, *_: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(MediaError, match=r"closed: cannot be written .Permission denied"):
        check_film(clip, folder / "film.mp4", FAST, (96, 64))
    folder.chmod(0o700)


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    for name in ("a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi", "a.ts", "a.gif", "a.m4v", "a:b.mp4", "é %d.MP4"):
        assert check_film(clip, tmp_path / name, FAST, (96, 64)).left_out == ()
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_nvenc", "av1_nvenc"])
def test_hardware_that_is_absent_is_told_in_a_line(codec: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    settings = FilmSettings(codec=codec)  # type: ignore[arg-type]
    software = {"h264_nvenc": "h264", "hevc_nvenc": "h265", "av1_nvenc": "av1"}[codec]
    try:
        check_film(clip, tmp_path / "film.mp4", settings, (96, 64))
    except MediaError as error:
        told = str(error)
    else:
        pytest.skip("the hardware is here")
    assert re.fullmatch(rf"--codec {codec}: no hardware or driver .*; use --codec {software}", told)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_refusal_lists_what_goes_together(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    with pytest.raises(MediaError, match=r"it takes yuv420p, yuv420p10le; use --codec "):
        check_film(clip, tmp_path / "film.mp4", FilmSettings(codec="av1"), (2, 2))
