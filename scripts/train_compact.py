"""Train the compact network: a small student learns the features of VGG-19's lower layers from any folder of pictures.

    python scripts/train_compact.py --pictures DIR --teacher FILE --out compact.safetensors

The student's trunk carries one linear head per layer, which must predict the teacher's features (Gatys-normalised or
not: every error is divided by the feature's own size). Distances between Gram matrices do not change when the feature
space is turned, so that the teacher's features are first turned to their main directions and cut to these: the student
keeps the teacher's own measure of "painted alike" in far fewer channels.
"""

import argparse
import copy
import dataclasses
import hashlib
import json
import math
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from safetensors import safe_open
from safetensors.torch import save_file
from student import narrowed, pruned, student, turned
from torch import Tensor

from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.terms.losses import gram

SIDE = 96
"""px of a stored crop; training windows move inside it"""
HELD_OUT = 256
"""crops that are never trained on"""
KEPT = 480
"""pictures in the pool that the student paints"""
RENEWED = 0.15
"""share of them that begin anew when it is their turn"""
TURNS = 10
"""gradient steps of a picture when it is its turn"""
SAVE_EVERY = 250
"""steps between two checkpoints"""
WARM_UP = 200
"""steps with a rising rate, and without practice"""
PRACTICE_EVERY = 10
"""training steps between two batches of painting"""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that decides the result, stored in its metadata."""

    plan: str = "16 relu1_1 P 32 48 relu2_1 P 128 relu3_1"
    heads: tuple[int, ...] = (16, 32, 64)
    scales: tuple[int, ...] = (1, 4)
    style: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "s4/relu3_1")
    style_weights: tuple[float, ...] = (0.12, 0.27, 0.42, 0.19)
    content: tuple[str, ...] = ("relu3_1",)
    crops: int = 11605
    steps: int = 8000
    batch: int = 24
    window: int = 64
    rate: float = 1.5e-3
    gram: float = 1.0
    slope: float = 0.5
    """weight of the error of the style loss's own gradient in the painted pictures"""
    slope_from: float = 0.7
    """share of the steps before that error counts: it more than doubles a step's time, rough features gain little"""
    noise: float = 0.5
    """share of disturbed pictures"""
    practice: float = 0.5
    """share of pictures that the student itself has painted; 0: none"""
    bfloat16: bool = True
    """of teacher and student while training; several times faster where the processor knows it"""
    start: str = ""
    """file of a student, perhaps a wider one, to begin from; empty: from nothing"""
    pool: str = ""
    """checkpoint with pictures that a student has painted, to begin with; empty: none are painted yet"""
    seed: int = 0


def cut_crops(folder: Path, count: int, seed: int) -> NDArray[np.uint8]:
    """Random crops (N, SIDE, SIDE, 3) of the folder's pictures, each shrunk by a random factor and perhaps mirrored."""
    dice, crops = random.Random(seed), list[NDArray[np.uint8]]()
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    while len(crops) < count:
        before = len(crops)
        for path in paths[: count - len(crops)]:
            try:
                picture = Image.open(path).convert("RGB")
            except (OSError, UnidentifiedImageError):
                continue
            least = min(1.0, SIDE / min(picture.size))
            # two draws, the larger one: more crops near full size
            factor = max(dice.uniform(least, 1), dice.uniform(least, 1)) if min(picture.size) >= SIDE else 1.0
            factor = max(factor, SIDE / min(picture.size))
            size = (max(SIDE, round(picture.width * factor)), max(SIDE, round(picture.height * factor)))
            picture = picture.resize(size, Image.Resampling.BICUBIC)
            x, y = dice.randint(0, size[0] - SIDE), dice.randint(0, size[1] - SIDE)
            crop = np.asarray(picture.crop((x, y, x + SIDE, y + SIDE)))
            crops.append(crop[:, ::-1] if dice.random() < 0.5 else crop)
        if len(crops) == before:
            raise SystemExit(f"--pictures {folder}: no pictures in it; give a folder of .jpg or .png files")
    return np.stack(crops)


