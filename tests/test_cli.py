"""The command line as a user meets it: the film, and one line for every mistake."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import tracks_of, write_clip
from tests.commands import FEW, videostyle


def test_a_run_leaves_the_film_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert videostyle(monkeypatch, "run", folder / "clip.mp4", "--style", folder / "art.png", *FEW) == 0
    after = {path.name for path in folder.iterdir()}
    assert after - set(before) == {"clip_art.mp4"}
    assert all((folder / name).read_bytes() == content for name, content in before.items())
    lines = capsys.readouterr().err
    assert "clip.mp4: 26 frames of 80x64, 2 scenes" in lines
    assert "draft is the default on a CPU; --preset standard would take about" in lines
    assert "scene 14, frames 14:26" in lines
    assert "26 frames in" in lines

    import av

    from videostyle.media.read.probe import probe

    with av.open(str(folder / "clip_art.mp4")) as film:
        assert film.metadata["comment"].endswith(", compact, preset draft, style art.png, seed 0")
    assert probe(folder / "clip_art.mp4").num_frames == 26
    assert tracks_of(folder / "clip_art.mp4").count("audio") == 1


def test_an_identity_render_keeps_the_picture(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waves = np.sin(np.mgrid[0:64, 0:80].sum(0) / 9)[..., None] * [90, 60, 40] + 120
    write_clip(folder / "clip.mp4", [np.roll(waves, 2 * step, 1).astype(np.uint8) for step in range(5)])
    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", "-q", "-o", folder / "same.mkv"]
    arguments += [*FEW, "--set", "optimize.iterations=0", "--set", "film.codec=ffv1"]
    assert videostyle(monkeypatch, *arguments) == 0

    from videostyle.media.read.decode import decode
    from videostyle.media.read.probe import probe

    pairs = zip(decode(probe(folder / "clip.mp4")), decode(probe(folder / "same.mkv")), strict=True)
    differences = [np.abs(a.pixels.astype(int) - b.pixels).mean((0, 1)) for a, b in pairs]
    assert len(differences) == 5
    assert np.mean(differences, 0).max() < 1


def test_plan_renders_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(folder.iterdir())
    assert videostyle(monkeypatch, "plan", folder / "clip.mp4", "--style", folder / "art.png", *FEW) == 0
    assert sorted(folder.iterdir()) == before
    lines = capsys.readouterr().err
    assert "scene 0: frames 0:14" in lines
    assert "scene 14: frames 14:26" in lines
    assert "GB" in lines


def test_settings_lists_all_and_reads_them_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from videostyle.presets import Recipe, compose
    from videostyle.settings import known_settings

    assert videostyle(monkeypatch, "settings", "--preset", "fine") == 0
    text = capsys.readouterr().out
    assert [line.partition(" = ")[0] for line in text.splitlines() if " = " in line.partition("#")[0]] == [
        *known_settings()
    ]
    assert "# style: How strongly, and in what way, frames follow the artwork." in text
    (tmp_path / "all.toml").write_text(text)
    assert Recipe.read("draft", config=tmp_path / "all.toml").settings("") == compose("fine")


def test_without_a_command_it_says_which_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert videostyle(monkeypatch) == 0
    assert "assemble" in capsys.readouterr().out


@pytest.mark.usefixtures("few_patches")
def test_score_prints_a_table_or_json(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = folder / "silent.mkv"
    arguments = ["score", clip, clip, "--style", folder / "art.png", "--backbone", "compact"]
    assert videostyle(monkeypatch, *arguments, "--json") == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["flicker"] == pytest.approx(scores["flicker_source"])
    assert scores["content_distance"] == pytest.approx(0, abs=1e-6)
    assert videostyle(monkeypatch, *arguments) == 0
    assert "flicker" in capsys.readouterr().out


def test_frames_as_pictures(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["frames", folder / "clip.mp4", "--style", folder / "art.png", *FEW]
    assert videostyle(monkeypatch, *arguments, "--frames", "15-18x2") == 0
    assert videostyle(monkeypatch, *arguments, "--in", "0", "--out", "0.2") == 0
    names = sorted(path.name for path in (folder / "clip_art").iterdir())
    assert names == [f"frame_{frame:06d}.png" for frame in (0, 1, 15, 17)]
    capsys.readouterr()
    assert videostyle(monkeypatch, *arguments, "--frames", "17") == 2
    assert "frame_000017.png exists" in capsys.readouterr().err


def test_a_farm(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    job, film = folder / "job", folder / "film.mp4"
    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", *FEW, "--job", job, "--no-film"]
    assert videostyle(monkeypatch, *arguments, "--frames", "14:20") == 0
    assert videostyle(monkeypatch, "assemble", job, "-o", film) == 4
    assert "frames 0:14,20:26 are not rendered yet" in capsys.readouterr().err
    assert not film.exists()
    assert videostyle(monkeypatch, *arguments, "--frames", "0:14") == 0
    assert videostyle(monkeypatch, *arguments, "--frames", "20-25") == 0
    assert videostyle(monkeypatch, "assemble", job, "-o", film, "--codec", "h265", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) | {"seconds": 0, "time": ""} == {
        "event": "film",
        "path": str(film),
        "frames": 26,
        "frames_lost": 0,
        "frames_damaged": 0,
        "time": "",
        "seconds": 0,
    }
    from videostyle.media.read.probe import probe

    assert (probe(film).num_frames, probe(film).codec) == (26, "hevc")
    assert videostyle(monkeypatch, "assemble", job) == 2
    assert "-o film.mp4" in capsys.readouterr().err
    own = folder / "own.mp4"
    assert videostyle(monkeypatch, "assemble", job, "-o", own, "--colors", "clip", "-q") == 0
    clip, painted, recolored = (chroma_of(path) for path in (folder / "clip.mp4", film, own))
    assert np.abs(recolored - clip).max() < 5 < np.abs(painted - clip).max()


def chroma_of(path: Path) -> NDArray[np.float64]:
    """Means of the Cb and Cr of a film's frames."""
    import av

    with av.open(str(path)) as film:
        frames = [frame.to_ndarray(format="yuv444p") for frame in film.decode(video=0)]
    return np.mean([frame[1:].mean((1, 2)) for frame in frames], 0)


