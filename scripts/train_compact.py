"""Train the compact network: a small student learns the features of VGG-16 or VGG-19 from a folder of pictures.

    python scripts/train_compact.py --pictures DIR --teacher FILE --work DIR --out compact.safetensors

The student has one linear head per layer, which predicts the teacher's features. Errors are relative to the size of the
features, so it does not matter whether the weights are normalized as by Gatys. Distances between Gram matrices do not
change when the feature space is rotated. The teacher's features are therefore rotated to their principal directions and
reduced to the first ones: the student measures style as the teacher does, with far fewer channels.

The teacher sees every picture once; its features are kept in the work folder, from which an interrupted training
continues. Training goes in rounds: before each, the student paints on a pool of pictures, and the teacher looks at
them.
"""

import argparse
import copy
import dataclasses
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from descent import Descent
from lessons import Lessons, looking
from practice import Pool, aims, gram_distance, slope_error, slopes
from recipe import Recipe, read_recipe
from safetensors import safe_open
from student import grown, pruned, revive, student, turned
from torch import Tensor
from windows import as_tensor, cut_windows, disturbed

from videostyle.errors import VideostyleError
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import choose_backbone, load_backbone
from videostyle.paint.backbones.weights import fingerprint, write_safetensors
from videostyle.paint.terms.gram import gram
from videostyle.settings import BackboneSettings

HELD_OUT = 128
"""windows kept for measuring and never trained on; other windows of the same pictures may be"""
SAVE_EVERY = 250
"""steps between checkpoints"""
WARM_UP = 200
"""steps with a rising learning rate"""


