"""Jobs read from a file or a folder, and what is wrong with them."""

import re
from pathlib import Path

import pytest

from tests.clips import write_art
from videostyle.errors import SettingsError
from videostyle.presets import Recipe
from videostyle.rendering.batch.jobs import folder_jobs, read_jobs


@pytest.fixture
def art(tmp_path: Path) -> Path:
    return write_art(tmp_path / "art.png")


def written(folder: Path, text: str) -> Path:
    path = folder / "jobs.toml"
    path.write_text(text)
    return path


def faults_of(folder: Path, text: str) -> list[str]:
    """What is wrong with a file of jobs, a line for each fault."""
    try:
        faults = {fault for job in read_jobs(written(folder, text)) for fault in job.faults}
    except SettingsError as error:
        head, *listed = str(error).split("\n  ")
        assert head == f"{folder / 'jobs.toml'}: 1 fault, nothing was started"
        return listed
    return sorted(faults)


def test_defaults_hold_for_all_jobs_and_paths_are_relative_to_the_file(tmp_path: Path, art: Path) -> None:
    text = """
        [defaults]
        styles = "art.png"
        preset = "fine"
        fallback = "draft"
        style.weight = 3
        backbone.weights = "vgg.pth"
        [[job]]
        clips = ["a.mp4", "*.mov"]
        [[job]]
        clips = "b.mp4"
        preset = "standard"
        frames = "0:4"
        output = "{clip}.mov"
        [job.style]
        weight = 5
        scale = 2
        """
    first, second = read_jobs(written(tmp_path, text))
    weights = {"backbone.weights": str(tmp_path / "vgg.pth")}
    assert (first.clips, first.styles, first.base) == (("a.mp4", "*.mov"), (art,), tmp_path)
    assert (first.recipe, first.fallback) == (Recipe("fine", {"style.weight": 3, **weights}), "draft")
    assert second.recipe == Recipe("standard", {"style.weight": 5, **weights, "style.scale": 2})
    assert (second.clips, second.frames, second.output) == (("b.mp4",), "0:4", "{clip}.mov")
    assert second.where == "line 10: "


@pytest.mark.usefixtures("art")
@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ('style = "a.jpg"\n[[job]]\nclips="a"\nstyles="art.png"', 1, "unknown 'style'; settings belong into"),
        ('[default]\n[[job]]\nclips="a"\nstyles="art.png"', 1, "unknown 'default'; did you mean defaults?"),
        ('[defaults]\nstyles="art.png"', 1, r"no jobs; write one \[\[job\]\] table"),
        ('[job]\nclips="a"\nstyles="art.png"', 1, "no jobs; write one .*two brackets"),
        ('[[job]]\nclip="a"\nclips="a"\nstyles="art.png"', 2, "unknown 'clip'; did you mean clips?"),
        ('[[job]]\nclips=[]\nstyles="art.png"', 2, "no clips; write for example clips = "),
        ('[[job]]\nclips="a"', 1, "no artwork; write for example styles = "),
        ('[[job]]\nclips=[3]\nstyles="art.png"', 2, r"clips = \[3\]: wanted a text or a list of texts"),
        ('[[job]]\nclips="a"\nstyles="art.png"\noutput=3', 4, "output = 3: wanted a text, in quotes"),
        ('[[job]]\nclips="a"\nstyles="art.png"\noutput="{clp}.mp4"', 4, r"unknown \{clp\}; it may hold \{clip\}, "),
        ('[[job]]\nclips="a"\nstyles="art.png"\npreset="fien"', 4, "fien: no such preset; choose one of draft"),
        ('[[job]]\nclips="a"\nstyles="no.png"', 3, "no.png: no such file; use a picture"),
        ('[[job]]\nclips="a"\nstyles="art.png"\nstyel.weight=3', 4, "unknown setting 'styel.weight'; did you mean"),
        ('[[job]]\nclips="a"\nstyles="art.png"\n[job.style]\nweight=-1', 5, "style.weight = -1: wanted a number"),
        ('[[job]]\nclips="a"\nstyles="art.png"\nstyle={weight="x"}', 4, "style.weight = 'x': wanted a number"),
        ('defaults=3\n[[job]]\nclips="a"\nstyles="art.png"', 1, "defaults: wanted a table"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, fault: str, tmp_path: Path) -> None:
    (found,) = faults_of(tmp_path, text)
    assert re.match(f"line {line}: .*{fault}", found), found


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    text = '[defaults]\nstyles="no.png"\npreset="x"\n[[job]]\nclip=3\n[[job]]\nclips="a"\ntv.wait=1'
    assert [fault.split(":")[0] for fault in faults_of(tmp_path, text)] == [
        "line 2", "line 3", "line 4", "line 5", "line 8",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"[[job]\n", r"not TOML \(.*line 1"), (b"\xff\xfe", "not text in UTF-8"), (None, "No such file")],
)
def test_a_file_that_is_no_toml(content: bytes | None, fault: str, tmp_path: Path) -> None:
    if content:
        (tmp_path / "jobs.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=rf"jobs.toml: .*{fault}"):
        read_jobs(tmp_path / "jobs.toml")


def test_a_folder_is_a_job_with_all_its_clips(tmp_path: Path, art: Path) -> None:
    for name in ("b.MP4", "a.mov", ".hidden.mp4", "notes.txt"):
        (tmp_path / name).touch()
    (job,) = folder_jobs(tmp_path, [art], Recipe("fine"), "{clip}.mp4", "draft")
    assert (job.clips, job.base, job.where) == (("a.mov", "b.MP4"), tmp_path, "")
    assert (job.recipe.preset, job.fallback) == ("fine", "draft")


def test_a_folder_without_clips_or_artworks(tmp_path: Path, art: Path) -> None:
    with pytest.raises(SettingsError, match="no clips in it"):
        folder_jobs(tmp_path, [art], Recipe(), "", "")
    (tmp_path / "a.mp4").touch()
    with pytest.raises(SettingsError, match="no artwork given"):
        folder_jobs(tmp_path, [], Recipe(), "", "")
    (job,) = folder_jobs(tmp_path, [art], Recipe(), "{x}", "")
    assert "unknown {x}" in job.faults[0]
