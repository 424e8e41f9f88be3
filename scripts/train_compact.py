"""Train the compact network: a small student learns the features of VGG-19's lower layers from a folder of pictures.

    python scripts/train_compact.py --pictures DIR --teacher FILE --out compact.safetensors

The student has one linear head per layer, which predicts the teacher's features. Errors are relative to the size of the
features, so it does not matter whether the weights are normalized as by Gatys. Distances between Gram matrices do not
change when the feature space is rotated. The teacher's features are therefore rotated to their principal directions and
reduced to the first ones: the student measures style as the teacher does, with far fewer channels.
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

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from practice import Practice, gram_distance, slope_error, windows
from recipe import Recipe, read_recipe
from safetensors import safe_open
from student import narrowed, pruned, student, turned
from torch import Tensor

from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.backbones.weights import write_safetensors
from videostyle.paint.terms.gram import gram

SIDE = 96
"""side of a stored crop, px; training windows move inside it"""
HELD_OUT = 256
"""crops kept for measuring; never trained on"""
SAVE_EVERY = 250
"""steps between checkpoints"""
WARM_UP = 200
"""steps with a rising learning rate and without painting"""
PRACTICE_EVERY = 10
"""training steps between two batches of painting"""


def cut_crops(folder: Path, count: int, seed: int) -> NDArray[np.uint8]:
    """Random crops (N, SIDE, SIDE, 3) of a folder's pictures, shrunk by random factors; half of them mirrored."""
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
            # the larger of two draws: more crops near full size
            factor = max(dice.uniform(least, 1), dice.uniform(least, 1)) if min(picture.size) >= SIDE else 1.0
            factor = max(factor, SIDE / min(picture.size))
            size = (max(SIDE, round(picture.width * factor)), max(SIDE, round(picture.height * factor)))
            picture = picture.resize(size, Image.Resampling.BICUBIC)
            x, y = dice.randint(0, size[0] - SIDE), dice.randint(0, size[1] - SIDE)
            crop = np.asarray(picture.crop((x, y, x + SIDE, y + SIDE)))
            crops.append(crop[:, ::-1] if dice.random() < 0.5 else crop)
        if len(crops) == before:
            raise SystemExit(f"--pictures {folder}: no pictures; give a folder with .jpg or .png files")
    return np.stack(crops)


def errors(actual: Tensor, expected: Tensor) -> tuple[Tensor, Tensor]:
    """Relative error of features (B, C, H, W), and the mean over images of that of their Gram matrices."""
    feature = (actual - expected).square().mean() / expected.square().mean()
    return feature, gram_distance(gram(actual), gram(expected)).mean()


def measure(net: Backbone, teacher: Backbone, held_out: Tensor) -> dict[str, tuple[float, float]]:
    """Held-out errors (feature, Gram) per layer."""
    rows: dict[str, list[tuple[float, float]]] = {layer: [] for layer in net.layers}
    with torch.no_grad():
        for pictures in torch.split(held_out, 32):
            actual, expected = net(pictures, net.layers), teacher(pictures, net.layers)
            for layer in net.layers:
                feature, distance = errors(actual[layer].float(), expected[layer].float())
                rows[layer].append((float(feature), float(distance)))
    return {layer: (float(np.mean(values, 0)[0]), float(np.mean(values, 0)[1])) for layer, values in rows.items()}


