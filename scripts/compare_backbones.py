"""Compare networks, by default the built-in one, with a teacher: quality of the pictures and speed.

    python scripts/compare_backbones.py --photos FILE... --styles FILE... --teacher FILE --networks FILE...

All networks paint every photo in every style, starting from the photo, with the same number of iterations. The teacher
judges: relative Gram distance per style layer, relative feature distance at its content layer. Any picture can get
closer to the style by moving away from the photo, so each other network's content weight is searched until its picture
is as far from the photo as the teacher's. ``style_ratio`` and ``content_ratio`` are a network's distance over the
teacher's (1: equally good); ``time_ratio`` is its CPU seconds per iteration over the teacher's.

Layers and weights are tuned on the pairs of the first half of the photos with the first half of the styles. The pairs
of the second halves, which nobody tuned on, are reported as well.
"""

import argparse
import dataclasses
import hashlib
import itertools
import json
import math
import os
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from videostyle.errors import VideostyleError
from videostyle.frames import Picture, Pixels, hash_of, to_picture, to_pixels
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import choose_backbone
from videostyle.paint.device import prepare_process
from videostyle.paint.judge import Judge
from videostyle.paint.optimize.objective import Objective, choose_terms
from videostyle.paint.optimize.solve import solve
from videostyle.paint.tensors import to_tensor
from videostyle.paint.terms.style import StyleTargets
from videostyle.presets import change
from videostyle.settings import BackboneSettings, RenderSettings

NEAR = 0.04
"""content distances whose ratio differs from 1 by less than this (in logarithms) count as equal"""
TRIES = 4
"""content weights tried per pair"""
ROUNDS = 3
"""timed runs of each network"""


@dataclasses.dataclass(frozen=True)
class Painting:
    """The picture that one network made of one pair, with its distances as the judge sees them."""

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


def optimize(net: Backbone, photo: Pixels, style: Pixels, settings: RenderSettings) -> Picture:
    """Paint one pair with one network; 8 bits, as it would be stored."""
    cpu = torch.device("cpu")
    content = to_tensor(photo, cpu)
    height, width = content.shape[2:]
    targets = StyleTargets([to_tensor(style, cpu)], height, width, net, settings.style)
    objective = Objective(net, choose_terms(settings, net, targets, content))
    solution = solve(objective, content, [settings.optimize.iterations], settings.optimize)
    return to_picture(in_8_bits(solution.pictures[0].permute(1, 2, 0).numpy()))


def paint(net: Backbone, photo: Pixels, style: Pixels, settings: RenderSettings, judge: Judge) -> Painting:
    """Paint one pair with one network and judge the picture."""
    picture = optimize(net, photo, style, settings)
    content = judge.content_distance(picture, to_picture(photo))
    # an unchanged picture must not divide by zero
    return Painting(picture, judge.style_distance(picture), max(content, 1e-9), settings.content.weight)


def seconds_per_iteration(
    nets: Mapping[str, tuple[Backbone, RenderSettings]], photo: Pixels, style: Pixels
) -> dict[str, float]:
    """CPU seconds per iteration of every network: best of short alternating runs."""
    best = dict.fromkeys(nets, math.inf)
    for _ in range(ROUNDS):
        for name, (net, settings) in nets.items():
            spent = []
            for iterations in (1, 4):
                few = change(settings, {"optimize.iterations": iterations}, "timing")
                began = time.process_time()
                optimize(net, photo, style, few)
                spent.append(time.process_time() - began)
            # the difference excludes work that is done once
            best[name] = min(best[name], max(1e-6, (spent[1] - spent[0]) / 3))
    return best


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
        fresh = path.with_name(f"part-{path.name}")
        np.savez(fresh, picture=made.picture, rest=json.dumps(rest))
        os.replace(fresh, path)
    return made


def half_of(photo: int, style: int, photos: int, styles: int) -> str:
    """Which half a pair belongs to: tuned (both in the first half), held out (both in the second), or mixed."""
    halves = {2 * photo >= photos, 2 * style >= styles}
    return "mixed" if len(halves) > 1 else "held out" if halves.pop() else "tuned"


def ratios(ours: Painting, theirs: Painting) -> dict[str, float]:
    """A network's figures over the teacher's."""
    row = {f"style_ratio {layer}": ours.style[layer] / theirs.style[layer] for layer in theirs.style}
    row |= {"content_ratio": ours.content / theirs.content, "content_weight": ours.content_weight}
    return row | {f"teacher_distance {layer}": distance for layer, distance in theirs.style.items()}


def geometric_means(rows: Collection[dict[str, float]]) -> dict[str, float]:
    """Geometric mean of every figure over some pairs."""
    return {name: math.exp(sum(math.log(row[name]) for row in rows) / len(rows)) for name in next(iter(rows))}


def sheet(
    photos: dict[str, Pixels], styles: dict[str, Pixels], cells: dict[tuple[str, str], list[Pixels]]
) -> Image.Image:
    """Contact sheet: one row per photo, one column per style; in each cell the teacher's picture, then the others'."""
    height = max(picture.shape[0] for picture in photos.values()) + 4
    width = max(picture.shape[1] for picture in photos.values()) + 4
    shown = max(len(pictures) for pictures in cells.values())
    page = Image.new("RGB", (width + shown * width * len(styles), 160 + height * len(photos)), "white")
    draw = ImageDraw.Draw(page)
    for column, (style_name, style) in enumerate(styles.items()):
        left = width + shown * width * column
        small = Image.fromarray(style)
        small.thumbnail((width, 136))
        page.paste(small, (left, 20))
        draw.text((left, 4), style_name, "black")
        for row, photo_name in enumerate(photos):
            for place, picture in enumerate(cells.get((photo_name, style_name), [])):
                page.paste(Image.fromarray(picture), (left + width * place, 160 + height * row))
    for row, photo in enumerate(photos.values()):
        page.paste(Image.fromarray(photo), (0, 160 + height * row))
    return page


