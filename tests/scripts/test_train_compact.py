"""Training the compact network, in miniature: deterministic, resumable, and its file loads."""

import json
import sys
from pathlib import Path

import practice
import pytest
import torch
import train_compact
from recipe import Recipe
from safetensors import safe_open
from student import turned

from tests.scripts.training import TINY, fresh, tiny_recipe, write_teacher
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.compact import load_compact
from videostyle.paint.backbones.published import VGG19


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schedule of a few steps."""
    for name, value in {"HELD_OUT": 4, "SAVE_EVERY": 3, "WARM_UP": 2, "PRACTICE_EVERY": 2}.items():
        monkeypatch.setattr(train_compact, name, value)
    monkeypatch.setattr(practice, "KEPT", 8)


def test_command_writes_a_file_that_loads(
    pictures: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "out.safetensors"
    flags = ["--pictures", str(pictures), "--teacher", str(teacher), "--out", str(out)]
    for name, value in (TINY | {"scales": (1, 2)}).items():
        flags += ["--set", f"{name}={json.dumps(value)}"]
    monkeypatch.setattr(sys, "argv", ["train_compact.py", *flags])
    train_compact.main()
    assert "step 6/6" in capsys.readouterr().out
    net = load_compact(str(out))
    assert net.layers[:3] == ("relu1_1", "relu2_1", "relu3_1")
    assert net.layers[3:] == ("s2/relu1_1", "s2/relu2_1", "s2/relu3_1")
    with safe_open(out, "pt") as file:
        metadata = file.metadata()
    assert json.loads(metadata["recipe"])["steps"] == 6
    assert metadata["teacher"].startswith("teacher.safetensors sha256 ")
    assert "Simonyan & Zisserman" in metadata["attribution"]
    pool, further = out.with_suffix(".checkpoint"), tmp_path / "further.safetensors"
    flags[flags.index(str(out))] = str(further)
    flags += ["--set", f'start="{out}"', "--set", f'pool="{pool}"', "--set", "seed=3"]
    monkeypatch.setattr(sys, "argv", ["train_compact.py", *flags])
    train_compact.main()
    with safe_open(further, "pt") as file:
        recipe = json.loads(file.metadata()["recipe"])
        assert (recipe["start"], recipe["pool"]) == ("out.safetensors", "out.checkpoint")
        assert json.loads(file.metadata()["start"]) == metadata
    before, after = (
        torch.load(path, weights_only=True)["goals"] for path in (pool, further.with_suffix(".checkpoint"))
    )
    kept = (before[:, None] == after[None]).flatten(2).all(2).any(1)
    assert kept.any(), "pictures painted before must be painted further"


def test_a_whole_teacher_teaches_up_to_relu5_1(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, teacher = tmp_path / "out.safetensors", write_teacher(tmp_path / "vgg19.safetensors", 13)
    flags = ["--pictures", str(pictures), "--teacher", str(teacher), "--out", str(out)]
    deep = {"plan": "8 relu1_1 P 8 relu2_1 P 8 relu3_1 P 8 relu4_1 P 8 relu5_1", "heads": (4,) * 5, "steps": 3}
    for name, value in (TINY | deep).items():
        flags += ["--set", f"{name}={json.dumps(value)}"]
    monkeypatch.setattr(sys, "argv", ["train_compact.py", *flags])
    train_compact.main()
    assert load_compact(str(out)).layers[-2:] == ("relu4_1", "relu5_1")


def train_tiny(teacher: Path, crops: torch.Tensor, checkpoint: Path, stop: int) -> Backbone:
    recipe = tiny_recipe()
    rotated = turned(VGG19.load(str(teacher)), recipe.plan, recipe.heads, torch.rand(4, 3, 64, 64))
    net = fresh(recipe)
    for step, trained, _ in train_compact.train(net, recipe, rotated, crops, checkpoint, "cpu"):
        net = trained
        if step >= stop:
            break
    return net


def test_an_interrupted_training_ends_the_same(pictures: Path, teacher: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    crops = torch.from_numpy(train_compact.cut_crops(pictures, 12, 0))
    torch.manual_seed(1)
    whole = train_tiny(teacher, crops, tmp_path / "whole", 6)
    torch.manual_seed(1)
    train_tiny(teacher, crops, tmp_path / "resumed", 3)
    torch.manual_seed(1)
    resumed = train_tiny(teacher, crops, tmp_path / "resumed", 6)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)
    with pytest.raises(SystemExit, match="belongs to another recipe"):
        next(iter(train_compact.train(whole, Recipe(), whole, crops, tmp_path / "resumed", "cpu")))
