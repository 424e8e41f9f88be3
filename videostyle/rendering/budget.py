"""One clip within a budget of time: the best preset and size that fit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from videostyle.errors import SettingsError
from videostyle.events import Event, Notice, OnEvent, ignore
from videostyle.presets import Recipe
from videostyle.rendering.batch.pace import MARGIN
from videostyle.rendering.job import Prepared, estimate, prepare
from videostyle.rendering.request import Checked
from videostyle.rendering.store.store import Store
from videostyle.words import span

PRESETS = ("fine", "standard", "draft")
"""best first"""
SIDES = (1440, 1080, 720, 540, 480, 360, 288, 240, 180)
"""short sides of films that are smaller than the clip, px"""


def prepare_within(checked: Checked, budget: float, on_event: OnEvent = ignore) -> Prepared:
    """Prepare a job so that it takes at most ``budget`` seconds, and say how.

    At the clip's size, the best preset that fits; if none does, the largest film with the last one. What the request
    names stays as it is, and a job that has begun goes on as it was. Raises SettingsError if nothing fits, or JobError
    if the job has begun with another size than the request names.
    """
    recipe, begun = checked.request.recipe, Store(checked.job).begun()
    if begun:
        picture = {name: begun.settings.value(name) for name in ("picture.size", "picture.work")}
        recipe = Recipe(begun.preset, {**picture, **recipe.values})  # another size is refused, as without a budget
        prepared = prepare(_with(checked, recipe), on_event=on_event)
        left = prepared.summary.seconds
        fits = "within" if left * MARGIN <= budget else "longer than"
        rest = f"what is left takes about {span(left)}, {fits} {span(budget)}"
        return _noted(prepared, f"the job has begun with {begun.preset}, and goes on with it: {rest}", on_event)
    presets = (recipe.preset,) if recipe.preset else PRESETS
    first = prepare(_with(checked, replace(recipe, preset=presets[-1])), on_event=on_event)
    least = 0.0
    for preset, side in _choices(presets, checked):
        values = {**recipe.values, **({"picture.size": side} if side else {})}
        least = estimate(first, preset, values)
        if least * MARGIN <= budget:
            chosen = _with(checked, Recipe(preset, values))
            prepared = prepare(chosen, on_event=_unless(first.notices, on_event), before=first)
            size = "x".join(map(str, prepared.plan.size))
            return _noted(prepared, f"within {span(budget)}: {preset} at {size}, about {span(least)}", on_event)
    raise SettingsError(
        f"--budget: even the fastest way takes about {span(least)}, more than {span(budget)}; "
        "allow more time, or paint a part of the clip with --frames"
    )


def _choices(presets: tuple[str, ...], checked: Checked) -> Iterator[tuple[str, int]]:
    """Presets with the short side of the film, best first. 0: the clip's, or what the request names."""
    yield from ((preset, 0) for preset in presets)
    if "picture.size" not in checked.request.recipe.values:
        short = min(checked.clip.width, checked.clip.height)
        yield from ((presets[-1], side) for side in SIDES if side < short)


def _noted(prepared: Prepared, text: str, on_event: OnEvent) -> Prepared:
    """Say something about a job, and let its log say it, too."""
    on_event(notice := Notice(text))
    return replace(prepared, notices=(*prepared.notices, notice))


def _unless(said: Sequence[Event], on_event: OnEvent) -> OnEvent:
    """A callback for events that have not been reported before."""
    return lambda event: None if event in said else on_event(event)


def _with(checked: Checked, recipe: Recipe) -> Checked:
    return replace(checked, request=replace(checked.request, recipe=recipe))
