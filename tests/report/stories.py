"""Logs, clips, and films as jobs and batches leave them, for the report; nothing is rendered."""

import json
from pathlib import Path

from tests.clips import moving_scenes, write_clip

HOSTILE = "<img src=x onerror=window.hacked=1> \"q\" 'a' #1 100%\n&amp;"
"""in names of clips and films"""
SCRIPT = "</script><script>window.hacked=1</script>"
"""in texts"""


def log(path: Path, *objects: dict[str, object]) -> Path:
    """Write a log whose objects are a second apart."""
    lines = [json.dumps({"time": f"2026-11-28T18:00:{n:02d}.000Z"} | line) for n, line in enumerate(objects)]
    path.write_text("\n".join(lines) + "\n")
    return path


def start() -> dict[str, object]:
    return {"event": "start", "schema": 1, "version": "0.2.0", "versions": {"torch": "2.11"}}


def plan(clip: Path, film: Path, *scenes: str, **more: object) -> dict[str, object]:
    return {
        "event": "plan", "clip": str(clip), "output": str(film), "job": f"{film}.job", "frames": 11,
        "frames_to_render": 11, "frames_stored": 0, "frames_alike": 0, "size": [80, 64], "work": [80, 64],
        "scenes": list(scenes) or ["0:6", "6:11"], "render": list(scenes) or ["0:6", "6:11"],
        "artworks": [f"{SCRIPT}.png"], "painter": "compact", "reason": "", "device": "cpu", "slots": 2, "seconds": 1.0,
        "seconds_first": 1.0, "seconds_later": 1.0, "bytes": 1, "fingerprint": "f", "passes": 1, "passed": 0,
        "preset": "draft", "settings": {"seed": 7, "style.weight": 12.5, "film.codec": SCRIPT},
        "command": ["videostyle", "run", str(clip), "--style", "art $(touch x).png"],
    } | more  # fmt: skip


def frame(number: int, **more: object) -> dict[str, object]:
    losses = {"content": 10.0 + number, "style": 1.0, "temporal": None if number in (0, 6) else 0.5}
    chunk = 0 if number < 6 else 6
    return {
        "event": "frame",
        "chunk": chunk,
        "frame": number,
        "losses": losses,
        "iterations": 20,
        "seconds": 0.5,
    } | more


def film_done(film: Path, **more: object) -> dict[str, object]:
    return {"event": "film", "path": str(film), "frames": 11, "frames_lost": 0, "seconds": 9.0} | more


def job(folder: Path, name: str = "clip", **more: object) -> Path:
    """A finished job of two scenes, 6 and 5 frames, with its clip and film; returns its folder."""
    pictures = moving_scenes()
    clip = write_clip(folder / f"{name}.mp4", pictures)
    film = write_clip(folder / f"{name} film.mp4", [255 - picture for picture in pictures])
    made = folder / f"{film.name}.job"
    made.mkdir()
    again = frame(3, retried=SCRIPT)
    lines = [again if number == 3 else frame(number) for number in range(11)]
    note = {"event": "notice", "text": SCRIPT}
    log(made / "job.log", start(), note, plan(clip, film, **more), *lines, film_done(film, frames_damaged=2))
    return made


def batch(folder: Path) -> Path:
    """A batch of three clips: done, failed, and left; returns its folder."""
    made, done = folder / "night.batch", job(folder)
    made.mkdir()
    (done / "job.log").rename(made / "clip.1.log")
    clips = [folder / "clip.mp4", folder / "broken.mp4", folder / "late.mp4"]
    films = [folder / "clip film.mp4", folder / "broken film.mp4", folder / "late film.mp4"]
    planned: list[dict[str, object]] = [
        {"event": "clip_planned", "number": number, "clip": str(clip), "output": str(film), "status": "waiting"}
        for number, (clip, film) in enumerate(zip(clips, films, strict=True), start=1)
    ]
    log(
        made / "batch.log",
        start(),
        *planned,
        {"event": "clip", "output": str(films[0]), "log": str(made / "clip.1.log")},
        {"event": "clip_done", "output": str(films[0]), "status": "done", "text": "", "log": str(made / "clip.1.log")},
        {"event": "clip_done", "output": str(films[1]), "status": "failed", "text": "not a <clip>"},
        {"event": "clip_done", "output": str(films[2]), "status": "left", "text": "no time left"},
    )
    return made
