"""The painter of a job."""

from collections.abc import Sequence

from videostyle.events import Fetched, OnEvent, ignore
from videostyle.paint.load import Networks, load_painter, usual_preset
from videostyle.paint.painter import Painter
from videostyle.presets import Recipe, change
from videostyle.rendering.plan.plan import Artwork
from videostyle.rendering.store.record import JobRecord
from videostyle.settings import BACKBONES, RenderSettings


def preset_of(recipe: Recipe, begun: JobRecord | None) -> str:
    """The preset that is named, or else the one that a job has begun with, or else the device's usual one."""
    return recipe.preset or (begun.preset if begun else "") or usual_preset(recipe.given.backbone.device)


def painter_for(
    artworks: Sequence[Artwork],
    settings: RenderSettings,
    begun: JobRecord | None,
    on_event: OnEvent = ignore,
    networks: Networks | None = None,
) -> Painter:
    """The painter that the settings select; for an ``auto`` backbone, the network that a job has begun with.

    If weights cached since then changed the network, the job could not continue. networks: see ``load_painter``.
    """
    name = begun.painter if begun else ""
    known = settings.backbone.name == "auto" and not settings.backbone.weights and name in BACKBONES
    if known:
        settings = change(settings, {"backbone.name": name})
    pixels = [artwork.pixels for artwork in artworks]
    painter = load_painter(pixels, settings, lambda what, done, total: on_event(Fetched(what, done, total)), networks)
    if known:
        painter.reason = f"{name}: this job started with it."
    return painter
