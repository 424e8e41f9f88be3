"""Rough estimates of films before their scenes are known."""

from dataclasses import asdict, replace

from videostyle.events import OnEvent
from videostyle.frames import FrameRange
from videostyle.paint.painter import Painter
from videostyle.rendering.estimate import price_of
from videostyle.rendering.painters import painter_for, preset_of
from videostyle.rendering.plan.plan import make_plan
from videostyle.rendering.plan.scan import Scan
from videostyle.rendering.request import Request, check
from videostyle.rendering.store.store import Store

SCENE = 120
"""frames that a scene has, as long as nobody knows"""


class Estimates:
    """Estimates films; each network is loaded and measured once."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._painters: dict[str, Painter] = {}

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
        seconds = price_of(plan, self._painters[network], other=True).seconds
        stored = store.count() if begun else 0
        return seconds * max(0.0, 1 - stored / len(plan.to_render)), preset