def train(
    net: Backbone, recipe: Recipe, teacher: Backbone, crops: Tensor, checkpoint: Path, device: str
) -> Iterator[tuple[int, Backbone, dict[str, float]]]:
    """Train, resuming from the checkpoint if there is one.

    Yields (step, student, distances of its paintings as ``Practice.distances``) at every checkpoint and at the end.
    """
    net = net.to(device).requires_grad_(True)
    fast = copy.deepcopy(teacher).to(torch.bfloat16)
    optimizer = torch.optim.Adam(net.parameters(), recipe.rate, betas=(0.9, 0.99))
    first, practice = 0, Practice(recipe)
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        if state["recipe"] != json.dumps(dataclasses.asdict(recipe)):
            raise SystemExit(f"{checkpoint}: belongs to another recipe; delete it or give --checkpoint FILE")
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
        painted, goals = (pictures.to(device) for pictures in practice.draw(step))
        pictures = torch.cat([painted, windows(crops, recipe, step)[len(painted) :].to(device)])
        with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=recipe.bfloat16):
            with torch.no_grad():
                expected = fast(pictures, net.layers)
            actual = net(pictures, net.layers)
        pairs = [errors(actual[layer].float(), expected[layer].float()) for layer in net.layers]
        loss = torch.stack([feature + recipe.gram * distance for feature, distance in pairs]).sum()
        if recipe.slope and len(painted) and step >= recipe.slope_from * recipe.steps:
            loss = loss + recipe.slope * slope_error(net, fast, painted, goals)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == recipe.steps:
            state = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            state |= {"practice": practice.pictures, "goals": practice.goals}
            state |= {"recipe": json.dumps(dataclasses.asdict(recipe))}
            torch.save(state, checkpoint.with_suffix(".part"))
            os.replace(checkpoint.with_suffix(".part"), checkpoint)
            yield step + 1, net, practice.distances(teacher, device)
    if first >= recipe.steps:
        yield first, net, practice.distances(teacher, device)


def save(net: Backbone, recipe: Recipe, teacher: Path, held_out: Tensor, measured: object, out: Path) -> None:
    """Write the finished network; its metadata hold the recipe and the teacher."""
    plan, tensors = pruned(net, held_out.cpu())
    metadata = {
        "plan": plan,
        "scales": " ".join(map(str, recipe.scales)),
        "style": " ".join(recipe.style),
        "style_weights": " ".join(map(str, recipe.style_weights)),
        "content": " ".join(recipe.content),
        "recipe": json.dumps(
            dataclasses.asdict(recipe) | {"start": Path(recipe.start).name, "pool": Path(recipe.pool).name}
        ),
        "teacher": f"{teacher.name} sha256 {hashlib.sha256(teacher.read_bytes()).hexdigest()}",
        "attribution": "features learned from VGG-19, Simonyan & Zisserman 2015, CC BY 4.0",
        "held_out": json.dumps(measured),
    }
    if recipe.start:
        with safe_open(recipe.start, "pt") as start:
            metadata["start"] = json.dumps(start.metadata())  # includes its recipe, so the whole history is kept
    write_safetensors(out, tensors, metadata)


def main() -> None:
    """Read the flags, train, print the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--teacher", type=Path, required=True, help="VGG-19 weights (.pth or .safetensors)")
    parser.add_argument("--out", type=Path, required=True, help="where to write the network (.safetensors)")
    parser.add_argument("--checkpoint", type=Path, help="resume from and save to this file; default: OUT.checkpoint")
    parser.add_argument("--cache", type=Path, help="keep the crops in this .npy file for the next run")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: PyTorch's default")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="change a field of the recipe")
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
        net = narrowed(wide, recipe.plan, recipe.heads, recipe.seed, teacher.cpu(), held_out[:64].cpu())
        teacher = teacher.to(device)
    else:
        net = student(recipe.plan, recipe.heads, recipe.seed)
    checkpoint = given.checkpoint or given.out.with_suffix(".checkpoint")
    began = time.monotonic()
    for step, trained, distances in train(net, recipe, teacher, crops, checkpoint, device):
        measured = measure(trained, teacher, held_out[:: 1 if step == recipe.steps else 4])
        shown = "  ".join(f"{layer} {a:.4f}/{b:.5f}" for layer, (a, b) in measured.items())
        painted = " / ".join(f"{value:.4f}" for value in distances.values())
        seconds = time.monotonic() - began
        print(
            f"step {step}/{recipe.steps}  {seconds:.0f} s  feature/Gram error  {shown}  painted {painted}", flush=True
        )
        save(trained, recipe, given.teacher, held_out, measured, given.out)


if __name__ == "__main__":
    main()
