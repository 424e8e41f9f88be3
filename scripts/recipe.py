"""The recipe of the compact network: everything that decides the result of its training."""

import dataclasses
import json
from typing import Any


@dataclasses.dataclass(frozen=True)
class Recipe:
    """All settings of the training, by default those of the network that ships; stored in the network's metadata."""

    plan: str = (
        "16 relu1_1 P 32 64d 64d relu2_1 P 128d 128d 128d relu3_1 P 192d 192d relu4_1 192d relu4_2 P 256d 256d relu5_1"
    )
    heads: tuple[int, ...] = (16, 48, 96, 128, 64, 128)
    """principal directions of the teacher that the student predicts, per layer"""
    scales: tuple[int, ...] = (1,)
    """of the finished network (see Backbone); the training uses one"""
    style: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    style_weights: tuple[float, ...] = (0.15, 0.2, 0.3, 0.2, 0.15)
    """of the finished network, as is ``content``; in the training all style layers count the same"""
    content: tuple[str, ...] = ("relu3_1",)
    windows: int = 4608
    """pictures cut from the folder; the teacher sees each once"""
    side: int = 160
    """side of a window, px: relu5_1 of VGG-16 sees 132 px"""
    rounds: int = 12
    """before each round the student paints, and the teacher looks at what it painted"""
    steps: int = 750
    """of a round"""
    batch: int = 8
    rate: float = 3e-3
    """Adam's"""
    mixing_rate: float = 0.02
    """Muon's, for the kernels that mix channels"""
    gram: float = 1.0
    """weight of the error of Gram matrices"""
    slope: float = 0.0
    """weight of the error of the style loss's gradient in painted pictures: doubles the time of a step, helps little"""
    slope_from: int = 8
    """first round in which that error counts; rounds are numbered from 0"""
    noise: float = 0.5
    """share of disturbed pictures"""
    painted: int = 256
    """pictures that the student paints on; 0: none"""
    painted_from: int = 6
    """first round before which it paints"""
    practice: float = 0.5
    """share of a batch that the student has painted itself"""
    turns: int = 12
    """gradient steps on each painted picture before a round"""
    bfloat16: bool = True
    """train in bfloat16: faster on processors that support it"""
    start: str = ""
    """file of a student whose first convolutions are taken over; empty: start from scratch"""
    seed: int = 0


def read_recipe(assignments: list[str]) -> Recipe:
    """The default recipe with some fields replaced: ``steps=9000``, ``scales=[1, 2]``, ``plan="16 relu1_1"``."""
    changes: dict[str, Any] = {}
    usual = dataclasses.asdict(Recipe())
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        if name not in usual:
            raise SystemExit(f"--set {name}: no such field; choose from {', '.join(usual)}")
        try:
            changes[name] = json.loads(value)
        except json.JSONDecodeError:
            raise SystemExit(f"--set {assignment}: not JSON; write --set {name}={json.dumps(usual[name])!r}") from None
        if isinstance(usual[name], int) and not isinstance(changes[name], int):
            raise SystemExit(f"--set {assignment}: {name} is a whole number")
    changes |= {name: tuple(value) for name, value in changes.items() if isinstance(value, list)}
    return dataclasses.replace(Recipe(), **changes)
