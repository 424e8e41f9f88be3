"""Rough estimates of films before their scenes are known."""

from collections import defaultdict
from dataclasses import asdict, replace

from videostyle.events import OnEvent
from videostyle.frames import FrameRange
from videostyle.paint.painter import Painter
from videostyle.rendering.estimate import price_of, seconds_of, together
from videostyle.rendering.painters import painter_for, preset_of
from videostyle.rendering.plan.plan import make_plan
from videostyle.rendering.plan.scan import Scan
from videostyle.rendering.request import Request, check
from videostyle.rendering.store.store import Store
from videostyle.rendering.workers.machine import cores
from videostyle.rendering.workers.schedule import best_workers

SCENE = 120
"""frames that a scene has, as long as nobody knows"""


class Estimates:
    """Estimates films; each network is loaded and measured once."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._painters: dict[str, Painter] = {}
        self._chunks: defaultdict[str, list[float]] = defaultdict(list)
        """device -> seconds of painting of each scene, as far as they are known"""
        self._finishing: defaultdict[str, float] = defaultdict(float)
        """device -> seconds of finishing"""

    def rough(self, request: Request) -> tuple[float, str]:
        """Seconds for what is not stored yet of a film, and the preset it is rendered with. Raises VideostyleError."""
        checked = check(request)
        store = Store(checked.job)
        begun = store.begun()
        recipe = replace(request.recipe, preset=begun.preset) if begun else request.recipe  # it goes on as it began
        preset = preset_of(recipe, begun)
        settings = recipe.settings(preset)
        network = str((asdict(settings.backbone), settings.paints))
        if network not in self._painters:
            self._painters[network] = painter_for(checked.artworks, settings, begun, self._on_event)
        last, count = checked.keep.parts[-1].stop, checked.clip.num_frames
        starts = range(0, count, SCENE)
        guessed = Scan(tuple(FrameRange(start, min(start + SCENE, count)) for start in starts if start < last), ())
        plan = make_plan(checked.clip, checked.artworks, settings, guessed, checked.keep)
        painter = self._painters[network]
        price = price_of(plan, painter, other=True)
        left = max(0.0, 1 - (store.count() if begun else 0) / len(plan.to_render))
        self._chunks[painter.device] += [left * seconds for seconds in price.chunks]
        self._finishing[painter.device] += left * sum(seconds_of(plan, price.finishing))
        return left * price.seconds, preset

    def whole(self) -> float:
        """Seconds for all films that were estimated, which share the workers of a device."""
        return sum(
            together(chunks, self._finishing[device], device, best_workers(chunks, cores() if device == "cpu" else 1))
            for device, chunks in self._chunks.items()
        )