def windows(crops: Tensor, recipe: Recipe, step: int) -> Tensor:
    """The training pictures (B, 3, W, W) of one step in 0..1; the same for the same seed and step.

    A part of them is disturbed (white or blurred noise, tints, contrast): while a picture is being optimised it looks
    like no photograph, and what the student has never seen there it would leave in the result.
    """
    dice = torch.Generator().manual_seed((recipe.seed * 1_000_003 + step) % 2**63)
    chosen = torch.randint(len(crops), (recipe.batch,), generator=dice)
    y, x = torch.randint(SIDE - recipe.window + 1, (2,), generator=dice).tolist()
    pictures = crops[chosen, y : y + recipe.window, x : x + recipe.window].permute(0, 3, 1, 2).float() / 255
    disturbed = (torch.rand(recipe.batch, 1, 1, 1, generator=dice) < recipe.noise).float()
    strength = torch.rand(recipe.batch, 1, 1, 1, generator=dice).square() * 0.3
    white = torch.randn(pictures.shape, generator=dice)
    coarse = F.interpolate(F.avg_pool2d(white, 4), scale_factor=4, mode="bilinear") * 3
    share = (torch.rand(recipe.batch, 1, 1, 1, generator=dice) < 0.5).float()
    contrast = 1 + 0.8 * (torch.rand(recipe.batch, 3, 1, 1, generator=dice) - 0.5)
    tint = 0.3 * (torch.rand(recipe.batch, 3, 1, 1, generator=dice) - 0.5)
    noisy = (pictures - 0.5) * contrast + 0.5 + tint + strength * (share * white + (1 - share) * coarse)
    return (pictures + disturbed * (noisy - pictures)).clamp(-0.1, 1.1)


def gram_distance(found: Tensor, wanted: Tensor) -> Tensor:
    """Relative distances (B,) between Gram matrices (B, C, C)."""
    return (found - wanted).square().sum((1, 2)) / wanted.square().sum((1, 2)).clamp_min(1e-6)


