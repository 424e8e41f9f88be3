"""Compare the compact network with VGG-19: quality of the pictures and speed.

    python scripts/compare_backbones.py --photos DIR --styles DIR --teacher FILE --json table.json --sheet sheet.png

Both networks paint every photo in every style, starting from the photo, with the same number of iterations. VGG-19
judges both: relative Gram distance per style layer, relative feature distance at its content layer. Any picture can get
closer to the style by moving away from the photo, so compact's content weight is searched until both are equally
far from the photo. ``style_ratio`` and ``content_ratio`` are compact's distance over VGG-19's (1: equally good);
``time_ratio`` is compact's CPU seconds per iteration over VGG-19's.
"""

import argparse
import dataclasses
import hashlib
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from videostyle.frames import Picture, Pixels, to_picture, to_pixels
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.device import prepare_process
from videostyle.paint.judge import Judge
from videostyle.paint.optimize.objective import Objective, choose_terms
from videostyle.paint.optimize.solve import solve
from videostyle.paint.tensors import to_tensor
from videostyle.paint.terms.style import StyleTargets
from videostyle.presets import change
from videostyle.settings import RenderSettings

NEAR = 0.04
"""content distances whose ratio differs from 1 by less than this (in logarithms) count as equal"""
TRIES = 4
"""content weights tried per pair"""


@dataclasses.dataclass(frozen=True)
class Painting:
    """The picture that one network made of one pair, with its distances as VGG-19 sees them."""

    picture: Picture
    style: dict[str, float]
    content: float
    content_weight: float


def read(path: Path, size: int, *, short: bool = False) -> Pixels:
    """A picture (H, W, 3) whose long (or short) side is at most this many px."""
    picture = Image.open(path).convert("RGB")
    factor = min(1.0, size / (min if short else max)(picture.size))
    scaled = (round(picture.width * factor), round(picture.height * factor))
    return np.asarray(picture.resize(scaled, Image.Resampling.LANCZOS))


def files(folder: Path, limit: int) -> list[Path]:
    """The picture files of a folder, sorted; at most ``limit`` (0: all)."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    if not paths:
        raise SystemExit(f"{folder}: no pictures; give a folder with .jpg or .png files")
    return paths[:limit] if limit else paths


def optimize(net: Backbone, photo: Pixels, style: Pixels, settings: RenderSettings) -> Picture:
    """Paint one pair with one network; 8 bits, as it would be stored."""
    cpu = torch.device("cpu")
    content = to_tensor(photo, cpu)
    height, width = content.shape[2:]
    targets = StyleTargets([to_tensor(style, cpu)], height, width, net, settings.style)
    objective = Objective(net, choose_terms(settings, net, targets, content))
    solution = solve(objective, content, [settings.optimize.iterations], settings.optimize)
    return to_picture(to_pixels(solution.pictures[0].permute(1, 2, 0).numpy(), np.dtype(np.uint8)))


def paint(net: Backbone, photo: Pixels, style: Pixels, settings: RenderSettings, judge: Judge) -> Painting:
    """Paint one pair with one network and judge the picture."""
    picture = optimize(net, photo, style, settings)
    content = judge.content_distance(picture, to_picture(photo))
    # an unchanged picture must not divide by zero
    return Painting(picture, judge.style_distance(picture), max(content, 1e-9), settings.content.weight)


def time_ratio(nets: list[tuple[Backbone, RenderSettings]], photo: Pixels, style: Pixels) -> float:
    """CPU seconds per iteration of the first network over the second: best of short alternating runs."""
    best = [math.inf, math.inf]
    for _ in range(2):
        for index, (net, settings) in enumerate(nets):
            spent = []
            for iterations in (1, 4):
                few = change(settings, {"optimize.iterations": iterations}, "timing")
                began = time.process_time()
                optimize(net, photo, style, few)
                spent.append(time.process_time() - began)
            # the difference excludes work that is done once
            best[index] = min(best[index], max(1e-6, (spent[1] - spent[0]) / 3))
    return best[0] / best[1]


def paint_matched(
    net: Backbone, photo: Pixels, style: Pixels, settings: RenderSettings, judge: Judge, wanted: float, weight: float
) -> Painting:
    """Like ``paint``, with the content weight that gives the wanted content distance (secant method)."""
    tried: list[Painting] = []
    for _ in range(TRIES):
        painting = paint(net, photo, style, change(settings, {"content.weight": weight}, "search"), judge)
        tried.append(painting)
        if abs(math.log(painting.content / wanted)) < NEAR:
            break
        tried.sort(key=lambda one: abs(math.log(one.content / wanted)))
        slope = -0.5
        if len(tried) > 1:
            span = math.log(tried[0].content_weight / tried[1].content_weight)
            slope = min(-0.1, math.log(tried[0].content / tried[1].content) / span) if span else slope
        step = math.log(wanted / tried[0].content) / slope
        weight = tried[0].content_weight * math.exp(max(-2.0, min(2.0, step)))
    return min(tried, key=lambda one: abs(math.log(one.content / wanted)))


def kept(folder: Path | None, key: str, make: Callable[[], Painting]) -> Painting:
    """A painting from the cache folder; made and cached if missing."""
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz" if folder else None
    if path and path.exists():
        with np.load(path) as stored:
            return Painting(picture=stored["picture"], **json.loads(str(stored["rest"])))
    made = make()
    if path:
        rest = {name: value for name, value in dataclasses.asdict(made).items() if name != "picture"}
        np.savez(path, picture=made.picture, rest=json.dumps(rest))
    return made


def ratios(ours: Painting, theirs: Painting) -> dict[str, float]:
    """compact's figures over VGG-19's."""
    row = {f"style_ratio {layer}": ours.style[layer] / theirs.style[layer] for layer in theirs.style}
    return row | {"content_ratio": ours.content / theirs.content, "compact_content_weight": ours.content_weight}


def geometric_means(rows: list[dict[str, float]]) -> dict[str, float]:
    """Geometric mean of every figure over all pairs."""
    return {name: math.exp(sum(math.log(row[name]) for row in rows) / len(rows)) for name in rows[0]}


def sheet(
    photos: dict[str, Pixels], styles: dict[str, Pixels], cells: dict[tuple[str, str], NDArray[np.uint8]]
) -> Image.Image:
    """Contact sheet: one row per photo, one column per style; in each cell VGG-19 left, compact right."""
    height = max(picture.shape[0] for picture in photos.values()) + 4
    width = max(picture.shape[1] for picture in photos.values()) + 4
    page = Image.new("RGB", (width + 2 * width * len(styles), 160 + height * len(photos)), "white")
    draw = ImageDraw.Draw(page)
    for column, (name, style) in enumerate(styles.items()):
        small = Image.fromarray(style)
        small.thumbnail((width, 136))
        page.paste(small, (width + 2 * width * column, 20))
        draw.text((width + 2 * width * column, 4), f"{name}: VGG-19 | compact", "black")
    for row, (name, photo) in enumerate(photos.items()):
        page.paste(Image.fromarray(photo), (0, 160 + height * row))
        for column, style_name in enumerate(styles):
            page.paste(Image.fromarray(cells[name, style_name]), (width + 2 * width * column, 160 + height * row))
    return page


def arguments() -> argparse.Namespace:
    """Read the flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos")
    parser.add_argument("--styles", type=Path, required=True, help="folder of artworks")
    parser.add_argument("--teacher", type=Path, required=True, help="VGG-19 weights (.pth or .safetensors)")
    parser.add_argument("--compact", default="", help="weights of the compact network; default: the built-in ones")
    parser.add_argument("--limit", type=int, default=0, help="maximum number of photos and of styles; 0: all")
    parser.add_argument("--size", type=int, default=384, help="long side, px")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--style-weight", type=float, default=100.0)
    parser.add_argument("--content-weight", type=float, default=5.0, help="for VGG-19; compact's is searched")
    parser.add_argument("--start-weight", type=float, default=5.0, help="where the search for compact's starts")
    parser.add_argument("--style-layers", nargs="*", default=[], help="for compact; default: its own choice")
    parser.add_argument("--cache", type=Path, help="folder to keep VGG-19's paintings in for the next comparison")
    parser.add_argument("--json", type=Path, help="write the table here")
    parser.add_argument("--sheet", type=Path, help="write the contact sheet (PNG) here")
    return parser.parse_args()


