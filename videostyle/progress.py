"""What the user sees of a job: two lines of plan, a bar in frames, a line per scene; or JSON, an object a line."""

import json
import math
import sys
from collections import defaultdict
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tqdm import tqdm

from videostyle.frames import FrameDone

if TYPE_CHECKING:
    from videostyle.rendering.film import FilmDone, FrameWritten
    from videostyle.rendering.job import Notice, Prepared

WRITING = "writing the film"


def span(seconds: float) -> str:
    """Seconds as a person says them: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Progress:
    """Turns what the library reports into lines; use it as a context around ``run``."""

    def __init__(self, as_json: bool, quiet: bool, verbose: bool) -> None:
        self._json, self._quiet, self._verbose = as_json, quiet or as_json, verbose
        self._bar: tqdm[Any] | None = None
        self._total, self._stored = 0, 0
        self._scenes: dict[int, str] = {}
        self._done: defaultdict[int, list[FrameDone]] = defaultdict(list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def notices(self, texts: tuple[str, ...]) -> None:
        """Say what the user should know before the work begins."""
        for text in texts:
            self._say(f"note: {text}", event="notice", text=text)

    def scanned(self, frame: int) -> None:
        """Show that the clip is being looked through."""
        if not self._quiet and sys.stderr.isatty() and frame % 50 == 49:
            print(f"\rlooking for scenes: frame {frame + 1}", end="\r", file=sys.stderr, flush=True)

    def fetched(self, what: str, done: int, total: int) -> None:
        """Show a download."""
        if self._quiet:
            return
        if self._bar is None:
            self._bar = tqdm(total=total or None, unit="B", unit_scale=True, desc=what)
        self._bar.update(done - self._bar.n)
        if total and done >= total:
            self._close_bar()

    def plan(self, prepared: "Prepared", remark: str, scenes: bool = False) -> None:
        """The plan in two lines: what and where to; how, and how long."""
        self._close_bar()  # of a download that was given up
        plan, checked = prepared.plan, prepared.checked
        width, height = plan.size
        work = "" if plan.work == plan.size else f", painted at {plan.work[0]}x{plan.work[1]}"
        lead = len(plan.to_render) - len(plan.to_keep)
        self._say(
            f"{plan.clip.path.name}: {len(plan.to_keep)} frames of {width}x{height}{work}, {len(plan.chunks)} scene(s)"
            + (f", with {lead} more that lead to them" if lead else "")
            + f", like {' + '.join(path.name for path in plan.artworks)} -> {checked.output}"
        )
        done = f"; {prepared.frames_stored} frames are done already" if prepared.frames_stored else ""
        self._say(
            f"{prepared.why} On {prepared.device}, {prepared.slots} scene(s) at a time: about "
            f"{span(prepared.seconds_left)}, {prepared.bytes_needed / 1e9:.2f} GB beside the program's own{done}"
            + (f". {remark}" if remark else ""),
            event="plan",
            clip=str(plan.clip.path),
            output=str(checked.output),
            job=str(checked.job),
            frames=len(plan.to_keep),
            frames_to_render=len(plan.to_render),
            frames_stored=prepared.frames_stored,
            size=plan.size,
            work=plan.work,
            scenes=[str(chunk.frames) for chunk in plan.chunks],
            render=[str(chunk.render) for chunk in plan.chunks],
            backbone=prepared.backbone,
            why=prepared.why,
            device=prepared.device,
            slots=prepared.slots,
            seconds=round(prepared.seconds_left, 1),
            seconds_per_iteration=round(prepared.seconds_per_iteration, 4),
            bytes=prepared.bytes_needed,
            fingerprint=plan.fingerprint,
        )
        for chunk in plan.chunks if scenes else ():
            self._say(f"scene {chunk.index + 1}: frames {chunk.frames}, renders {chunk.render}, keeps {chunk.keep}")
        self._scenes = {chunk.index: str(chunk.frames) for chunk in plan.chunks}
        self._total, self._stored = len(plan.to_render), prepared.frames_stored

    def start(self) -> None:
        """Show the bar: the first frame of a scene takes longest."""
        if not self._quiet and self._stored < self._total:
            self._bar = tqdm(total=self._total, initial=self._stored, unit="frame", smoothing=0.1, dynamic_ncols=True)

    def report(self, event: "Notice | FrameDone | FrameWritten | FilmDone") -> None:
        """Take what ``run`` and ``assemble`` report."""
        if isinstance(event, FrameDone):
            self._frame(event)
            return
        values = asdict(event)
        if "total" in values:
            self._written(values["total"])
            return
        if "text" in values:
            self._say(f"note: {event.text}", event="notice", **values)  # type: ignore[union-attr]
            return
        self._close_bar()
        self._say(
            f"wrote {values['path']}: {values['frames']} frames in {span(values['seconds'])}"
            + (f"; {values['frames_lost']} frames of the clip could not be decoded" if values["frames_lost"] else ""),
            event="film",
            **{**values, "path": str(values["path"])},
        )

    def _frame(self, done: FrameDone) -> None:
        if self._bar is not None:
            self._bar.update()
        if self._json:
            self._say("", event="frame", **asdict(done))
        elif self._verbose:
            losses = " ".join(f"{name} {value:.4g}" for name, value in done.losses.items())
            self._say(f"frame {done.frame}: {done.seconds:.2f} s, {done.iterations} iterations, {losses}")
        if done.retried:
            text = f"frame {done.frame} was rendered again: {done.retried}"
            self._say(f"note: {text}", event="notice", text=text)
        self._done[done.chunk].append(done)
        if done.last:
            self._scene(done.chunk, self._done.pop(done.chunk))

    def _written(self, total: int) -> None:
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
            f"scene {chunk + 1}, frames {self._scenes[chunk]}: {len(frames)} painted in {span(seconds)}, "
            f"{seconds / len(frames):.2f} s and {iterations:.0f} iterations each",
            event="scene",
            scene=chunk,
            frames=self._scenes[chunk],
            painted=len(frames),
            seconds=round(seconds, 3),
        )

    def _say(self, line: str, **event: Any) -> None:
        """One line for people on stderr, or one object for scripts on stdout."""
        if self._json:
            if event:
                print(json.dumps(_finite(event)), flush=True)
        elif not self._quiet:
            tqdm.write(line, file=sys.stderr)


def _finite(value: Any) -> Any:
    """JSON has no word for what is no finite number: null."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
