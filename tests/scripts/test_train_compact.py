"""Training the compact network, in miniature: deterministic, resumable, and its file loads."""

import dataclasses
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file

from videostyle.paint.backbones import weights
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone

SCRIPT = Path(__file__).parents[2] / "scripts" / "train_compact.py"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_compact", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "train_compact", module)
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    spec.loader.exec_module(module)
    for name, value in {"HELD_OUT": 4, "SAVE_EVERY": 3, "WARM_UP": 2, "PRACTICE_EVERY": 2, "KEPT": 8}.items():
        monkeypatch.setattr(module, name, value)
    return module


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with three pictures, one of them smaller than a crop, and one file that is none."""
    folder, rng = tmp_path / "pictures", np.random.default_rng(0)
    folder.mkdir()
    for name, size in (("a.png", (8, 9)), ("b.jpg", (12, 7)), ("c.png", (3, 3))):
        picture = Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8))
        picture.resize((size[1] * 16, size[0] * 16)).save(folder / name)
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    return write_teacher(tmp_path / "teacher.safetensors", 5)


def write_teacher(path: Path, convolutions: int) -> Path:
    dice, tensors = torch.Generator().manual_seed(0), {}
    for place, (out, into) in list(weights._USED.items())[:convolutions]:
        tensors[f"features.{place}.weight"] = torch.randn(out, into, 3, 3, generator=dice) * (2 / (9 * into)) ** 0.5
        tensors[f"features.{place}.bias"] = torch.zeros(out)
    save_file(tensors, path)
    return path


TINY = {
    "plan": "8 relu1_1 P 8 relu2_1 P 8 relu3_1",
    "heads": (4, 4, 4),
    "scales": (1,),
    "style": ("relu1_1",),
    "content": ("relu3_1",),
    "crops": 12,
    "steps": 6,
    "batch": 4,
}


def test_command_writes_a_file_that_loads(
    script: ModuleType, pictures: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "out.safetensors"
    flags = ["--pictures", str(pictures), "--teacher", str(teacher), "--out", str(out)]
    for name, value in (TINY | {"scales": (1, 2)}).items():
        flags += ["--set", f"{name}={json.dumps(value)}"]
    monkeypatch.setattr(sys, "argv", ["train_compact.py", *flags])
    script.main()
    assert "step 6/6" in capsys.readouterr().out
    net = load_backbone("compact", str(out))
    assert net.layers[:3] == ("relu1_1", "relu2_1", "relu3_1")
    assert net.layers[3:] == ("s2/relu1_1", "s2/relu2_1", "s2/relu3_1")
    with safe_open(out, "pt") as file:
        about = file.metadata()
    assert json.loads(about["recipe"])["steps"] == 6
    assert about["teacher"].startswith("teacher.safetensors sha256 ")
    assert "Simonyan & Zisserman" in about["attribution"]
    pool, further = out.with_suffix(".checkpoint"), tmp_path / "further.safetensors"
    flags[flags.index(str(out))] = str(further)
    flags += ["--set", f'start="{out}"', "--set", f'pool="{pool}"', "--set", "seed=3"]
    monkeypatch.setattr(sys, "argv", ["train_compact.py", *flags])
    script.main()
    with safe_open(further, "pt") as file:
        recipe = json.loads(file.metadata()["recipe"])
        assert (recipe["start"], recipe["pool"]) == ("out.safetensors", "out.checkpoint")
        assert json.loads(file.metadata()["start"]) == about
    before, after = (
        torch.load(path, weights_only=True)["goals"] for path in (pool, further.with_suffix(".checkpoint"))
    )
    kept = (before[:, None] == after[None]).flatten(2).all(2).any(1)
    assert kept.any(), "the pictures painted before are painted further"


def test_a_whole_teacher_teaches_up_to_relu5_1(
    script: ModuleType, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, teacher = tmp_path / "out.safetensors", write_teacher(tmp_path / "vgg19.safetensors", 13)
    flags = ["--pictures", str(pictures), "--teacher", str(teacher), "--out", str(out)]
    deep = {"plan": "8 relu1_1 P 8 relu2_1 P 8 relu3_1 P 8 relu4_1 P 8 relu5_1", "heads": (4,) * 5, "steps": 3}
    for name, value in (TINY | deep).items():
        flags += ["--set", f"{name}={json.dumps(value)}"]
    monkeypatch.setattr(sys, "argv", ["train_compact.py", *flags])
    script.main()
    assert load_backbone("compact", str(out)).layers[-2:] == ("relu4_1", "relu5_1")


def fresh(script: ModuleType, recipe: object) -> Backbone:
    return script.student(recipe.plan, recipe.heads, recipe.seed)  # type: ignore[attr-defined]


def train_tiny(script: ModuleType, teacher: Path, crops: torch.Tensor, checkpoint: Path, stop: int) -> Backbone:
    recipe = dataclasses.replace(script.Recipe(), **TINY)
    turned = script.turned(load_backbone("vgg19", str(teacher)), recipe.plan, recipe.heads, torch.rand(4, 3, 64, 64))
    net = fresh(script, recipe)
    for step, trained, _ in script.train(net, recipe, turned, crops, checkpoint, "cpu"):
        net = trained
        if step >= stop:
            break
    return net


def test_an_interrupted_training_ends_the_same(
    script: ModuleType, pictures: Path, teacher: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    crops = torch.from_numpy(script.cut_crops(pictures, 12, 0))
    torch.manual_seed(1)
    whole = train_tiny(script, teacher, crops, tmp_path / "whole", 6)
    torch.manual_seed(1)
    train_tiny(script, teacher, crops, tmp_path / "parts", 3)
    torch.manual_seed(1)
    resumed = train_tiny(script, teacher, crops, tmp_path / "parts", 6)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)
    with pytest.raises(SystemExit, match="of another recipe"):
        next(iter(script.train(whole, script.Recipe(), whole, crops, tmp_path / "parts", "cpu")))


def test_crops_and_windows_repeat(script: ModuleType, pictures: Path) -> None:
    crops = script.cut_crops(pictures, 7, 3)
    assert crops.shape == (7, script.SIDE, script.SIDE, 3)
    np.testing.assert_array_equal(crops, script.cut_crops(pictures, 7, 3))
    recipe = script.Recipe(batch=5)
    one, other = (script.windows(torch.from_numpy(crops), recipe, 11) for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == (5, 3, 64, 64)
    assert not torch.equal(one, script.windows(torch.from_numpy(crops), recipe, 12))


def test_turning_keeps_gram_distances(script: ModuleType, teacher: Path) -> None:
    """With all directions kept, a turned teacher measures as the teacher does, up to one factor per layer."""
    vgg19 = load_backbone("vgg19", str(teacher))
    recipe = script.Recipe(heads=(64, 128, 256))
    turned = script.turned(vgg19, recipe.plan, recipe.heads, torch.rand(4, 3, 64, 64))
    a, b, c = torch.rand(3, 1, 3, 64, 64)
    for layer in ("relu1_1", "relu3_1"):
        ratios = []
        for net in (vgg19, turned):
            x, y, z = (script.gram(net(picture, [layer])[layer]) for picture in (a, b, c))
            ratios.append(float((x - y).norm() / (x - z).norm()))
        assert ratios[0] == pytest.approx(ratios[1], rel=1e-3)


def test_dead_channels_are_pruned_without_a_trace(script: ModuleType) -> None:
    recipe = dataclasses.replace(script.Recipe(), **TINY)
    net, x = fresh(script, recipe), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        net.convs[1].bias[2:5] = -1e4
    plan, tensors = script.pruned(net, x)
    assert plan.split()[3] == "5"
    smaller = Backbone("compact", plan, tensors, pooling="average")
    for layer, features in net(x, net.layers).items():
        torch.testing.assert_close(smaller(x, [layer])[layer], features)


def test_narrowing_to_the_same_width_changes_nothing_but_size(script: ModuleType, teacher: Path) -> None:
    recipe, x = dataclasses.replace(script.Recipe(), **TINY), torch.rand(2, 3, 64, 64)
    wide, vgg19 = fresh(script, recipe), load_backbone("vgg19", str(teacher))

    def changed(plan: str, heads: tuple[int, ...]) -> Backbone:
        return script.narrowed(wide, plan, heads, 0, script.turned(vgg19, plan, heads, x), x)

    same = changed(recipe.plan, recipe.heads)
    for layer, features in wide(x, wide.layers).items():
        found, before = same(x, [layer])[layer].flatten(2), features.flatten(2)
        ratio = found.square().sum() / before.square().sum()
        torch.testing.assert_close(found.transpose(1, 2) @ found, before.transpose(1, 2) @ before * ratio)
    small = changed("6 relu1_1 P 4 relu2_1 P 12 relu3_1", (3, 4, 4))
    assert small(x, ["relu3_1"])["relu3_1"].shape == (2, 4, 16, 16)


def test_the_nearest_turn_is_found_again(script: ModuleType) -> None:
    student = sys.modules[script.narrowed.__module__]
    found, turn = torch.randn(4, 50), torch.linalg.qr(torch.randn(4, 4)).Q
    torch.testing.assert_close(student._nearest_turn(found, 3 * turn @ found), 3 * turn)


def test_painting_moves_towards_the_goals(script: ModuleType, pictures: Path) -> None:
    recipe = dataclasses.replace(script.Recipe(), **TINY)
    practice, net = script.Practice(recipe), fresh(script, recipe)
    crops = torch.from_numpy(script.cut_crops(pictures, 12, 0))
    assert [len(part) for part in practice.draw(1)] == [0, 0]
    for step in (2, 4):  # the pool grows to its size
        practice.paint(net, crops, step, "cpu")
    assert practice.pictures.shape == practice.goals.shape == (8, 3, 64, 64)
    before = practice.distances(net, "cpu")
    for step in range(6, 66, 2):
        practice.paint(net, crops, step, "cpu")
    after = practice.distances(net, "cpu")
    assert all(after[layer] < before[layer] / 2 for layer in ("relu1_1", "relu2_1", "relu3_1"))
    painted, goals = practice.draw(1)
    assert painted.shape == goals.shape == (2, 3, 64, 64)
    assert float(painted.min()) >= -0.11
    assert float(painted.max()) <= 1.11


def test_slopes_are_the_gradient_and_can_be_differentiated(script: ModuleType) -> None:
    recipe = dataclasses.replace(script.Recipe(), **TINY)
    net, x, y = fresh(script, recipe).double(), torch.rand(2, 3, 16, 16).double(), torch.rand(2, 3, 16, 16).double()
    net = net.requires_grad_(True)

    def loss(picture: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            pairs = zip(net(picture, net.layers).values(), net(y, net.layers).values(), strict=True)
            return sum(script.gram_distance(script._gram(a), script._gram(b)).sum() for a, b in pairs)

    slope = script.slopes(net, x, script.aims(net, y, of_weights=False), of_weights=False)
    direction = torch.randn_like(x)
    numeric = (loss(x + 1e-7 * direction) - loss(x - 1e-7 * direction)) / 2e-7
    assert float((slope * direction).sum()) == pytest.approx(float(numeric), rel=1e-4)
    assert float(script.slope_error(net, net, x, y).detach()) == pytest.approx(0, abs=1e-12)
    other, weights_ = fresh(script, dataclasses.replace(recipe, seed=5)).double(), list(net.parameters())
    parts = torch.autograd.grad(script.slope_error(net, other, x, y), weights_)
    directions = [torch.randn_like(weight) for weight in weights_]
    errors = []
    for step in (1e-6, -2e-6):
        with torch.no_grad():
            for weight, direction in zip(weights_, directions, strict=True):
                weight.add_(step * direction)
        errors.append(float(script.slope_error(net, other, x, y).detach()))
    expected = sum(float((part * direction).sum()) for part, direction in zip(parts, directions, strict=True))
    assert (errors[0] - errors[1]) / 2e-6 == pytest.approx(expected, rel=1e-3)


def test_wrong_fields_are_told(script: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no such field; choose of plan, "):
        script.read_recipe(["widht=3"])
