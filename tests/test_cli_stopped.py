"""Runs that stop early: full disks, truncated clips, interruptions and signals."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import FEW, videostyle


def test_a_full_disk_while_rendering_keeps_what_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from videostyle.errors import MediaError
    from videostyle.rendering.store import store

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
    assert "cut.mp4 is truncated or damaged" in lines
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
