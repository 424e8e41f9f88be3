import shlex
from dataclasses import fields
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import tracks_of
from videostyle.cli import app
from videostyle.demo import ART, CLIP, copy_demo
from videostyle.errors import MediaError
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture
from videostyle.rendering.request import Request


def test_the_packaged_files_are_small() -> None:
    assert CLIP.stat().st_size < 300_000
    assert ART.stat().st_size < 200_000


def test_the_packaged_clip_has_frames_and_sound() -> None:
    clip = probe(CLIP)
    assert (clip.width, clip.height, clip.rate, clip.num_frames) == (320, 180, 16, 48)
    assert tracks_of(CLIP) == ["video", "audio"]
    frames = list(decode(clip))
    assert [frame.index for frame in frames] == list(range(48))
    assert min(frame.pixels.std() for frame in frames) > 30
    with av.open(CLIP) as container:
        samples = np.concatenate([block.to_ndarray() for block in container.decode(audio=0)], axis=1)
    assert samples.shape[0] == 2
    assert samples.shape[1] / 48000 == pytest.approx(3, abs=0.05)
    assert samples.std() > 0.02


def test_the_packaged_artwork_is_a_picture() -> None:
    assert read_picture(ART).shape == (512, 512, 3)


def test_the_demo_is_copied_into_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    copies = copy_demo(folder)
    assert copies == (folder / "clip.mp4", folder / "art.jpg")
    assert [path.read_bytes() for path in copies] == [CLIP.read_bytes(), ART.read_bytes()]
    copies[0].write_bytes(b"old")
    copy_demo(folder)
    assert copies[0].read_bytes() == CLIP.read_bytes()


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MediaError, match=r"file/demo: cannot copy the demo there \(Not a directory\); choose"):
        copy_demo(tmp_path / "file" / "demo")


@pytest.mark.parametrize("flags", [[], ["--device", "cpu"]])
def test_the_printed_command_paints_the_same_film(
    flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requests: list[Request] = []
    monkeypatch.setattr("videostyle.cli._run", lambda request, _: requests.append(request))
    monkeypatch.setattr("videostyle.rendering.showcase.make_sheet", lambda *_: None)
    app(["demo", str(tmp_path / "a folder"), *flags], standalone_mode=False)
    command = capsys.readouterr().out.partition("now painting: ")[2].splitlines()[0]
    program, *arguments = shlex.split(command)
    assert program == "videostyle"
    app(arguments, standalone_mode=False)
    demo, typed = ({item.name: getattr(request, item.name) for item in fields(request)} for request in requests)
    assert typed == demo