def errors(found: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Relative errors of features (B, C, H, W) and, image by image, of their Gram matrices."""
    feature = (found - wanted).square().mean() / wanted.square().mean()
    return feature, gram_distance(gram(found), gram(wanted)).mean()


def aims(net: Backbone, goals: Tensor, *, of_weights: bool) -> dict[str, Tensor]:
    """Gram matrices per layer of the pictures to be reached; of_weights: differentiable in the network's weights."""
    with torch.set_grad_enabled(of_weights):
        return {layer: _gram(features) for layer, features in net(goals, net.layers).items()}


def slopes(net: Backbone, pictures: Tensor, targets: dict[str, Tensor], *, of_weights: bool) -> Tensor:
    """Gradient (B, 3, W, W), in pictures, of their Gram distances to targets summed over layers: where painting goes.

    of_weights: whether it can be differentiated again, in the network's weights.
    """
    pictures = pictures.detach().requires_grad_()
    found = net(pictures, list(targets))
    parts = [gram_distance(_gram(found[layer]), target) for layer, target in targets.items()]
    (slope,) = torch.autograd.grad(torch.stack(parts).sum(), pictures, create_graph=of_weights)
    return slope


def _gram(features: Tensor) -> Tensor:
    """Gram matrices (B, C, C) that can be differentiated twice, which those of the losses cannot."""
    flat = features.flatten(2).to(torch.promote_types(features.dtype, torch.float32))
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def slope_error(net: Backbone, teacher: Backbone, pictures: Tensor, goals: Tensor) -> Tensor:
    """Relative error of the student's gradient, mean over pictures.

    Where the student thinks that it is done its own gradient vanishes and the teacher's does not: this is what keeps an
    optimiser from its mistakes, which right features on average do not.
    """
    wanted = slopes(teacher, pictures, aims(teacher, goals, of_weights=False), of_weights=False)
    found = slopes(net, pictures, aims(net, goals, of_weights=True), of_weights=True)
    size = wanted.square().sum((1, 2, 3)).clamp_min(1e-12)
    return ((found - wanted).square().sum((1, 2, 3)) / size).mean()


class Practice:
    """Pictures that the student itself paints while it learns, wrong as they may be: there its errors show.

    An optimiser finds what the student mistakes for the style, and such pictures are in no folder. A pool of small ones
    is painted further all through the training, each towards a goal of its own, so that they come as near to their
    goals as those of a long render; the teacher says what is really in them.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.pictures = torch.zeros(0, 3, recipe.window, recipe.window, dtype=torch.float16)
        self.goals = torch.zeros_like(self.pictures)

    def paint(self, net: Backbone, crops: Tensor, step: int, device: str) -> None:
        """Paint a batch of the pool further, some of it from the beginning, in steps of random size."""
        dice = torch.Generator().manual_seed(self._recipe.seed * 7_919 + step)
        fresh = (
            windows(crops, self._recipe, -step),
            windows(crops, dataclasses.replace(self._recipe, noise=0.0), -step - 1),
        )
        batch = len(fresh[0])
        if len(self.pictures) < KEPT:
            self.pictures = torch.cat([fresh[0].half(), self.pictures])
            self.goals = torch.cat([fresh[1].half(), self.goals])
            chosen = torch.arange(batch)
        else:
            chosen = torch.randperm(KEPT, generator=dice)[:batch]
            begun = torch.rand(batch, generator=dice) < RENEWED
            self.pictures[chosen[begun]], self.goals[chosen[begun]] = fresh[0][begun].half(), fresh[1][begun].half()
        pictures, goals = self.pictures[chosen].float().to(device), self.goals[chosen].float().to(device)
        length = (0.002 * 20 ** torch.rand(batch, 1, 1, 1, generator=dice)).to(device)  # of a step, 0.002 to 0.04
        self.pictures[chosen] = _painted(net, pictures, goals, length).half().cpu()

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Painted pictures and their goals (B, 3, W, W) for a training step; none before there are any."""
        count = round(self._recipe.batch * self._recipe.practice) if len(self.pictures) else 0
        dice = torch.Generator().manual_seed(self._recipe.seed * 104_729 + step)
        chosen = torch.randint(max(1, len(self.pictures)), (count,), generator=dice)
        return self.pictures[chosen].float(), self.goals[chosen].float()

    def distances(self, teacher: Backbone, device: str) -> dict[str, float]:
        """How far from their goals the teacher finds the pool, per layer: relative Gram distance, geometric mean."""
        pairs = zip(torch.split(self.pictures, 48), torch.split(self.goals, 48), strict=True)
        rows: dict[str, list[Tensor]] = {layer: [] for layer in teacher.heads}
        with torch.no_grad():
            for pictures, goals in pairs:
                found = teacher(pictures.float().to(device), list(rows))
                wanted = teacher(goals.float().to(device), list(rows))
                for layer in rows:
                    rows[layer].append(gram_distance(gram(found[layer]), gram(wanted[layer])))
        return {layer: float(torch.cat(parts).log().mean().exp()) for layer, parts in rows.items() if parts}


def _painted(net: Backbone, pictures: Tensor, goals: Tensor, length: Tensor) -> Tensor:
    """Pull pictures towards the Gram matrices of goals (B, 3, W, W) by steps of given lengths (B, 1, 1, 1)."""
    net.requires_grad_(False)
    mean, square = torch.zeros_like(pictures), torch.zeros_like(pictures)
    targets = aims(net, goals, of_weights=False)
    for turn in range(1, TURNS + 1):  # Adam (Kingma & Ba 2015): every pixel moves, as under an L-BFGS with its history
        slope = slopes(net, pictures, targets, of_weights=False)
        mean, square = 0.8 * mean + 0.2 * slope, 0.9 * square + 0.1 * slope.square()
        step = mean / (1 - 0.8**turn) / ((square / (1 - 0.9**turn)).sqrt() + 1e-12)
        pictures = (pictures - length * step).clamp(-0.1, 1.1)
    net.requires_grad_(True)
    return pictures


def measure(net: Backbone, teacher: Backbone, held_out: Tensor) -> dict[str, tuple[float, float]]:
    """Held-out errors (feature, Gram) per layer."""
    rows: dict[str, list[tuple[float, float]]] = {layer: [] for layer in net.layers}
    with torch.no_grad():
        for pictures in torch.split(held_out, 32):
            found, wanted = net(pictures, net.layers), teacher(pictures, net.layers)
            for layer in net.layers:
                feature, distance = errors(found[layer].float(), wanted[layer].float())
                rows[layer].append((float(feature), float(distance)))
    return {layer: (float(np.mean(values, 0)[0]), float(np.mean(values, 0)[1])) for layer, values in rows.items()}


def train(
    net: Backbone, recipe: Recipe, teacher: Backbone, crops: Tensor, checkpoint: Path, device: str
) -> Iterator[tuple[int, Backbone, dict[str, float]]]:
    """Train, resuming from the checkpoint where there is one.

    Yields (step, student, the teacher's distances of what it paints) now and then and at the end.
    """
    net = net.to(device).requires_grad_(True)
    fast = copy.deepcopy(teacher).to(torch.bfloat16)
    optimizer = torch.optim.Adam(net.parameters(), recipe.rate, betas=(0.9, 0.99))
    first, practice = 0, Practice(recipe)
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        if state["recipe"] != json.dumps(dataclasses.asdict(recipe)):
            raise SystemExit(f"{checkpoint}: of another recipe; delete it or give --checkpoint FILE")
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        first, practice.pictures, practice.goals = state["step"], state["practice"].cpu(), state["goals"].cpu()
    elif recipe.pool:
        pool = torch.load(recipe.pool, map_location="cpu", weights_only=True)
        practice.pictures, practice.goals = pool["practice"], pool["goals"]
    for step in range(first, recipe.steps):
        warm = min(1.0, (step + 1) / WARM_UP)
        optimizer.param_groups[0]["lr"] = recipe.rate * warm * (0.5 + 0.5 * math.cos(math.pi * step / recipe.steps))
        if recipe.practice and step >= WARM_UP and step % PRACTICE_EVERY == 0:
            practice.paint(net, crops, step, device)
        painted, goals = (part.to(device) for part in practice.draw(step))
        pictures = torch.cat([painted, windows(crops, recipe, step)[len(painted) :].to(device)])
        with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=recipe.bfloat16):
            with torch.no_grad():
                wanted = fast(pictures, net.layers)
            found = net(pictures, net.layers)
        parts = [errors(found[layer].float(), wanted[layer].float()) for layer in net.layers]
        loss = torch.stack([feature + recipe.gram * distance for feature, distance in parts]).sum()
        if recipe.slope and len(painted) and step >= recipe.slope_from * recipe.steps:
            loss = loss + recipe.slope * slope_error(net, fast, painted, goals)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == recipe.steps:
            state = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            state |= {
                "recipe": json.dumps(dataclasses.asdict(recipe)),
                "practice": practice.pictures,
                "goals": practice.goals,
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            os.replace(checkpoint.with_suffix(".part"), checkpoint)
            far = practice.distances(teacher, device)
            yield step + 1, net, far
    if first >= recipe.steps:
        yield first, net, practice.distances(teacher, device)


def save(net: Backbone, recipe: Recipe, teacher: Path, held_out: Tensor, measured: object, out: Path) -> None:
    """Write the finished network with its recipe and teacher."""
    plan, tensors = pruned(net, held_out.cpu())
    about = {
        "plan": plan,
        "scales": " ".join(map(str, recipe.scales)),
        "style": " ".join(recipe.style),
        "style_weights": " ".join(map(str, recipe.style_weights)),
        "content": " ".join(recipe.content),
        "recipe": json.dumps(
            dataclasses.asdict(recipe) | {"start": Path(recipe.start).name, "pool": Path(recipe.pool).name}
        ),
        "teacher": f"{teacher.name} sha256 {hashlib.sha256(teacher.read_bytes()).hexdigest()}",
        "attribution": "features learnt from VGG-19, Simonyan & Zisserman 2015, CC BY 4.0",
        "held_out": json.dumps(measured),
    }
    if recipe.start:
        with safe_open(recipe.start, "pt") as begun:
            about["start"] = json.dumps(begun.metadata())  # with its own recipe: the whole way is written down
    fresh = out.with_suffix(".part")
    save_file(tensors, fresh, about)
    fresh.chmod(0o644)
    os.replace(fresh, out)


def read_recipe(assignments: list[str]) -> Recipe:
    """The recipe with some fields replaced: ``steps=9000``, ``scales=[1, 2]``, ``plan="16 relu1_1"``."""
    changes: dict[str, Any] = {name: json.loads(value) for name, _, value in (a.partition("=") for a in assignments)}
    unknown = set(changes) - {field.name for field in dataclasses.fields(Recipe)}
    if unknown:
        known = ", ".join(field.name for field in dataclasses.fields(Recipe))
        raise SystemExit(f"--set {unknown.pop()}: no such field; choose of {known}")
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in changes.items()}
    return dataclasses.replace(Recipe(), **values)


