"""From what a log says of a clip to its card: the clip, the film, and the job folder are read, if they are there."""

import hashlib
import json
import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from videostyle.errors import JobError, VideostyleError
from videostyle.events import FrameDone, Planned
from videostyle.frames import Clip, FrameRange
from videostyle.media.read.probe import probe
from videostyle.metrics import Moment
from videostyle.presets import compose
from videostyle.progress import faults
from videostyle.report.card import Card, Rows
from videostyle.report.log import ClipLog
from videostyle.report.looks import Looks, look
from videostyle.report.plots import Plot, drawn
from videostyle.selection import select
from videostyle.settings import RenderSettings
from videostyle.timecode import read_rate
from videostyle.words import counted, span

LOSSES = ("content", "style", "temporal")
"""the terms that are drawn"""
LISTED = 8
"""most frames that a warning names"""


def key_of(log: ClipLog) -> str:
    """Short name of a film's card, hex digits."""
    return hashlib.sha256(str(log.output).encode()).hexdigest()[:12]


def located(path: Path, folder: Path) -> Path:
    """Where a path of a log is: logs name files as the program was told, perhaps from another working directory."""
    places = (path, folder / path, folder.parent / path, folder / path.name, folder.parent / path.name)
    return next((place for place in places if place.exists()), path).absolute()


def gather(log: ClipLog, folder: Path) -> Card:
    """The card of a clip. folder: of the log. Raises SettingsError if the plots cannot be drawn."""
    film, source = located(log.output, folder), located(log.clip, folder)
    there = log.film is not None and film.exists()
    looks, warnings = None, [*dict.fromkeys(log.notices), *_told(log)]
    if there and log.plan:
        try:
            looks = _looks(log, source, film)
        except VideostyleError as error:
            warnings.append(f"no pictures: {error}")
    elif log.film:
        warnings.append(f"{film} is no longer there")
    settings, changed = _settings(log.plan) if log.plan else ((), ())
    return Card(
        name=log.clip.name or str(log.clip),
        key=key_of(log),
        state=log.state,
        text=log.text,
        film=str(film) if there else "",
        frames=log.film.frames if log.film else 0,
        painted=sum(done.repeats is None for done in log.frames.values()),
        seconds=max(sum(done.seconds for done in log.frames.values()), log.film.seconds if log.film else 0),
        facts=tuple(_facts(log, source, film if there else log.output, looks)),
        changed=changed,
        settings=settings,
        command=shlex.join(log.command),
        warnings=tuple(warnings),
        strips=looks.strips if looks else (),
        large=looks.large if looks else None,
        tall=bool(looks and looks.measured[1] > looks.measured[0]),
        plots=_plots(log, looks.moments if looks else ()),
        note=_note(looks),
    )


def _looks(log: ClipLog, source: Path, film: Path) -> Looks:
    """Raises MediaError, JobError, or SettingsError if clip and film cannot be put side by side."""
    stream, rate = log.flag("--stream"), log.flag("--fps")
    clip, made = probe(source, int(stream) if stream else None, read_rate(rate) if rate else None), probe(film)
    scenes = [_range(text) for text in log.plan.scenes] if log.plan else []
    return look(clip, made, scenes, _shown(log, clip, made))


def _shown(log: ClipLog, clip: Clip, film: Clip) -> Sequence[int]:
    """Source frames in the order in which the film shows them. Raises JobError if they are not known."""
    if film.num_frames == clip.num_frames:
        return clip.frames.indices
    frames, begin, end = map(log.flag, ("--frames", "--in", "--out"))
    asked = select(clip, frames, begin, end, int(log.flag("--handles") or 0)).frames
    candidates = (log.written, [frame for frame in asked if frame in log.frames], sorted(log.frames))
    if numbers := next((numbers for numbers in candidates if len(numbers) == film.num_frames), None):
        return numbers
    raise JobError(f"the log does not say which frames of the clip are in {film.path.name}")


def _range(text: str) -> FrameRange:
    start, _, stop = text.partition(":")
    return FrameRange(int(start), int(stop))


def _told(log: ClipLog) -> Iterator[str]:
    """Warnings about frames."""
    for reason in dict.fromkeys(done.retried for done in log.frames.values() if done.retried):
        frames = [done.frame for done in log.frames.values() if done.retried == reason]
        more = f" and {len(frames) - LISTED} more" if len(frames) > LISTED else ""
        yield f"{counted(len(frames), 'frame')} painted again ({reason}): {_list(frames[:LISTED])}{more}"
    if log.film and (text := faults(log.film)):
        yield text