class Training:
    """One training in its work folder: pictures, lessons, pool and student."""

    def __init__(self, recipe: Recipe, teacher: Backbone, pictures: Path, work: Path, device: str) -> None:
        self.recipe, self.work, self.device = recipe, work, device
        windows = cut_windows(pictures, recipe.windows + HELD_OUT, recipe.side, recipe.seed)
        self.held_out, self.windows = as_tensor(windows[:HELD_OUT]), windows[HELD_OUT:]
        self.teacher = turned(teacher, recipe.plan, recipe.heads, self.held_out)
        self.net = student(recipe.plan, recipe.heads, recipe.seed)
        if recipe.start:
            self.net = grown(self.net, load_backbone("compact", recipe.start), self.teacher, self.held_out[:64])
        self.teacher.to(device)
        self._quick = copy.deepcopy(self.teacher).to(torch.bfloat16).to(memory_format=torch.channels_last)
        self.net = self.net.to(device).to(memory_format=torch.channels_last).requires_grad_(True)
        self.descent = Descent(self.net, recipe.rate, recipe.mixing_rate)
        self.pool, self.step = Pool(recipe), 0
        self.kept = tuple(layer for layer in self.net.layers if layer != self.net.layers[0])
        self._key = json.dumps([self.teacher.fingerprint, recipe.windows, recipe.side, recipe.noise, recipe.seed])
        settings = json.dumps(dataclasses.asdict(recipe))
        self._whole = fingerprint({"held_out": self.held_out}, f"{teacher.fingerprint} {settings}")
        self.lessons, self.judged = Lessons(work / "lessons", recipe.windows), Lessons(work / "held_out", HELD_OUT)
        self.painted = Lessons(work / "painted", recipe.painted)

    def prepare(self) -> None:
        """Let the teacher see every window, and load the checkpoint if there is one."""
        recipe = self.recipe

        def cut(start: int, stop: int) -> Tensor:
            return disturbed(as_tensor(self.windows[start:stop]), recipe.noise, recipe.seed * 1_000_003 + start)

        look = looking(self._quick, self.kept, self.device)
        self.lessons.write(self._key, cut, look)
        self.judged.write(self._key, lambda start, stop: self.held_out[start:stop], look)
        path = self.work / "checkpoint.pt"
        if not path.exists():
            # what remains in the folder was painted by another training
            for left in (*self.work.glob("pool-*.pt"), self.work / "painted" / "done.json"):
                left.unlink(missing_ok=True)
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state.get("whole") != self._whole:
            raise SystemExit(
                f"{path}: belongs to another recipe, teacher or folder of pictures; delete it or use --work DIR"
            )
        self.net.load_state_dict(state["net"])
        self.descent.load_state_dict(state["descent"])
        self.step = state["step"]
        self.pool.pictures, self.pool.goals = state["pictures"].cpu(), state["goals"].cpu()

    def run(self) -> Iterator[int]:
        """Train to the end; yields the step at every checkpoint, and once more if everything was done before."""
        recipe = self.recipe
        if self.step == recipe.rounds * recipe.steps:
            yield self.step
        while self.step < recipe.rounds * recipe.steps:
            if self.step % recipe.steps == 0 and self.step:
                # a network that loses a third of its channels learns less
                revive(self.net, self.held_out, recipe.seed + self.step)
                if recipe.painted and self.step >= recipe.painted_from * recipe.steps:
                    self._practice(self.step // recipe.steps)
            factor = min(1.0, (self.step + 1) / WARM_UP)
            factor *= 0.5 + 0.5 * math.cos(math.pi * self.step / (recipe.rounds * recipe.steps))
            torch.autograd.backward(self._loss())
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.descent.step(factor)
            self.step += 1
            if self.step % SAVE_EVERY == 0 or self.step % recipe.steps == 0:
                self._save()
                yield self.step

    def _loss(self) -> Tensor:
        """The loss of one step: features and Gram matrices of a batch, and the gradient in painted pictures."""
        recipe, layers = self.recipe, self.net.layers
        dice = torch.Generator().manual_seed(recipe.seed * 104_729 + self.step)
        count = round(recipe.batch * recipe.practice) if len(self.pool.pictures) else 0
        own = torch.randint(max(1, recipe.painted), (count,), generator=dice)
        cut = torch.randint(recipe.windows, (recipe.batch - count,), generator=dice)

        def both(name: str) -> Tensor:
            maps = [
                lessons.read(name, some) for lessons, some in ((self.painted, own), (self.lessons, cut)) if len(some)
            ]
            return torch.cat(maps).to(self.device, memory_format=torch.channels_last)

        pictures = both("pictures")
        with torch.no_grad():
            expected = self.teacher(pictures, layers[:1])
        expected |= {layer: both(layer) for layer in self.kept}
        with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=recipe.bfloat16):
            actual = self.net(pictures, layers)
        losses = [feature_error(actual[layer].float(), expected[layer]) for layer in layers]
        losses += [
            recipe.gram * gram_distance(gram(actual[layer]), gram(expected[layer])).mean() for layer in recipe.style
        ]
        if recipe.slope and count and self.step >= recipe.slope_from * recipe.steps:
            goals, slope = self.pool.goals[own].float().to(self.device), self.painted.read("slope", own)
            error = slope_error(self.net, slope.to(self.device), pictures[:count], goals, recipe.style)
            losses.append(recipe.slope * error)
        return torch.stack(losses).sum()

    def _practice(self, turn: int) -> None:
        """Paint before a round and let the teacher look, unless a run that was interrupted in this round did."""
        key, recipe = f"{self._key} {turn}", self.recipe
        finished = self.work / f"pool-{turn}.pt"
        if not finished.exists():
            self.pool.paint(self.net, self.windows, turn, self.device)
            pool = {"pictures": self.pool.pictures, "goals": self.pool.goals}
            torch.save(pool, finished.with_suffix(".part"))
            os.replace(finished.with_suffix(".part"), finished)
            finished.with_name(f"pool-{turn - 1}.pt").unlink(missing_ok=True)
        pool = torch.load(finished, weights_only=True)
        self.pool.pictures, self.pool.goals = pool["pictures"], pool["goals"]
        features = looking(self._quick, self.kept, self.device)

        def look(start: int, pictures: Tensor) -> dict[str, Tensor]:
            maps = features(start, pictures)
            if recipe.slope and turn >= recipe.slope_from:
                goals = self.pool.goals[start : start + len(pictures)].float().to(self.device)
                targets = aims(self._quick, goals, recipe.style, of_weights=False)
                slope = slopes(self._quick, pictures.to(self.device), targets, of_weights=False)
                # only its direction and its size over pictures matter to the relative error
                maps["slope"] = slope.float().cpu() * 1e3
            return maps

        self.painted.write(key, lambda start, stop: self.pool.pictures[start:stop].float(), look)

    def distances(self) -> dict[str, float]:
        """Geometric mean over the pool of the relative Gram distance to the goals per layer, as the teacher sees it."""
        rows: dict[str, list[Tensor]] = {layer: [] for layer in self.recipe.style if len(self.pool.pictures)}
        with torch.no_grad():
            # a sample of the pool is enough
            for pictures, goals in zip(
                *(torch.split(half[:64], 16) for half in (self.pool.pictures, self.pool.goals)), strict=True
            ):
                seen = [self._quick(some.float().to(self.device), list(rows)) for some in (pictures, goals)]
                for layer, row in rows.items():
                    row.append(gram_distance(*(gram(maps[layer]) for maps in seen)))
        return {layer: float(torch.cat(row).log().mean().exp()) for layer, row in rows.items()}

    def measure(self) -> dict[str, tuple[float, float]]:
        """Held-out errors (feature, Gram) per layer."""
        rows: dict[str, list[tuple[float, float]]] = {layer: [] for layer in self.net.layers}
        with torch.no_grad():
            for some in torch.split(torch.arange(HELD_OUT), 16):
                pictures = self.judged.read("pictures", some).to(self.device, memory_format=torch.channels_last)
                actual, first = self.net(pictures, self.net.layers), self.teacher(pictures, self.net.layers[:1])
                for layer, row in rows.items():
                    ours = actual[layer]
                    theirs = first[layer] if layer in first else self.judged.read(layer, some).to(self.device)
                    distance = gram_distance(gram(ours), gram(theirs)).mean()
                    row.append((float(feature_error(ours, theirs)), float(distance)))
        return {layer: tuple(torch.tensor(row).mean(0).tolist()) for layer, row in rows.items()}

    def _save(self) -> None:
        """Write the checkpoint."""
        state = {"net": self.net.state_dict(), "descent": self.descent.state_dict(), "step": self.step}
        state |= {"pictures": self.pool.pictures, "goals": self.pool.goals, "whole": self._whole}
        torch.save(state, self.work / "checkpoint.part")
        os.replace(self.work / "checkpoint.part", self.work / "checkpoint.pt")


