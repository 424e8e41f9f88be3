from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.boxes import add, find, old_spherical, spherical, stereo
from tests.media.oracle import needs_ffprobe, packets, planes, streams
from tests.media.sources import drifting, write
from tests.media.write.films import copy
from videostyle.media.patch.patch import patch_film, plan_patch
from videostyle.media.read.probe import probe
from videostyle.media.write.boxes import Boxes, add_boxes, kept_boxes
from videostyle.media.write.film import check_film
from videostyle.selection import select
from videostyle.settings import FilmSettings

SIZE = (80, 48)
FILM = FilmSettings()


def clip_with_sound(path: Path) -> Path:
    """A clip with a track of sound before its picture, in a file of three tracks."""
    picture = write(path.with_name("picture.mp4"), 24)
    with av.open(str(picture)) as old, av.open(str(path), "w") as new:
        target = new.add_stream_from_template(old.streams.video[0])
        sound = new.add_stream("aac", rate=48000, layout="mono")
        for packet in old.demux(old.streams.video[0]):
            if packet.size:
                packet.stream = target
                new.mux(packet)
        for start in range(0, 46080, 1024):
            frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
            frame.planes[0].update(bytes(4096))
            frame.sample_rate, frame.pts = 48000, start
            new.mux(sound.encode(frame))
        new.mux(sound.encode(None))
    return path


def kinds(path: Path) -> dict[str, dict[str, object]]:
    """What ffprobe reads of projection and layout."""
    found = next(stream for stream in streams(path) if stream["codec_type"] == "video").get("side_data_list", [])
    return {entry["side_data_type"]: entry for entry in found}


@needs_ffprobe
@pytest.mark.parametrize("name", ["film.mp4", "film.mov"])
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_projection_and_layout_are_kept(name: str, codec: str, tmp_path: Path) -> None:
    path = clip_with_sound(tmp_path / "a.mp4")
    plain = copy(probe(path), tmp_path / f"plain_{name}", FilmSettings(codec=codec))  # type: ignore[arg-type]
    clip = probe(add(path, stereo(2), spherical()))
    settings = FilmSettings(codec=codec)  # type: ignore[arg-type]
    assert check_film(clip, tmp_path / name, settings, SIZE).left_out == ()
    film = copy(clip, tmp_path / name, settings)
    assert kinds(film) == kinds(path)
    assert kinds(film).keys() == {"Stereo 3D", "Spherical Mapping"}
    assert find(film, "sv3d") == find(path, "sv3d")
    assert packets(film, "audio") == packets(plain, "audio"), "chunks are found where they are now"
    assert np.abs(planes(film) - planes(plain)).mean() < 1
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(["a.mp4", name, "picture.mp4", f"plain_{name}"])


@needs_ffprobe
def test_the_older_box_is_kept(tmp_path: Path) -> None:
    clip = probe(add(write(tmp_path / "a.mp4", 6), old_spherical(), depth=2))
    assert clip.extras == ("360-degree projection (equirectangular)",)
    film = copy(clip, tmp_path / "film.mp4", FILM)
    assert kinds(film).keys() == {"Spherical Mapping"}
    assert find(film, "uuid") == find(clip.path, "uuid")
    assert planes(film).shape[0] == 6


def test_what_is_not_kept_is_told(tmp_path: Path) -> None:
    clip = probe(add(write(tmp_path / "a.mp4", 6), spherical()))
    lost = ("left out: 360-degree projection (equirectangular) of a.mp4",)
    assert check_film(clip, tmp_path / "film.mkv", FILM, SIZE).left_out == lost
    assert check_film(clip, tmp_path / "film.mp4", FILM, (40, 24)).left_out == lost
    assert kept_boxes(clip, "mp4", SIZE).names == ("360-degree projection",)
    assert kept_boxes(probe(write(tmp_path / "b.mp4", 6)), "mp4", SIZE) == Boxes()


@needs_ffprobe
def test_a_patched_film_keeps_them(tmp_path: Path) -> None:
    clip = probe(add(write(tmp_path / "a.mp4", 24), stereo(1), spherical()))
    film = copy(clip, tmp_path / "film.mp4", FILM)
    patch = plan_patch(film, clip, select(clip, "3:5"), FILM, tmp_path / "new.mp4")
    assert patch.left_out == ()
    patch_film(patch, tmp_path / "new.mp4", lambda: iter([(3, drifting(24)[0]), (4, drifting(24)[1])]))
    assert kinds(tmp_path / "new.mp4") == kinds(film)
    assert planes(tmp_path / "new.mp4").shape[0] == 24


def test_nothing_is_added_to_a_file_without_a_movie(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x08free")
    add_boxes(tmp_path / "a.mp4", Boxes())
    with pytest.raises(ValueError, match="no moov"):
        add_boxes(tmp_path / "a.mp4", Boxes(track=b"x"))
