"""A recipe and networks small enough for tests."""

import dataclasses
from pathlib import Path

from recipe import Recipe
from safetensors.torch import save_file
from student import student

from tests.paint.backbones.networks import published_tensors
from videostyle.paint.backbones.backbone import Backbone

TINY = {
    "plan": "8 relu1_1 P 8 relu2_1 P 8 relu3_1",
    "heads": (4, 4, 4),
    "scales": (1,),
    "style": ("relu1_1", "relu2_1", "relu3_1"),
    "content": ("relu3_1",),
    "windows": 12,
    "side": 32,
    "rounds": 3,
    "steps": 4,
    "batch": 4,
    "painted": 8,
    "painted_from": 1,
    "turns": 2,
    "slope": 0.5,
    "slope_from": 2,
}


def tiny_recipe() -> Recipe:
    return dataclasses.replace(Recipe(), **TINY)


def fresh(recipe: Recipe) -> Backbone:
    return student(recipe.plan, recipe.heads, recipe.seed)


def write_teacher(path: Path, convolutions: int = 5) -> Path:
    save_file(published_tensors(convolutions=convolutions), path)
    return path