def arguments() -> argparse.Namespace:
    """Read the flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="picture files")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="artwork files")
    parser.add_argument("--half", choices=("tuned", "held out", "mixed"), help="only these pairs; default: all")
    parser.add_argument("--teacher", type=Path, required=True, help="weights of the teacher (.pth or .safetensors)")
    parser.add_argument("--networks", nargs="+", default=[""], help="weight files; default: the built-in network")
    parser.add_argument("--size", type=int, default=384, help="long side, px")
    parser.add_argument("--iterations", type=int, default=60)
    parser.add_argument("--style-weight", type=float, default=100.0)
    parser.add_argument("--content-weight", type=float, default=5.0, help="for the teacher; the others' are searched")
    parser.add_argument("--start-weight", type=float, default=5.0, help="where those searches start")
    parser.add_argument("--style-layers", nargs="*", default=[], help="for the others; default: their own choice")
    parser.add_argument("--content-layers", nargs="*", default=[], help="for the others; default: their own choice")
    parser.add_argument("--layer-weights", nargs="*", type=float, default=[], help="for the others; default: their own")
    parser.add_argument("--cache", type=Path, help="folder to keep the teacher's paintings in for the next comparison")
    parser.add_argument("--json", type=Path, help="write the table here")
    parser.add_argument("--sheet", type=Path, help="write the contact sheet (PNG) here")
    return parser.parse_args()


def main() -> None:
    """Paint every pair with all networks and print the ratios."""
    given = arguments()
    shared = {"optimize.iterations": given.iterations, "optimize.tolerance": 0.0, "tv.weight": 0.0}
    shared |= {"style.weight": given.style_weight, "content.weight": given.content_weight}
    settings = change(RenderSettings(), shared, "compare_backbones")
    own = {"style.layers": given.style_layers, "style.layer_weights": given.layer_weights}
    own |= {"content.layers": given.content_layers}
    # channels last and freed memory kept, as in a render
    prepare_process(torch.device("cpu"))
    teacher = choose_backbone(BackboneSettings(weights=str(given.teacher)))[0]
    teacher = teacher.to(memory_format=torch.channels_last)
    others: dict[str, tuple[Backbone, RenderSettings]] = {}
    for path in given.networks:
        wanted = BackboneSettings(name="auto" if path else "compact", weights=path)
        net = choose_backbone(wanted)[0].to(memory_format=torch.channels_last)
        name = Path(path).stem or net.name
        if name in ("teacher", *others):
            raise SystemExit(f"--networks {path}: another network is already called {name}; rename the file")
        others[name] = net, change(settings, own, "the flags")
    if given.cache:
        given.cache.mkdir(parents=True, exist_ok=True)
    photos = {path.stem: read(path, given.size) for path in given.photos}
    # the style targets choose the artwork's size; this is an upper limit
    styles = {path.stem: read(path, 2 * given.size) for path in given.styles}
    nets = {"teacher": (teacher, settings)} | others
    seconds = seconds_per_iteration(nets, next(iter(photos.values())), next(iter(styles.values())))
    pairs: list[dict[str, object]] = []
    rows: dict[tuple[str, str], list[dict[str, float]]] = {}
    cells: dict[tuple[str, str], list[Pixels]] = {}
    for (row, (photo_name, photo)), (column, (style_name, style)) in itertools.product(
        enumerate(photos.items()), enumerate(styles.items())
    ):
        half = half_of(row, column, len(photos), len(styles))
        if given.half not in (None, half):
            continue
        judge = Judge(teacher, [style], settings.style)
        key = f"{hash_of(photo)} {hash_of(style)} {teacher.fingerprint} {settings.fingerprint()}"
        theirs = kept(given.cache, key, lambda: paint(teacher, photo, style, settings, judge))  # noqa: B023
        cells[photo_name, style_name] = [in_8_bits(theirs.picture)]
        for name, (net, chosen) in others.items():
            ours = paint_matched(net, photo, style, chosen, judge, theirs.content, given.start_weight)
            figures = ratios(ours, theirs)
            rows.setdefault((name, half), []).append(figures)
            pairs.append({"network": name, "photo": photo_name, "style": style_name, "half": half} | figures)
            cells[photo_name, style_name].append(in_8_bits(ours.picture))
            print(f"{name}  {photo_name} x {style_name} ({half}): {show(figures)}", flush=True)
    if not rows:
        raise SystemExit(f"--half {given.half}: no such pair; give at least two photos and two styles")
    means = {f"{name}, {half}": geometric_means(some) for (name, half), some in rows.items()}
    for name, figures in means.items():
        print(f"geometric means, {name}: {show(figures)}")
    times = {name: seconds[name] / seconds["teacher"] for name in seconds}
    print(f"seconds per iteration: {show(seconds)}; time_ratio: {show(times)}")
    if given.json:
        table = {"command": sys.argv[1:], "geometric_means": means, "seconds": seconds, "time_ratio": times}
        given.json.write_text(json.dumps(table | {"pairs": pairs}, indent=1) + "\n")
    if given.sheet:
        sheet(photos, styles, cells).save(given.sheet)


def in_8_bits(picture: Picture) -> Pixels:
    """A picture (H, W, 3) in 0..1 as 8 bits."""
    return to_pixels(picture, np.dtype(np.uint8))


def show(row: Mapping[str, float]) -> str:
    """One line of figures."""
    return "  ".join(f"{name} {value:.3g}" for name, value in row.items())


if __name__ == "__main__":
    try:
        main()
    except VideostyleError as error:
        raise SystemExit(str(error)) from None
