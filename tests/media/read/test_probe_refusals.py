"""Paths that are refused in one line: files that are not clips, addresses, playlists, devices and pipes."""

import os
from pathlib import Path
from typing import Any

import av
import pytest

from tests.media.refusals import refusal_of
from tests.media.sources import FASTSTART, write, write_sound
from videostyle.media.read.probe import probe


def refusal(path: Path) -> str:
    """The error message for a file that is not a clip."""
    return refusal_of(probe, path, r"; (use|download) ")


def make_wrong(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("this is not a film\n" * 100)
    elif kind == "noise":
        path.write_bytes(bytes(range(7, 251)) * 40)
    elif kind == "sound":
        write_sound(path)
    elif kind == "playlist":
        path.write_text("#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:4,\na.ts\n")
    elif kind == "header":
        path.write_bytes(write(folder / "whole.mp4").read_bytes()[:32])
    elif kind == "no_index":  # an mp4 that was never closed; its index would be at the end
        path.write_bytes((whole := write(folder / "whole.mp4").read_bytes())[: whole.index(b"moov")])
    elif kind == "no_frames":  # only the index is there
        whole = write(folder / "whole.mp4", muxer=FASTSTART).read_bytes()
        path.write_bytes(whole[: whole.index(b"mdat") + 4])
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("nothing", "no such file"),
        ("folder", "a folder without pictures"),
        ("empty", "the file is empty"),
        ("text", "cannot be read as a clip"),
        ("noise", "cannot be read as a clip"),
        ("sound", "the file contains no video"),
        ("playlist", "a playlist"),
        ("header", "cannot be read as a clip"),
        ("no_index", "cannot be read as a clip"),
        ("no_frames", "the clip contains no frames"),
    ],
)
def test_files_that_are_not_clips_are_reported_in_one_line(kind: str, message: str, tmp_path: Path) -> None:
    assert message in refusal(make_wrong(tmp_path, kind))


@pytest.mark.parametrize("address", ["https://example.org/a.mp4", "rtsp://camera/1", "file:///a.mp4"])
def test_addresses_are_refused_without_being_opened(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "open", lambda *_, **__: pytest.fail("opened"))
    assert "only local files can be read" in refusal(Path(address))


def test_playlists_and_lists_of_files_are_refused_under_any_name(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4")
    texts = {
        "concat": "ffconcat version 1.0\nfile a.mp4\n",
        "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>\n',
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    }
    for name, text in (texts | {"art.nfo": "drawn with letters\n"}).items():
        path = tmp_path / (name if "." in name else f"{name}.mp4")
        path.write_text(text)
        refusal(path)


def test_an_unreadable_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "clip.mp4")
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads anything

        def refuse(*_: Any, **__: Any) -> Any:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied" in refusal(path)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_devices_and_pipes_are_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "pipe" if kind == "pipe" else Path("/dev/null")
    if kind == "pipe":
        os.mkfifo(path)
    assert "a device or pipe" in refusal(path)