def _list(frames: Sequence[int]) -> str:
    return ", ".join(map(str, frames))


def _facts(log: ClipLog, source: Path, film: Path, looks: Looks | None) -> Iterator[tuple[str, str]]:
    """What people want to know of a clip."""
    yield "Clip", str(source)
    yield "Film", str(film)
    if plan := log.plan:
        yield from _planned(plan, log)
    painted = [done for done in log.frames.values() if done.repeats is None]
    if painted:
        seconds = sum(done.seconds for done in painted)
        yield (
            "Painting",
            f"{span(seconds)}, {seconds / len(painted):.2f} s and "
            + (f"{sum(done.iterations for done in painted) / len(painted):.0f} iterations a frame"),
        )
    if log.film:
        yield "Last run", span(log.film.seconds)
    if looks and (told := _compared([(moment.flicker, moment.flicker_source) for moment in looks.moments])):
        yield "Flicker", told
    if log.begun:
        yield "Time", f"{_when(log.begun)} to {_when(log.ended)} UTC"
    if versions := [f"{name} {number}" for name, number in log.versions.items() if number]:
        yield "Versions", ", ".join(versions)


def _planned(plan: Planned, log: ClipLog) -> Iterator[tuple[str, str]]:
    (width, height), work = plan.size, plan.work
    painted = "" if tuple(work) == tuple(plan.size) else f", painted at {work[0]}x{work[1]}"
    yield "Frames", f"{plan.frames} of {width}x{height}{painted}, {counted(len(plan.scenes), 'scene')}"
    repeats = sum(done.repeats is not None for done in log.frames.values())
    if repeats:
        yield "Repeats", f"{counted(repeats, 'frame')} not painted, because they repeat others"
    yield "Artworks", " + ".join(plan.artworks)
    yield "Painter", f"{plan.painter} on {plan.device}, {counted(plan.slots, 'scene')} at a time"
    if plan.preset:
        yield "Preset", plan.preset
    if "seed" in plan.settings:
        yield "Seed", str(plan.settings["seed"])


def _compared(pairs: list[tuple[float, float]]) -> str:
    known = [pair for pair in pairs if not math.isnan(pair[0])]
    if not known:
        return ""
    film, clip = (sum(values) / len(known) for values in zip(*known, strict=True))
    return f"{film:.2f} levels of 255; the clip's own: {clip:.2f}"


def _when(time: str) -> str:
    return time[:16].replace("T", " ")


def _settings(plan: Planned) -> tuple[Rows, Rows]:
    """All settings, and those that differ from the preset."""
    rows = tuple((name, json.dumps(value)) for name, value in plan.settings.items())
    try:
        usual = compose(plan.preset) if plan.preset else RenderSettings()
        return rows, tuple((name, text) for name, text in rows if text != json.dumps(usual.value(name)))
    except (VideostyleError, AttributeError):  # a preset or a setting of another version
        return rows, ()


def _plots(log: ClipLog, moments: Sequence[Moment]) -> str:
    """The curves, as JSON; empty if there are none."""
    seen = {moment.frame: moment for moment in moments}
    frames = sorted({*log.frames, *seen})
    if not frames or log.plan is None:
        return ""

    def of(name: str) -> list[float]:
        return [_number(getattr(seen[frame], name)) if frame in seen else math.nan for frame in frames]

    def painted(name: str) -> list[float]:
        return [_number(getattr(log.frames[frame], name)) if frame in log.frames else math.nan for frame in frames]

    losses = {name: [_loss(log.frames.get(frame), name) for frame in frames] for name in LOSSES}
    plots = [
        Plot("Losses, weighted", losses, logarithmic=True),
        Plot("Iterations", {"iterations": painted("iterations")}),
        Plot("Seconds", {"seconds": painted("seconds")}),
        Plot("Flicker, levels of 255", {"film": of("flicker"), "clip": of("flicker_source")}),
        Plot("Light, mean luma", {"film": of("light"), "clip": of("light_source")}),
    ]
    cuts = [scene.start for scene in map(_range, log.plan.scenes) if frames[0] < scene.start <= frames[-1]]
    return json.dumps(drawn(plots, frames, cuts, f"plots-{key_of(log)}"))


def _loss(done: FrameDone | None, name: str) -> float:
    value = _number(done.losses.get(name)) if done else math.nan
    return value if value > 0 else math.nan  # the axis is logarithmic


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _note(looks: Looks | None) -> str:
    if looks is None:
        return ""
    width, height = looks.measured
    return f"Flicker and light are measured in frames of {width}x{height} px, bars included."