def main() -> None:
    """Read the flags, train, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--teacher", type=Path, required=True, help="VGG-19 weights (.pth or .safetensors)")
    parser.add_argument("--out", type=Path, required=True, help="the finished network (.safetensors)")
    parser.add_argument("--checkpoint", type=Path, help="default: OUT.checkpoint; goes on from there")
    parser.add_argument("--cache", type=Path, help="keep the decoded crops in this .npy file")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="a field of the recipe")
    given = parser.parse_args()
    recipe = read_recipe(given.set)
    if given.threads:
        torch.set_num_threads(given.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if given.cache and given.cache.exists():
        array = np.load(given.cache)
    else:
        array = cut_crops(given.pictures, recipe.crops, recipe.seed)
        if given.cache:
            np.save(given.cache, array)
    order = np.random.default_rng(recipe.seed).permutation(len(array))
    held_out = torch.from_numpy(array[order[:HELD_OUT]]).permute(0, 3, 1, 2).float().to(device) / 255
    crops = torch.from_numpy(array[order[HELD_OUT:]])
    teacher = turned(load_backbone("vgg19", str(given.teacher)), recipe.plan, recipe.heads, held_out.cpu()).to(device)
    if recipe.start:
        wide = load_backbone("compact", recipe.start)
        begun = narrowed(wide, recipe.plan, recipe.heads, recipe.seed, teacher.cpu(), held_out[:64].cpu())
        teacher = teacher.to(device)
    else:
        begun = student(recipe.plan, recipe.heads, recipe.seed)
    checkpoint = given.checkpoint or given.out.with_suffix(".checkpoint")
    began = time.monotonic()
    for step, net, far in train(begun, recipe, teacher, crops, checkpoint, device):
        measured = measure(net, teacher, held_out[:: 1 if step == recipe.steps else 4])
        shown = "  ".join(f"{layer} {a:.4f}/{b:.5f}" for layer, (a, b) in measured.items())
        painted = " / ".join(f"{value:.4f}" for value in far.values())
        seconds = time.monotonic() - began
        print(
            f"step {step}/{recipe.steps}  {seconds:.0f} s  feature/Gram error  {shown}  painted {painted}", flush=True
        )
        save(net, recipe, given.teacher, held_out, measured, given.out)


if __name__ == "__main__":
    main()
