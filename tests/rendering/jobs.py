"""Plans and job folders for the tests of rendering."""

import hashlib
from pathlib import Path
from typing import Any

from tests.clips import known
from videostyle.events import OnEvent, ignore
from videostyle.frames import Clip
from videostyle.media.stills import read_picture
from videostyle.paint.painter import Painter
from videostyle.presets import change
from videostyle.rendering.chunk.renderer import RenderedFrame, render
from videostyle.rendering.plan.plan import Artwork, RenderPlan, make_plan
from videostyle.rendering.store.record import JobRecord
from videostyle.rendering.store.store import Store
from videostyle.selection import Selection
from videostyle.settings import RenderSettings


def settings(**values: object) -> RenderSettings:
    """Settings; a double underscore stands for the dot in a setting's name."""
    return change(RenderSettings(), {name.replace("__", "."): value for name, value in values.items()}, "test")


def artwork(path: Path) -> Artwork:
    return Artwork(path.name, read_picture(path), path)


def plan_of(
    clip: Clip, scenes: tuple[int, ...], *parts: range, lost: tuple[int, ...] = (), **values: Any
) -> RenderPlan:
    """A plan of the whole clip, or of parts of it, with scenes of these lengths."""
    keep = Selection(parts) if parts else Selection.whole(clip)
    return make_plan(clip, (), settings(**values), known(*scenes, lost=lost), keep)


def record(plan: str = "abc", painter: str = "gray 1", **values: Any) -> JobRecord:
    """What ``plan.json`` holds for a plan and a painter with these fingerprints."""
    plain: dict[str, Any] = {
        "preset": "", "maker": "gray, style art.png", "clip": Path("/clip.mp4"), "stream": 0, "rate": None,
        "identity": "clip", "styles": (Path("/art.png"),), "settings": RenderSettings(),
    }  # fmt: skip
    return JobRecord(fingerprint=plan, painter="gray", painter_fingerprint=painter, **plain | values)


def opened(folder: Path, plan: RenderPlan, painter: Painter) -> Store:
    store = Store(folder)
    store.open(JobRecord.of(plan, painter))
    return store


def rendered(
    plan: RenderPlan, folder: Path, painter: Painter, slots: int = 1, on_event: OnEvent = ignore
) -> list[RenderedFrame]:
    """Render what is missing in a job folder."""
    store = opened(folder, plan, painter)
    try:
        return list(render(plan, store, painter, slots, on_event))
    finally:
        store.close()


def frames_in(folder: Path) -> dict[int, str]:
    """Source frame -> hash of its file."""
    files = sorted((folder / "frames").glob("[0-9]*.png"))
    return {int(path.stem): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
