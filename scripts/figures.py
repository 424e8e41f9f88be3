"""The figures of Gatys et al. (2016) and Ruder et al. (2016), from your own photo and artworks.

    python scripts/figures.py photo.jpg art.jpg other_art.jpg -o figures/ --day day.jpg --night night.jpg

Writes a contact sheet for each figure. Weights are relative (see the README), so they differ from the papers' by a
factor; the built-in network is used unless another is named.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from videostyle.presets import Recipe, Values
from videostyle.rendering.look.sheet import SheetRequest, make_sheet
from videostyle.rendering.look.vary import Choice
from videostyle.rendering.request import Request

LAYERS = "relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"
RATIOS = 0.002, 0.02, 0.2, 2.0
"""alpha / beta: weight of the content over that of the style"""
STYLE = 100.0
"""weight of the style"""
PAPERS: Values = {
    "brush.amount": 0.0,
    "colors.match": False,
    "light.follow": 0.0,
    "tv.weight": 0.0,
    "style.weight": STYLE,
    "content.weight": 0.02 * STYLE,
    "content.layers": ["relu4_2"],
    "optimize.coarsest": 16384,
}
"""what the papers do not have is off"""


def up_to(number: int) -> Choice:
    """Style layers up to this one."""
    return Choice(f"style up to {LAYERS[number - 1]}", {"style.layers": list(LAYERS[:number])})


def weights_and_layers(base: SheetRequest) -> SheetRequest:
    """Gatys et al. 2015, figure 3: the trade-off of content and style, with styles of more and more layers."""
    columns = [
        Choice(f"alpha / beta {ratio:g}", {"content.weight": ratio * STYLE, "optimize.initial": "noise"})
        for ratio in RATIOS
    ]
    return replace(base, columns=tuple(columns), rows=tuple(map(up_to, range(1, 6))))


def content_layers(base: SheetRequest) -> SheetRequest:
    """Gatys et al. 2016, figure 5: content from a low layer keeps detail, from a high one only what is where."""
    columns = [Choice(f"content {layer}", {"content.layers": [layer]}) for layer in ("relu2_1", "relu4_2")]
    return replace(base, columns=tuple(columns))


def starts(base: SheetRequest) -> SheetRequest:
    """Gatys et al. 2016, figure 6: from the content, from the artwork, and from four noises."""
    values = {**base.still.recipe.values, "content.weight": 0.2 * STYLE}  # noise does not know what is where
    base = replace(base, still=replace(base.still, recipe=Recipe(base.still.recipe.preset, values)))
    kinds = ("content", "content"), ("artwork", "style")
    columns = [Choice(f"from {name}", {"optimize.initial": kind}) for name, kind in kinds]
    columns += [Choice(f"from noise {seed}", {"optimize.initial": "noise", "seed": seed}) for seed in range(4)]
    return replace(base, columns=tuple(columns))


def content_reconstruction(base: SheetRequest) -> SheetRequest:
    """Gatys et al. 2016, figure 1, below: the photo from one layer."""
    columns = [Choice(layer, {"content.layers": [layer]}) for layer in (*LAYERS[:4], "relu4_2", LAYERS[4])]
    return _with_preset(replace(base, columns=tuple(columns)), "reconstruct_content")


def style_reconstruction(base: SheetRequest) -> SheetRequest:
    """Gatys et al. 2016, figure 1, above: the style from more and more layers; then from each layer alone."""
    columns = [*map(up_to, range(1, 6)), *(Choice(f"{layer} alone", {"style.layers": [layer]}) for layer in LAYERS[1:])]
    return _with_preset(replace(base, columns=tuple(columns)), "reconstruct_style")


def variations(base: SheetRequest) -> SheetRequest:
    """The three total variations, each at a weight at which it can be seen."""
    columns = [Choice("without", {"tv.weight": 0.0})]
    for kind, weight in (("squared", 300.0), ("absolute", 10.0), ("power", 60.0)):
        columns.append(Choice(f"{kind}, weight {weight:g}", {"tv.kind": kind, "tv.weight": weight}))
    return replace(base, columns=tuple(columns))


def blends(base: SheetRequest) -> SheetRequest:
    """Two artworks, blended by their losses and by their Gram matrices."""
    mixes = {"the first": [1, 0], "three to one": [3, 1], "half each": [1, 1], "the second": [0, 1]}
    columns = [Choice(label, {"style.mix": mix}) for label, mix in mixes.items()]
    rows = [Choice(f"blended by {kind}", {"style.blend": kind}) for kind in ("loss", "gram")]
    return replace(base, columns=tuple(columns), rows=tuple(rows))


def photoreal(base: SheetRequest) -> SheetRequest:
    """Gatys et al. 2016, figure 7: night onto day."""
    columns = Choice("draft, without the brush", {"brush.amount": 0.0}), Choice("photoreal", preset="photoreal")
    return replace(base, columns=columns)


def _with_preset(base: SheetRequest, name: str) -> SheetRequest:
    """A request whose settings are a preset's, apart from the network, sizes, and iterations."""
    kept = ("backbone.", "picture.", "optimize.first_iterations")
    values = {name: value for name, value in base.still.recipe.values.items() if name.startswith(kept)}
    return replace(base, still=replace(base.still, recipe=Recipe(name, values)))


Figure = Callable[[SheetRequest], SheetRequest]


def main() -> None:
    """Paint all figures."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    reader.add_argument("photo", type=Path)
    reader.add_argument("art", type=Path, nargs="+", help="two for the figure of blends")
    reader.add_argument("-o", "--output", type=Path, default=Path("figures"), metavar="DIR")
    reader.add_argument("--day", type=Path, help="photo that gets the light of --night")
    reader.add_argument("--night", type=Path)
    reader.add_argument("--backbone", default="compact", help="compact, vgg19, vgg16; needs relu4_2 and relu5_1")
    reader.add_argument("--weights", default="", help="its weights file")
    reader.add_argument("--size", type=int, default=128, help="px, short side")
    reader.add_argument("--iterations", type=int, default=80)
    reader.add_argument("--only", nargs="+", default=[], help="names of figures")
    asked = reader.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    common = {"backbone.name": asked.backbone, "backbone.weights": asked.weights, "picture.work": asked.size}
    common |= {"optimize.first_iterations": asked.iterations}
    one: list[Figure] = [weights_and_layers, content_layers, starts, content_reconstruction]
    one += [style_reconstruction, variations]
    jobs: list[tuple[Figure, Path, tuple[Path, ...], Values]] = [
        (figure, asked.photo, (asked.art[0],), PAPERS) for figure in one
    ]
    if len(asked.art) > 1:
        jobs.append((blends, asked.photo, tuple(asked.art[:2]), PAPERS))
    if asked.day and asked.night:
        jobs.append((photoreal, asked.day, (asked.night,), {}))
    for figure, photo, styles, values in jobs:
        name = figure.__name__
        if asked.only and name not in asked.only:
            continue
        start, output = time.perf_counter(), asked.output / f"{name}.png"
        recipe = Recipe("draft", {**values, **common})
        still = Request(photo, styles, recipe, output=output, overwrite=True)
        title = (figure.__doc__ or "").rstrip(".")
        make_sheet(figure(SheetRequest(still, size=asked.size, title=title)))
        print(f"{output}: {time.perf_counter() - start:.0f} s, {time.process_time():.0f} s of CPU so far", flush=True)


if __name__ == "__main__":
    main()