def main() -> None:
    """Paint every pair with both networks and print the ratios."""
    given = arguments()
    shared = {"optimize.iterations": given.iterations, "optimize.tolerance": 0.0, "tv.weight": 0.0}
    shared |= {"style.weight": given.style_weight, "content.weight": given.content_weight}
    settings = change(RenderSettings(), shared, "compare_backbones")
    ours_settings = change(settings, {"style.layers": given.style_layers}, "--style-layers")
    # channels last and freed memory kept, as in a render
    prepare_process(torch.device("cpu"))
    vgg19 = load_backbone("vgg19", str(given.teacher)).to(memory_format=torch.channels_last)
    compact = load_backbone("compact", given.compact).to(memory_format=torch.channels_last)
    nets = [(compact, ours_settings), (vgg19, settings)]
    if given.cache:
        given.cache.mkdir(parents=True, exist_ok=True)
    photos = {path.stem: read(path, given.size) for path in files(given.photos, given.limit)}
    # the style targets choose the artwork's size; this is an upper limit
    styles = {path.stem: read(path, 2 * given.size) for path in files(given.styles, given.limit)}
    rows: dict[tuple[str, str], dict[str, float]] = {}
    cells: dict[tuple[str, str], NDArray[np.uint8]] = {}
    for style_name, style in styles.items():
        judge = Judge(vgg19, [style], settings.style)
        for photo_name, photo in photos.items():
            key = f"{photo_name} {style_name} {given.size} {vgg19.fingerprint} {settings.fingerprint()}"
            theirs = kept(given.cache, key, lambda: paint(vgg19, photo, style, settings, judge))  # noqa: B023
            ours = paint_matched(compact, photo, style, ours_settings, judge, theirs.content, given.start_weight)
            row = ratios(ours, theirs) | {"time_ratio": time_ratio(nets, photo, style)}
            row |= {f"vgg19_distance {layer}": distance for layer, distance in theirs.style.items()}
            rows[photo_name, style_name] = row
            pair = [to_pixels(one.picture, np.dtype(np.uint8)).astype(np.uint8) for one in (theirs, ours)]
            cells[photo_name, style_name] = np.concatenate(pair, 1)
            print(f"{photo_name} x {style_name}: " + show(rows[photo_name, style_name]), flush=True)
    means = geometric_means(list(rows.values()))
    print(f"geometric mean of {len(rows)} pairs: {show(means)}")
    if given.json:
        pairs = [{"photo": photo, "style": style} | row for (photo, style), row in rows.items()]
        table = {"command": sys.argv[1:], "geometric_means": means, "pairs": pairs}
        given.json.write_text(json.dumps(table, indent=1) + "\n")
    if given.sheet:
        sheet(photos, styles, cells).save(given.sheet)


def show(row: dict[str, float]) -> str:
    """One line of figures."""
    return "  ".join(f"{name} {value:.3g}" for name, value in row.items())


if __name__ == "__main__":
    main()
