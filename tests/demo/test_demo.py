from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import tracks_of
from videostyle.demo import ART, CLIP, copy_demo
from videostyle.errors import MediaError
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture


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
