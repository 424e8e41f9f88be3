"""The recipe of the compact network: everything that decides the result of its training."""

import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class Recipe:
    """All settings of the training; stored in the metadata of the network."""

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
    """weight of the error of the style loss's gradient in painted pictures"""
    slope_from: float = 0.7
    """share of the steps before that error counts: it more than doubles the time of a step and helps little at first"""
    noise: float = 0.5
    """share of disturbed pictures"""
    practice: float = 0.5
    """share of pictures that the student has painted itself"""
    bfloat16: bool = True
    """train in bfloat16: several times faster on processors that support it"""
    start: str = ""
    """file of a student, of this width or another, to start from; empty: start from scratch"""
    pool: str = ""
    """checkpoint whose painted pictures fill the pool at the start; empty: start with an empty pool"""
    seed: int = 0


def read_recipe(assignments: list[str]) -> Recipe:
    """The default recipe with some fields replaced: ``steps=9000``, ``scales=[1, 2]``, ``plan="16 relu1_1"``."""
    changes = {name: json.loads(value) for name, _, value in (a.partition("=") for a in assignments)}
    known = [field.name for field in dataclasses.fields(Recipe)]
    if unknown := set(changes) - set(known):
        raise SystemExit(f"--set {unknown.pop()}: no such field; choose from {', '.join(known)}")
    changes |= {name: tuple(value) for name, value in changes.items() if isinstance(value, list)}
    return dataclasses.replace(Recipe(), **changes)
