import subprocess
from pathlib import Path

import pytest

from tests.media.oracle import ffprobe, needs_ffprobe
from tests.media.write.films import FAST, blank, make
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film, encode_film
from videostyle.media.write.tags import kept_tags

MADE = "videostyle 9.9, compact, preset draft, style art.png, seed 0"


def test_tags_that_describe_the_old_file_are_dropped() -> None:
    tags = {
        "major_brand": "isom",
        "ENCODER": "x",
        "BPS-eng": "1",
        "DURATION": "2",
        "title": "a",
        "name": "b",
        "date": "c",
    }
    assert kept_tags(tags) == {"title": "a", "date": "c"}
    assert kept_tags({"name": "b"}) == {"title": "b"}


def tagged(path: Path, **tags: str) -> Path:
    """A clip with these tags, written by FFmpeg."""
    given = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
    made = make(path.with_name(f"bare{path.suffix}"), list(range(3)))
    subprocess.run(["ffmpeg", "-v", "error", "-i", made, "-c", "copy", *given, path], check=True)
    return path


def tags_of(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Tags of a file and of its picture, in lower case, as ffprobe reads them."""
    found = ffprobe(path, "-show_format", "-show_streams")
    places = found["format"].get("tags", {}), found["streams"][0].get("tags", {})
    file, picture = ({key.lower(): value for key, value in tags.items()} for tags in places)
    return file, picture


def film(clip: Path, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """The tags of a clip's film."""
    source, path = probe(clip), clip.with_name(name)
    encode_film(source, path, blank(source, (96, 64)), FAST, (96, 64), made=MADE)
    return tags_of(path)


@needs_ffprobe
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv", "film.webm"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_comment_of_the_clip_is_kept(name: str, suffix: str, tmp_path: Path) -> None:
    file, picture = film(tagged(tmp_path / f"clip{suffix}", comment="take 3, see notes", title="T"), name)
    assert (file["comment"], file["title"]) == ("take 3, see notes", "T")
    assert picture["encoder"] == (MADE if name.endswith(("mkv", "webm")) else MADE[:31])


@needs_ffprobe
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv", "film.webm", "film.avi"])
def test_a_free_comment_says_what_made_the_film(name: str, tmp_path: Path) -> None:
    assert film(tagged(tmp_path / "clip.mp4", title="T"), name)[0]["comment"] == MADE
    older = tagged(tmp_path / "older.mp4", comment="videostyle 0.1, vgg19, seed 7")
    assert film(older, name)[0]["comment"] == MADE, "an earlier film's"


@needs_ffprobe
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv", "film.webm", "film.avi", "film.gif"])
def test_lost_tags_are_named(name: str, tmp_path: Path) -> None:
    given = {"title": "T", "comment": "C", "description": "D", "director": "R", "copyright": "Y", "artist": "A"}
    source = tagged(tmp_path / "clip.mkv", **given)
    file, _ = film(source, name)
    lost = sorted(name for name in given if file.get(name) != given[name])
    notices = check_film(probe(source), tmp_path / name, FAST, (96, 64)).left_out
    suffix = name.removeprefix("film")
    named = [notice.partition(": ")[2] for notice in notices if notice.startswith(f"tags that {suffix} cannot hold")]
    assert sorted(", ".join(named).lower().split(", ")) == (lost or [""])
