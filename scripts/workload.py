"""What scripts/gpu_check.py paints: sizes, pictures, clips, networks, and painters."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from demo_encode import create_clip

from videostyle.demo import ART
from videostyle.frames import FrameInput, FrameTask, Pixels, TemporalTarget, to_picture
from videostyle.media.stills import read_picture
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.device import prepare_process
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.presets import compose

PRESET = "standard"
PRECISIONS = ("bfloat16", "float32")
NETWORKS = ("compact", "vgg16")
VGG16_PLAN = (
    "64 relu1_1 64 relu1_2 P 128 relu2_1 128 relu2_2 P 256 relu3_1 256 relu3_2 256 relu3_3 P "
    "512 relu4_1 512 relu4_2 512 relu4_3 P 512 relu5_1"
)
"""Simonyan & Zisserman 2015, configuration D, up to relu5_1"""
RATE, SOUND_RATE = 16, 48000
"""of the clips: frames per second, Hz"""
STEP = 4
"""px that the picture moves from frame to frame"""

Size = tuple[int, int]
"""height, width, px"""


@dataclass(frozen=True, slots=True)
class Workload:
    """What is painted, and how much of it."""

    device: torch.device
    speed: tuple[Size, ...]
    """sizes of frames that are painted one at a time"""
    slots: tuple[Size, ...]
    """sizes of frames that are painted in batches"""
    slot_networks: tuple[str, ...]
    memory: tuple[Size, ...]
    """sizes of frames whose memory is measured"""
    law_precisions: tuple[str, ...]
    law: Size
    """size of the clip whose jobs must have equal frames"""
    job: Size
    """size of the clip whose job is timed"""
    scenes: int
    """in the larger clip; the other has half as many"""
    matmul: int
    """side of the matrices whose product measures the GPU's peak"""
    iterations: int
    first_iterations: int

    def values(self, precision: str = "auto", **more: object) -> dict[str, Any]:
        """Settings that differ from the preset's; in keywords, a double underscore stands for the dot in a name."""
        return {
            "backbone.name": "compact",
            "backbone.device": str(self.device),
            "optimize.precision": precision,
            "optimize.iterations": self.iterations,
            "optimize.first_iterations": self.first_iterations,
            "scene.detector": "content",
            **{name.replace("__", "."): value for name, value in more.items()},
        }

    def painter(self, network: str = "compact", precision: str = "auto", **more: object) -> Optimizer:
        """A painter, with the process prepared as in a real job."""
        prepare_process(self.device)
        settings = compose(PRESET, self.values(precision, **more))
        return Optimizer(backbone_of(network), [read_picture(ART)], settings, self.device)


REAL = Workload(
    device=torch.device("cuda", 0),
    speed=((360, 640), (720, 1280), (1080, 1920)),
    slots=((360, 640), (720, 1280)),
    slot_networks=NETWORKS,
    memory=((1080, 1920), (2160, 3840)),
    law_precisions=PRECISIONS,
    law=(360, 640),
    job=(720, 1280),
    scenes=8,
    matmul=8192,
    iterations=12,  # as in the preset draft
    first_iterations=120,
)
TOY = Workload(
    device=torch.device("cpu"),
    speed=((32, 40),),
    slots=((32, 40),),
    slot_networks=("compact",),
    memory=((32, 40),),
    law_precisions=("float32",),
    law=(32, 40),
    job=(32, 40),
    scenes=4,
    matmul=128,
    iterations=2,
    first_iterations=3,
)


def backbone_of(network: str) -> Backbone:
    """One of ``NETWORKS``."""
    return vgg16() if network == "vgg16" else load_backbone("compact")


def vgg16() -> Backbone:
    """VGG-16 with random weights: as fast as the trained network, without a download."""
    generator, tensors, width = torch.Generator().manual_seed(0), dict[str, torch.Tensor](), 3
    for index, channels in enumerate(int(token) for token in VGG16_PLAN.split() if token.isdigit()):
        scale = (2 / (9 * width)) ** 0.5  # He et al. 2015: features neither vanish nor explode
        tensors[f"convs.{index}.weight"] = torch.randn(channels, width, 3, 3, generator=generator) * scale
        tensors[f"convs.{index}.bias"] = torch.zeros(channels)
        width = channels
    return Backbone(
        "vgg16",
        VGG16_PLAN,
        tensors,
        pooling="max",
        default_style=[f"relu{block}_1" for block in range(1, 6)],  # the layers of Gatys et al. 2016
        default_content=["relu4_2"],
    )


def view(size: Size, frame: int = 0, scene: int = 0) -> Pixels:
    """A picture (height, width, 3) of a pan across the demo's artwork; each scene has its own colors and place.

    The artwork is mirrored beyond its borders.
    """
    art = np.roll(read_picture(ART), scene, axis=2)
    art = 255 - art if scene % 2 else art
    rows, columns = (
        _mirrored(np.arange(count) + STEP * frame + 97 * scene, side)
        for count, side in zip(size, art.shape[:2], strict=True)
    )
    return np.ascontiguousarray(art[rows][:, columns])


def _mirrored(places: Any, side: int) -> Any:
    places = places % (2 * side)
    return np.where(places < side, places, 2 * side - 1 - places)


def first_task(painter: Optimizer, size: Size) -> FrameTask:
    return painter.task(FrameInput(0, to_picture(view(size)), first=True))


def later_task(painter: Optimizer, size: Size, frame: int = 1) -> FrameTask:
    """A frame that starts from the previous view and is held to it."""
    before = TemporalTarget(to_picture(view(size, frame - 1)), np.ones(size, np.float32))
    return painter.task(FrameInput(frame, to_picture(view(size, frame)), earlier={1: before}))


def write_scenes(path: Path, size: Size, scenes: int, frames: int) -> Path:
    """Write a clip with silence and several scenes of this many frames each."""
    pictures = (view(size, frame, scene) for scene in range(scenes) for frame in range(frames))
    silence = np.zeros((scenes * frames * SOUND_RATE // RATE, 2), np.int16)
    create_clip(path, pictures, RATE, silence, SOUND_RATE)
    return path


def difference(one: Mapping[int, Pixels], other: Mapping[int, Pixels]) -> dict[str, Any]:
    """Difference of stored frames, in levels of 255."""
    if one.keys() != other.keys():
        raise RuntimeError(f"{len(one)} frames against {len(other)}")
    levels = np.stack([np.abs(one[frame].astype(int) - other[frame]) for frame in one])
    return {
        "max": int(levels.max()),
        "mean": float(levels.mean()),
        "identical": not levels.any(),
        "frames": len(one),
    }
