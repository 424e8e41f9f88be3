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
        ("film.xyz", FAST, r"cannot write \.xyz files; use one of \.mp4, .*\.gif"),
        ("film", FAST, r"the name has no extension; use one of"),
        ("film.webm", FilmSettings(codec="h264"), r"cannot hold h264, only vp9, av1; .* \.mp4"),
        ("film.mp4", FilmSettings(codec="prores"), r"cannot hold prores.*\.mov or \.mkv"),
        ("film.mp4", FilmSettings(codec="ffv1"), r"cannot hold ffv1"),
        ("film.mov", FilmSettings(codec="vp9"), r"cannot hold vp9"),
        ("film.webm", FilmSettings(codec="h264_nvenc"), r"cannot hold h264_nvenc, only vp9, av1; .* \.mp4 or"),
        ("film.mp4", FilmSettings(quality=60), r"--quality 60: h264 takes 0 to 51"),
        ("nowhere/film.mp4", FAST, r"no such folder"),
        ("clip.mp4/film.mp4", FAST, r"is a file"),
    ],
)
def test_film_that_cannot_be_written_is_refused_before_any_work(
    name: str, settings: FilmSettings, message: str, tmp_path: Path
) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    with pytest.raises(MediaError, match=message) as caught:
        check_film(clip, tmp_path / name, settings, (96, 64))
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_size_that_the_encoder_refuses_is_refused_before_any_work(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    with pytest.raises(MediaError, match=r"cannot encode 2x2 frames of 8 bits .*; use --codec h264$"):
        check_film(clip, tmp_path / "film.mp4", FilmSettings(codec="av1"), (2, 2))
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(MediaError, match="is a folder"):
        check_film(clip, tmp_path / "folder.mp4", FAST, (96, 64))


def test_error_for_a_bit_depth_names_a_codec_that_takes_it(tmp_path: Path) -> None:
    """PyAV's build of libvpx takes 8 bits only."""
    clip = probe(make(tmp_path / "clip.mp4", list(range(3)), pixels="yuv420p10le"))
    try:
        check_film(clip, tmp_path / "film.webm", FilmSettings(codec="vp9"), (96, 64))
    except MediaError as error:
        message = str(error)
    else:
        pytest.skip("this libvpx takes 10 bits")
    assert re.search(r"libvpx-vp9 cannot encode 96x64 frames of 10 bits .*; use --codec av1$", message)
    check_film(clip, tmp_path / "film.webm", FilmSettings(codec="av1"), (96, 64))


def test_read_only_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_check_leaves_no_files(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    for name in ("a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi", "a.ts", "a.gif", "a.m4v", "a:b.mp4", "é %d.MP4"):
        assert check_film(clip, tmp_path / name, FAST, (96, 64)).left_out == ()
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_nvenc", "av1_nvenc"])
def test_missing_hardware_is_a_one_line_error(codec: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    settings = FilmSettings(codec=codec)  # type: ignore[arg-type]
    software = {"h264_nvenc": "h264", "hevc_nvenc": "h265", "av1_nvenc": "av1"}[codec]
    try:
        check_film(clip, tmp_path / "film.mp4", settings, (96, 64))
    except MediaError as error:
        message = str(error)
    else:
        pytest.skip("this machine has the hardware")
    assert re.fullmatch(rf"--codec {codec}: no hardware or driver .*; use --codec {software}", message)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_error_lists_the_pixel_formats_that_the_encoder_takes(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    with pytest.raises(MediaError, match=r"it takes yuv420p, yuv420p10le; use --codec "):
        check_film(clip, tmp_path / "film.mp4", FilmSettings(codec="av1"), (2, 2))