def feature_error(actual: Tensor, expected: Tensor) -> Tensor:
    """Relative error of features (B, C, H, W)."""
    return (actual - expected).square().mean() / expected.square().mean()


def save(training: Training, teacher: Path, measured: object, out: Path) -> None:
    """Write the network in half precision; its metadata hold the recipe and the teacher."""
    recipe = training.recipe
    plan, tensors = pruned(training.net, training.held_out)
    metadata = {
        "plan": plan,
        "scales": " ".join(map(str, recipe.scales)),
        "style": " ".join(recipe.style),
        "style_weights": " ".join(map(str, recipe.style_weights)),
        "content": " ".join(recipe.content),
        "recipe": json.dumps(dataclasses.asdict(recipe) | {"start": Path(recipe.start).name}),
        "teacher": f"{teacher.name} sha256 {hashlib.sha256(teacher.read_bytes()).hexdigest()}",
        "attribution": f"features learned from {training.teacher.name}, Simonyan & Zisserman 2015, CC BY 4.0",
        "held_out": json.dumps(measured),
    }
    if recipe.start:
        with safe_open(recipe.start, "pt") as start:
            metadata["start"] = json.dumps(start.metadata())  # includes its recipe, so the whole history is kept
    write_safetensors(out, {name: tensor.half() for name, tensor in tensors.items()}, metadata)


def main() -> None:
    """Read the flags, train, print the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures")
    parser.add_argument(
        "--teacher", type=Path, required=True, help="weights of VGG-16 or VGG-19 (.pth or .safetensors)"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for what the teacher sees and the checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="where to write the network (.safetensors)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: PyTorch's default")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="change a field of the recipe")
    given = parser.parse_args()
    recipe = read_recipe(given.set)
    if given.threads:
        torch.set_num_threads(given.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    began = time.monotonic()
    training = Training(
        recipe, choose_backbone(BackboneSettings(weights=str(given.teacher)))[0], given.pictures, given.work, device
    )
    training.prepare()
    print(f"lessons ready  {time.monotonic() - began:.0f} s", flush=True)
    for step in training.run():
        measured = training.measure()
        shown = "  ".join(f"{layer} {a:.4f}/{b:.4f}" for layer, (a, b) in measured.items())
        painted = " / ".join(f"{value:.4f}" for value in training.distances().values())
        seconds = time.monotonic() - began
        print(f"step {step}  {seconds:.0f} s  feature/Gram error  {shown}  painted {painted}", flush=True)
        save(training, given.teacher, measured, given.out)


if __name__ == "__main__":
    try:
        main()
    except VideostyleError as error:
        raise SystemExit(str(error)) from None
