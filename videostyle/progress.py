"""What the user sees of a job: two lines of plan, a progress bar, a line per scene; or JSON, one object per line."""

import json
import math
import sys
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from videostyle.events import Event, Fetched, FilmDone, FrameDone, FrameWritten, Iterated, Notice, Planned, Scanned

WRITING = "writing the film"


def span(seconds: float) -> str:
    """A duration as people say it: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Progress:
    """Turns events into lines; use it as a context manager around the work, and as its ``on_event``."""

    def __init__(self, as_json: bool, quiet: bool, verbose: bool) -> None:
        self._json, self._quiet, self._verbose = as_json, quiet or as_json, verbose
        self._bar: tqdm[Any] | None = None
        self._total, self._stored = 0, 0
        self._scenes: dict[int, str] = {}
        """first frame of a scene -> its frame range"""
        self._done: defaultdict[int, list[FrameDone]] = defaultdict(list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case Planned():
                self.plan(event)
            case Notice(text):
                self._say(f"note: {text}", event, "notice")
            case Scanned(frame):
                if not self._quiet and sys.stderr.isatty() and frame % 50 == 49:
                    print(f"\rlooking for scenes: frame {frame + 1}", end="\r", file=sys.stderr, flush=True)
            case Fetched():
                self._fetched(event)
            case Iterated(done, total):
                if self._bar is not None and sys.stderr.isatty():  # a log needs no line for every few iterations
                    self._bar.set_postfix_str(f"iteration {done} of {total}")
                self._say("", event, "iterated")
            case FrameDone():
                self._frame_done(event)
            case FrameWritten(_, total):
                self._frame_written(total)
            case FilmDone(path, frames, lost, seconds):
                self._close_bar()
                more = f"; {lost} frames of the clip could not be decoded" if lost else ""
                self._say(f"wrote {path}: {frames} frames in {span(seconds)}{more}", event, "film")
            case _:
                raise TypeError(f"no event: {event!r}")

    def start(self) -> None:
        """Show the bar: the first frame of a scene takes longest."""
        if not self._quiet and self._stored < self._total:
            self._bar = tqdm(total=self._total, initial=self._stored, unit="frame", smoothing=0.1, dynamic_ncols=True)

    def plan(self, planned: Planned, remark: str = "", scenes: bool = False) -> None:
        """The plan in two lines: what is made; how, and how long it takes. scenes: one more line for each scene."""
        self._close_bar()  # of a download that was given up
        (width, height), frames = planned.size, planned.frames
        work = "" if planned.work == planned.size else f", painted at {planned.work[0]}x{planned.work[1]}"
        lead = planned.frames_to_render - frames
        self._say(
            f"{planned.clip.name}: {frames} frames of {width}x{height}{work}, {len(planned.scenes)} scene(s)"
            + (f", plus {lead} frames that lead in to them" if lead else "")
            + f", in the style of {' + '.join(planned.artworks)} -> {planned.output}"
        )
        done = f"; {planned.frames_stored} frames are already done" if planned.frames_stored else ""
        self._say(
            f"{planned.reason} On {planned.device}, {planned.slots} scene(s) at a time: about {span(planned.seconds)}, "
            f"{planned.bytes / 1e9:.2f} GB besides the program's own memory{done}" + (f". {remark}" if remark else ""),
            planned,
            "plan",
        )
        for scene, render in zip(planned.scenes, planned.render, strict=True) if scenes else ():
            self._say(f"scene {scene.partition(':')[0]}: frames {scene}, renders {render}")
        self._scenes = {int(scene.partition(":")[0]): scene for scene in planned.scenes}
        self._total, self._stored = planned.frames_to_render, planned.frames_stored

    def _fetched(self, event: Fetched) -> None:
        if self._quiet:
            return
        if self._bar is None:
            self._bar = tqdm(total=event.total or None, unit="B", unit_scale=True, desc=event.what)
        self._bar.update(event.done - self._bar.n)
        if event.total and event.done >= event.total:
            self._close_bar()

    def _frame_done(self, event: FrameDone) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str("", refresh=False)
            self._bar.update()
        losses = " ".join(f"{name} {value:.4g}" for name, value in event.losses.items())
        line = f"frame {event.frame}: {event.seconds:.2f} s, {event.iterations} iterations, {losses}"
        self._say(line if self._verbose else "", event, "frame")
        if event.retried:
            self(Notice(f"frame {event.frame} was painted again: {event.retried}"))
        self._done[event.chunk].append(event)
        if event.last:
            self._scene(event.chunk, self._done.pop(event.chunk))

    def _frame_written(self, total: int) -> None:
        """A bar of its own: encoding a long film takes minutes."""
        if self._quiet:
            return
        if self._bar is None or self._bar.desc != WRITING:
            self._close_bar()
            self._bar = tqdm(total=total, unit="frame", desc=WRITING, leave=False, dynamic_ncols=True)
        self._bar.update()

    def _scene(self, chunk: int, frames: list[FrameDone]) -> None:
        seconds = sum(done.seconds for done in frames)
        iterations = sum(done.iterations for done in frames) / len(frames)
        self._say(
            f"scene {chunk}, frames {self._scenes[chunk]}: {len(frames)} painted in {span(seconds)}, "
            f"{seconds / len(frames):.2f} s and {iterations:.0f} iterations each"
        )
        if self._json:
            scene = {"scene": chunk, "frames": self._scenes[chunk], "painted": len(frames)}
            print(json.dumps({"event": "scene", **scene, "seconds": round(seconds, 3)}), flush=True)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _say(self, line: str, event: Event | None = None, name: str = "") -> None:
        """A line for people on stderr, or an event for scripts as an object on stdout."""
        if self._json:
            if event is not None:
                print(json.dumps({"event": name, **_plain(asdict(event))}), flush=True)
        elif line and not self._quiet:
            tqdm.write(line, file=sys.stderr)


def _plain(value: Any) -> Any:
    """As JSON takes it: paths as text, and null for numbers that are not finite."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