def test_a_part_by_default_has_a_name_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", *FEW]
    assert videostyle(monkeypatch, *arguments, "--frames", "3", "--handles", "1") == 0
    assert (folder / "clip_art_2-4.mp4").exists()


def test_a_patch(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", *FEW]
    full = folder / "full.mkv"
    assert videostyle(monkeypatch, *arguments, "--patch", full, "--frames", "3:5") == 2
    assert f"{full}: no such file" in capsys.readouterr().err
    assert videostyle(monkeypatch, *arguments, "--codec", "ffv1", "-o", full) == 0
    content = full.read_bytes()
    shaped = folder / "shaped.mkv"
    ffmpeg = ["ffmpeg", "-v", "error", "-i", str(full), "-vf", "setsar=4/3", "-c:v", "prores_ks", str(shaped)]
    if shutil.which("ffmpeg"):
        subprocess.run(ffmpeg, check=True)
        assert videostyle(monkeypatch, *arguments, "--patch", shaped, "--frames", "3:5", "--strict") == 2
        assert "--strict: the pixel aspect ratio (4/3) is lost" in capsys.readouterr().err
    patch = [*arguments, "--set", "optimize.iterations=0", "--frames", "14-16", "--patch", full]  # the clip's own again
    assert videostyle(monkeypatch, "plan", *patch[1:]) == 0
    assert "encoded again" in capsys.readouterr().err
    assert videostyle(monkeypatch, *patch) == 0
    assert "encoded again" in capsys.readouterr().err
    assert full.read_bytes() == content

    from videostyle.media.read.decode import decode
    from videostyle.media.read.probe import probe

    def pictures(path: Path) -> list[object]:
        return [frame.pixels.astype(float) for frame in decode(probe(path))]

    films = (pictures(path) for path in (full, folder / "full_patched.mkv", folder / "clip.mp4"))
    for frame, (old, new, source) in enumerate(zip(*films, strict=True)):
        if frame in range(14, 17):
            # of the luma, as the film's subsampled chroma is never the clip's
            off, before = (np.abs((film - source) @ (0.299, 0.587, 0.114)).mean() for film in (new, old))
            assert off < before / 2
        else:
            np.testing.assert_array_equal(new, old)
    assert videostyle(monkeypatch, *patch, "-o", full) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert videostyle(monkeypatch, *patch, "-o", full, "--overwrite") == 0
    assert full.read_bytes() != content


def test_a_plan_says_that_run_would_refuse(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "clip_art.mp4").write_text("mine")
    assert videostyle(monkeypatch, "plan", folder / "clip.mp4", "--style", folder / "art.png", *FEW) == 0
    assert "clip_art.mp4 exists; run needs --overwrite" in capsys.readouterr().err


def test_a_gif_of_a_clip_with_sound_is_asked_for_silent(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gif = folder / "film.gif"
    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", *FEW, "-o", gif, "--frames", "0:4"]
    assert videostyle(monkeypatch, *arguments) == 2
    assert "--no-sound" in capsys.readouterr().err
    assert videostyle(monkeypatch, *arguments, "--no-sound") == 0
    assert gif.exists()
    silent = ["run", folder / "clip.mp4", "--style", folder / "art.png", *FEW, "--frames", "0:4", "--no-sound"]
    assert videostyle(monkeypatch, *silent) == 0

    assert tracks_of(folder / "clip_art_0-3.mp4") == ["video"]


def test_settings_read_as_a_reference(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert videostyle(monkeypatch, "settings") == 0
    text = capsys.readouterr().out
    assert (
        "# which earlier frames a frame is always compared with, in frames back; Ruder et al.: 1, 2, 4\n"
        "# a list such as [1, 2], each from 1 to 64, in frames; default: [1]\n"
        "temporal.long_term = "
    ) in text
    assert '# one of farneback, dis; default: "farneback"\nflow.method = ' in text
    assert "# a whole number from 0 to 16384, in px; default: 0\npicture.work = " in text
