"""Training the compact network, in miniature: deterministic, resumable, and its file loads."""

import dataclasses
import json
import sys
from pathlib import Path

import pytest
import torch
import train_compact
from recipe import Recipe
from safetensors import safe_open

from tests.scripts.training import TINY, tiny_recipe, write_teacher
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.backbones.compact import load_compact


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A schedule of a few steps."""
    for name, value in {"HELD_OUT": 4, "SAVE_EVERY": 3, "WARM_UP": 2}.items():
        monkeypatch.setattr(train_compact, name, value)


def run(monkeypatch: pytest.MonkeyPatch, out: Path, pictures: Path, teacher: Path, changes: dict[str, object]) -> None:
    """The command."""
    flags = ["--pictures", str(pictures), "--teacher", str(teacher)]
    flags += ["--out", str(out), "--work", str(out.parent / "work")]
    for name, value in (TINY | changes).items():
        flags += ["--set", f"{name}={json.dumps(value)}"]
    monkeypatch.setattr(sys, "argv", ["train_compact.py", *flags])
    train_compact.main()


def test_command_writes_a_file_that_loads(
    pictures: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "out.safetensors"
    run(monkeypatch, out, pictures, teacher, {"scales": (1, 2)})
    assert "step 12 " in capsys.readouterr().out
    net = load_compact(str(out))
    assert net.layers[:3] == ("relu1_1", "relu2_1", "relu3_1")
    assert net.layers[3:] == ("s2/relu1_1", "s2/relu2_1", "s2/relu3_1")
    with safe_open(out, "pt") as file:
        metadata = file.metadata()
        assert file.get_tensor("convs.0.weight").dtype == torch.float16
    assert json.loads(metadata["recipe"])["steps"] == 4
    assert metadata["teacher"].startswith("teacher.safetensors sha256 ")
    assert "Simonyan & Zisserman" in metadata["attribution"]
    again = tmp_path / "again.safetensors"
    run(monkeypatch, again, pictures, teacher, {"scales": (1, 2)})
    assert load_compact(str(again)).fingerprint == net.fingerprint, "a finished training writes its network again"
    further = tmp_path / "next" / "further.safetensors"
    further.parent.mkdir()
    run(monkeypatch, further, pictures, teacher, {"start": str(out), "seed": 3})
    with safe_open(further, "pt") as file:
        assert json.loads(file.metadata()["recipe"])["start"] == "out.safetensors"
        assert json.loads(file.metadata()["start"]) == metadata


def test_a_whole_teacher_teaches_up_to_relu5_1(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, teacher = tmp_path / "out.safetensors", write_teacher(tmp_path / "vgg19.safetensors", 13)
    plan = "8 relu1_1 P 8 relu2_1 P 8 relu3_1 P 8 relu4_1 8 relu4_2 P 8 relu5_1"
    run(monkeypatch, out, pictures, teacher, {"plan": plan, "heads": (4,) * 6, "rounds": 1})
    assert load_compact(str(out)).layers[-3:] == ("relu4_1", "relu4_2", "relu5_1")


def train_tiny(teacher: Path, pictures: Path, work: Path, stop: int, recipe: Recipe) -> Backbone:
    """Train until a step; what is not finished then continues in the next call."""
    net = load_backbone("vgg19", str(teacher))
    training = train_compact.Training(recipe, net, pictures, work, "cpu")
    training.prepare()
    for step in training.run():
        if step >= stop:
            break
    return training.net


def test_an_interrupted_training_ends_the_same(pictures: Path, teacher: Path, tmp_path: Path) -> None:
    whole = train_tiny(teacher, pictures, tmp_path / "whole", 12, tiny_recipe())
    for stop in (3, 8, 9, 12):  # in a round, before one (its painting lost), and in one with painted pictures
        resumed = train_tiny(teacher, pictures, tmp_path / "resumed", stop, tiny_recipe())
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)
    with pytest.raises(SystemExit, match="belongs to another recipe"):
        train_tiny(teacher, pictures, tmp_path / "resumed", 1, dataclasses.replace(tiny_recipe(), gram=2.0))
    another = write_teacher(tmp_path / "another.safetensors", 6)
    with pytest.raises(SystemExit, match="belongs to another recipe, teacher or folder of pictures"):
        train_tiny(another, pictures, tmp_path / "resumed", 1, tiny_recipe())


def test_an_earlier_training_in_the_folder_changes_nothing(pictures: Path, teacher: Path, tmp_path: Path) -> None:
    recipe = dataclasses.replace(tiny_recipe(), gram=2.0)
    fresh = train_tiny(teacher, pictures, tmp_path / "fresh", 12, recipe)
    train_tiny(teacher, pictures, tmp_path / "used", 12, tiny_recipe())
    (tmp_path / "used" / "checkpoint.pt").unlink()
    used = train_tiny(teacher, pictures, tmp_path / "used", 12, recipe)
    for one, other in zip(fresh.parameters(), used.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


def test_training_lowers_the_errors(pictures: Path, teacher: Path, tmp_path: Path) -> None:
    recipe = dataclasses.replace(tiny_recipe(), rounds=2, steps=60, rate=1e-2)
    training = train_compact.Training(recipe, load_backbone("vgg19", str(teacher)), pictures, tmp_path, "cpu")
    training.prepare()
    before = training.measure()
    assert max(training.run()) == 120
    after = training.measure()
    assert all(after[layer][0] < 0.7 * before[layer][0] for layer in after)
    assert set(training.distances()) == set(recipe.style)
