"""The command line as a user meets it: the film, and one line for every mistake."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.clips import moving_scenes, write_art, write_clip
from videostyle import cli

FEW = [
    "--backbone",
    "compact",
    "--device",
    "cpu",
    "--set",
    "optimize.iterations=2",
    "--set",
    "optimize.first_iterations=3",
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    write_clip(folder / "clip.mp4", moving_scenes((14, 12)), sound=True)
    write_clip(folder / "silent.mkv", moving_scenes((5,)), codec="ffv1")
    write_art(folder / "art.png")
    (folder / "text.mp4").write_text("no clip at all")
    (folder / "empty.mp4").write_bytes(b"")
    return folder


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    for path in source.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def videostyle(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["videostyle", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    return int(exit_.value.code or 0)


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
    assert len(probe(folder / "clip_art.mp4").tracks) == 1


def test_events_for_scripts(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--frames", "15:18", "-o", folder / "part.mkv", "--json", "--keep-job", *FEW]
    assert videostyle(monkeypatch, "run", folder / "clip.mp4", "--style", folder / "art.png", *arguments) == 0
    captured = capsys.readouterr()
    events = [json.loads(line) for line in captured.out.splitlines()]
    assert captured.err == ""
    steps = [event for event in events if event["event"] == "iterated"]
    assert steps
    assert all(0 < event["done"] <= event["total"] for event in steps)
    scanned = [event["frame"] for event in events if event["event"] == "scanned"]
    assert scanned == sorted(scanned)
    assert set(scanned) >= {14, 15, 16, 17}
    events = [event for event in events if event["event"] not in ("iterated", "scanned")]
    kinds = [event["event"] for event in events]
    assert kinds == ["notice", "notice", "plan", *["frame"] * 4, "scene", *["written"] * 3, "film"]
    assert "trimmed at packet borders" in events.pop(0)["text"]
    assert "draft is the default" in events.pop(0)["text"]
    assert [event["frame"] for event in events if event["event"] == "written"] == [15, 16, 17]
    assert [event["frame"] for event in events if event["event"] == "frame"] == [14, 15, 16, 17]
    assert (events[0]["frames"], events[0]["scenes"]) == (3, ["14:18"])
    assert {event["chunk"] for event in events if event["event"] == "frame"} == {14}
    assert [event["scene"] for event in events if event["event"] == "scene"] == [14]
    assert events[-1]["path"] == str(folder / "part.mkv")
    assert len(list((folder / "part.mkv.job/frames").glob("*.png"))) == 4


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


CLIP, ART, HERE = "{}/clip.mp4", "{}/art.png", "{}"

MISTAKES = {
    "no such clip": (["{}/none.mp4", "--style", ART], "no such file"),
    "a folder": ([HERE, "--style", ART], "has no number"),
    "not a video": (["{}/text.mp4", "--style", ART], "text.mp4"),
    "zero bytes": (["{}/empty.mp4", "--style", ART], "empty"),
    "no such style": ([CLIP, "--style", "{}/none.jpg"], "none.jpg"),
    "style is no picture": ([CLIP, "--style", "{}/text.mp4"], "text.mp4"),
    "output is the clip": ([CLIP, "--style", ART, "-o", CLIP, "--overwrite"], "input"),
    "output is the style": ([CLIP, "--style", ART, "-o", ART, "--overwrite"], "input"),
    "output exists": (["{}/silent.mkv", "--style", ART, "-o", "{}/text.mp4"], "--overwrite"),
    "no such folder": ([CLIP, "--style", ART, "-o", "{}/none/film.mp4"], "folder"),
    "unknown container": ([CLIP, "--style", ART, "-o", "{}/film.xyz"], ".mkv"),
    "container without the sound": ([CLIP, "--style", ART, "-o", "{}/film.webm"], "webm"),
    "unknown preset": ([CLIP, "--style", ART, "--preset", "best"], "draft"),
    "unknown setting": ([CLIP, "--style", ART, "--set", "optimize.iteration=3"], "optimize.iterations"),
    "wrong type": ([CLIP, "--style", ART, "--set", "optimize.iterations=many"], "wanted a whole number"),
    "no value": ([CLIP, "--style", ART, "--set", "seed"], "name=value"),
    "no such config": ([CLIP, "--style", ART, "--config", "{}/none.toml"], "none.toml"),
    "unknown backbone": ([CLIP, "--style", ART, "--backbone", "resnet"], "vgg19, vgg16, alexnet, compact"),
    "unknown device": ([CLIP, "--style", ART, "--device", "gpu"], "choose auto, cpu, cuda"),
    "frames outside": ([CLIP, "--style", ART, "--frames", "20:30"], "0 to 25"),
    "frames are none": ([CLIP, "--style", ART, "--frames", "a:b"], "--frames"),
    "slots are none": ([CLIP, "--style", ART, "--slots", "0"], "--slots"),
    "slots are no digits": ([CLIP, "--style", ART, "--slots", "\u00b2"], "--slots"),
    "frames are none between": ([CLIP, "--style", ART, "--frames", "9:3"], "A below B"),
    "no size": ([CLIP, "--style", ART, "--size", "0"], "--size"),
    "a picture": ([ART, "--style", ART], "a single picture"),
    "size too small": ([CLIP, "--style", ART, "--size", "2", "--backbone", "compact"], "--size"),
    "weights missing": ([CLIP, "--style", ART, "--backbone", "vgg19", "--weights", "{}/none.pth"], "none.pth"),
    "weights corrupt": ([CLIP, "--style", ART, "--backbone", "vgg19", "--weights", "{}/text.mp4"], "text.mp4"),
    "layer missing": ([CLIP, "--style", ART, "--backbone", "compact", "--set", "style.layers=relu9_9"], "relu9_9"),
    "style mix": ([CLIP, "--style", ART, "--backbone", "compact", "--set", "style.mix=[1,2]"], "style.mix"),
    "job is a full folder": ([CLIP, "--style", ART, "--backbone", "compact", "--job", HERE], "--job"),
    "job is a file": ([CLIP, "--style", ART, "--backbone", "compact", "--job", ART], "a file, not a job folder"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, told = MISTAKES[name]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert videostyle(monkeypatch, "run", *[a.format(folder) for a in arguments]) == 2
    captured = capsys.readouterr()
    errors = [line for line in captured.err.splitlines() if not line.startswith("note:")]
    assert len(errors) == 1, captured.err
    assert told in errors[0]
    assert captured.out == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_usage_mistakes(monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, told in {
        ("run", folder / "clip.mp4"): "Missing option '--style'. See videostyle run --help",
        ("paint",): "No such command 'paint'.",
        ("run", folder / "clip.mp4", "--stile", "x"): "No such option: --stile",
        ("run", folder / "clip.mp4", "--style", "x", "--size", "big"): "Invalid value for '--size': ",
    }.items():
        assert videostyle(monkeypatch, *arguments) == 2
        found = capsys.readouterr()
        assert found.err.startswith(f"videostyle: {told}")
        assert (found.err.count("\n"), found.out) == (1, "")


def test_without_a_command_it_says_which_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert videostyle(monkeypatch) == 0
    assert "assemble" in capsys.readouterr().out


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", "-o", locked / "film.mp4"]
    assert videostyle(monkeypatch, *arguments) == 2
    assert "locked" in capsys.readouterr().err


def test_a_full_disk_while_rendering_keeps_what_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from videostyle.errors import MediaError
    from videostyle.rendering import store

    real, written = store.write_png, list[Path]()

    def full(path: Path, pixels: object, note: str) -> None:
        if len(written) == 3:
            raise MediaError(f"{path}: the disk is full; free some space")
        written.append(path)
        real(path, pixels, note)  # type: ignore[arg-type]

    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", *FEW]
    with monkeypatch.context() as patch:
        patch.setattr(store, "write_png", full)
        assert videostyle(patch, *arguments) == 2
    assert "the disk is full" in capsys.readouterr().err
    assert not (folder / "clip_art.mp4").exists()
    assert len(list((folder / "clip_art.mp4.job/frames").glob("*.png"))) == 3
    assert videostyle(monkeypatch, *arguments) == 0
    assert "3 frames already done" in capsys.readouterr().err
    assert not (folder / "clip_art.mp4.job").exists()


def test_a_truncated_clip_is_rendered_as_far_as_it_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import av

    with (
        av.open(str(folder / "clip.mp4")) as given,
        av.open(str(folder / "fast.mp4"), "w", container_options={"movflags": "faststart"}) as made,
    ):
        stream = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = stream
                made.mux(packet)
    content = (folder / "fast.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(content[: len(content) * 7 // 10])
    assert videostyle(monkeypatch, "run", folder / "cut.mp4", "--style", folder / "art.png", *FEW) == 3
    lines = capsys.readouterr().err
    assert "cut.mp4 is truncated" in lines
    assert "could not be decoded" in lines

    from videostyle.media.read.probe import probe

    assert 5 < probe(folder / "cut_art.mp4").num_frames < 26


def test_interrupted_and_typed_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from videostyle.paint.optimize.optimizer import Optimizer

    real, calls = Optimizer.paint, list[int]()

    def stopped(self: Optimizer, tasks, on_step):  # type: ignore[no-untyped-def]
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(self, tasks, on_step)

    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", *FEW]
    with monkeypatch.context() as patch:
        patch.setattr(Optimizer, "paint", stopped)
        assert videostyle(patch, *arguments) == 130
    assert "stopped; run the same command again to continue" in capsys.readouterr().err
    other = [*arguments, "--set", "style.weight=7"]
    assert videostyle(monkeypatch, *other) == 2
    assert "another clip, artwork, setting" in capsys.readouterr().err
    assert videostyle(monkeypatch, *arguments) == 0
    assert "4 frames already done" in capsys.readouterr().err


def test_score_prints_a_table_or_json(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "score",
        folder / "clip.mp4",
        folder / "clip.mp4",
        "--style",
        folder / "art.png",
        "--backbone",
        "compact",
    ]
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
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) | {"seconds": 0} == {
        "event": "film",
        "path": str(film),
        "frames": 26,
        "frames_lost": 0,
        "seconds": 0,
    }
    from videostyle.media.read.probe import probe

    assert (probe(film).num_frames, probe(film).codec) == (26, "hevc")
    assert videostyle(monkeypatch, "assemble", job) == 2
    assert "-o film.mp4" in capsys.readouterr().err


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
    before = full.read_bytes()
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
    assert full.read_bytes() == before

    from videostyle.media.read.decode import decode
    from videostyle.media.read.probe import probe

    def pictures(path: Path) -> list[object]:
        return [frame.pixels.astype(float) for frame in decode(probe(path))]

    films = (pictures(path) for path in (full, folder / "full_patched.mkv", folder / "clip.mp4"))
    for frame, (old, new, source) in enumerate(zip(*films, strict=True)):
        if frame in range(14, 17):
            assert np.abs(new - source).mean() < np.abs(old - source).mean() / 2
        else:
            np.testing.assert_array_equal(new, old)
    assert videostyle(monkeypatch, *patch, "-o", full) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert videostyle(monkeypatch, *patch, "-o", full, "--overwrite") == 0
    assert full.read_bytes() != before


@pytest.mark.parametrize("pattern", ["", "*.png", "frame_%04d.png"])
def test_pictures_never_come_among_those_they_are_made_of(
    pattern: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shots = folder / "shots"
    shots.mkdir()
    for number in range(3):
        shutil.copy(folder / "art.png", shots / f"frame_{number:04d}.png")
    before = {path.name: path.read_bytes() for path in shots.iterdir()}
    arguments = ["frames", shots / pattern, "--style", folder / "art.png", *FEW, "-o", shots, "--overwrite"]
    assert videostyle(monkeypatch, *arguments) == 2
    assert "input of this render" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in shots.iterdir()} == before


def test_a_picture_never_takes_the_place_of_the_artwork(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    art = folder / "made/frame_000001.png"
    art.parent.mkdir()
    shutil.copy(folder / "art.png", art)
    arguments = ["frames", folder / "silent.mkv", "--style", art, *FEW, "-o", folder / "made", "--overwrite"]
    assert videostyle(monkeypatch, *arguments) == 2
    assert "frame_000001.png is an input" in capsys.readouterr().err


def slow_writer(folder: Path, number: signal.Signals, disposition: str) -> subprocess.Popen[str]:
    """A run that says when it begins to write its film, slowly, and begins with a disposition of a signal.

    A test run under nohup would hand on an ignored SIGHUP, so that each child sets its own.
    """
    code = (
        f"import signal; signal.signal({number.value}, signal.{disposition})\n"
        "import sys, time; from videostyle import cli; from videostyle.media.write import picture\n"
        "real = picture.FrameMaker.__call__\n"
        "def slow(*given):\n  print('writing', flush=True); time.sleep(0.05); return real(*given)\n"
        "picture.FrameMaker.__call__ = slow; cli.main()\n"
    )
    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", "--set", "optimize.iterations=0", *FEW[:4]]
    command = [sys.executable, "-c", code, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "writing\n"
    return process


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="only POSIX systems stop processes with signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_stops_it_and_nothing_half_written_is_left(name: str, folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    with slow_writer(folder, signal.Signals[name], "SIG_DFL") as process:
        process.send_signal(signal.Signals[name])
        said = process.communicate()[1]
    assert process.returncode == 130
    assert "stopped; run the same command again to continue" in said
    assert {path.name for path in folder.iterdir()} - before == {"clip_art.mp4.job"}


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="only POSIX systems stop processes with signals")
def test_under_nohup_a_hangup_changes_nothing(folder: Path) -> None:
    with slow_writer(folder, signal.SIGHUP, "SIG_IGN") as process:
        process.send_signal(signal.SIGHUP)
        process.communicate()
    assert process.returncode == 0
    assert (folder / "clip_art.mp4").exists()


@pytest.mark.skipif(os.name != "posix", reason="shells of other systems close nothing")
def test_it_works_with_nobody_listening(folder: Path) -> None:
    arguments = ["run", folder / "silent.mkv", "--style", folder / "art.png", *FEW]
    code = 'exec "$@" >&- 2>&- <&-'
    subprocess.run(["sh", "-c", code, "sh", sys.executable, "-m", "videostyle", *map(str, arguments)], check=True)
    assert (folder / "silent_art.mkv").exists()


def test_what_a_damaged_clip_lost_is_told_to_the_quiet_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from videostyle.rendering.film import FilmDone

    done = FilmDone(folder / "film.mp4", 3, 2, 1.0)
    with pytest.raises(cli.typer.Exit):
        cli._end(done, cli.Voice(quiet=True))
    assert capsys.readouterr().err == "videostyle: 2 frames of the clip could not be decoded\n"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_demo_on_an_absent_device_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert videostyle(monkeypatch, "demo", tmp_path / "demo", "--device", "cuda") == 2
    found = capsys.readouterr()
    assert (found.err.count("\n"), found.out) == (1, "")
    assert not (tmp_path / "demo").exists()


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

    from videostyle.media.read.probe import probe

    assert not probe(folder / "clip_art_0-3.mp4").tracks


PRINTING = [["--version"], ["--help"], ["settings"], ["run", "--help"], []]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_output_on_a_full_disk_is_one_line(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "videostyle", *arguments]
        made = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert made.returncode == 2
    assert made.stderr == (
        "videostyle: stdout: No space left on device; free some space or send the output elsewhere\n"
    )


@pytest.mark.skipif(os.name != "posix", reason="other systems have no broken pipes")
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_output_that_nobody_reads_ends_quietly(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "videostyle", *arguments]
    made = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (made.returncode, made.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_events_on_a_full_disk_are_one_line(folder: Path) -> None:
    arguments = ["plan", folder / "silent.mkv", "--style", folder / "art.png", "--json", *FEW]
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "videostyle", *map(str, arguments)]
        made = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert made.returncode == 2
    assert made.stderr.startswith("videostyle: stdout: No space left on device;")
    assert made.stderr.count("\n") == 1


def test_settings_read_as_a_reference(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert videostyle(monkeypatch, "settings") == 0
    text = capsys.readouterr().out
    assert (
        "# which earlier frames a frame is compared with, in frames back; Ruder et al.: 1, 2, 4\n"
        "# a list such as [1, 2], each from 1 to 64, in frames; default: [1]\n"
        "temporal.long_term = "
    ) in text
    assert '# one of farneback, dis; default: "farneback"\nflow.method = ' in text
    assert "# a whole number from 0 to 16384, in px; default: 0\npicture.work = " in text
