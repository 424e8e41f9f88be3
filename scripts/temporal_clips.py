"""The clips of bench_temporal.py: cases that break stylization, sequences whose motion is known, real clips.

Nothing here draws a case: the shared folder's own programs make the cases and the pictures of the sequences.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import FrameRange, Pixels
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe

Truth = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""flow from a frame to the one before, (H, W, 2) px, and where it is valid, (H, W)"""

RATE = 24
FRAMES = 12
"""of the sequences with larger motion, of the one with grain, and of every real clip"""
PANNED, SHUTTER, GRAIN = 36, 0.5, 7.0
"""px a frame at 256 lines; time that the shutter is open, as a share of a frame's; levels of 255, standard deviation"""
SUBFRAMES = 8
"""pictures averaged for a frame with motion blur"""
PHOTOS = ("kodim21.png", "kodim13.png", "kodim23.png", "kodim19.png", "kodim07.png")
REAL = {
    "portrait_turn.mp4": 50,  # a face
    "road_driving.mp4": 40,  # a camera that drives on
    "bmx_pan_240p.mp4": 20,  # one that pans fast
    "fox_indoor.mp4": 30,  # one that stands still
    "horse_running.mp4": 20,
    "rabbit_handheld.mp4": 30,
}
"""name -> first frame"""
SIDE = 180
"""px, short side of the real clips"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A clip to paint, and its exact motion where that is known."""

    kind: str
    """case, exact, or real"""
    path: Path
    truth: tuple[Truth, ...] = ()
    """for every frame from the second on; empty: unknown"""

    @property
    def name(self) -> str:
        return self.path.stem


def make_cases(shared: Path, folder: Path) -> list[Sample]:
    """Let the shared folder's program write its cases."""
    script = shared / "cases" / "make_cases.py"
    subprocess.run([sys.executable, script, shared / "data", folder], check=True, capture_output=True)
    return [Sample("case", path) for path in sorted(folder.glob("*.mp4"))]


def make_exact(shared: Path, folder: Path) -> list[Sample]:
    """The shared folder's three sequences, and one each with larger motion, a 2x zoom, grain, and motion blur."""
    script = load(shared / "data" / "make_synthetic.py")
    photos = [str(shared / "data" / "photos" / name) for name in PHOTOS]
    made = []
    for kind, back, front in (("pan_zoom", 0, None), ("fg_moving", 1, 2), ("static_bg", 3, 4)):
        pictures, truth = _sequence(script, kind, photos[back], None if front is None else photos[front])
        made.append(_sample(folder / f"{kind}.mkv", pictures, truth))
    photo = script.load_photo(photos[1], 0.9)
    rng = np.random.default_rng(0)
    for name, subframes, grain in (("fast", 1, 0.0), ("zoom", 1, 0.0), ("grain", 1, GRAIN), ("blur", SUBFRAMES, 0.0)):
        pictures, truth = _camera(script, photo, MOVES[name], subframes)
        grainy = [np.clip(np.rint(picture + rng.normal(0, grain, picture.shape)), 0, 255) for picture in pictures]
        made.append(_sample(folder / f"{name}.mkv", [picture.astype(np.uint8) for picture in grainy], truth))
    return made


def make_real(shared: Path, folder: Path) -> list[Sample]:
    """Some frames of each real clip, made smaller."""
    made = []
    for name, start in REAL.items():
        clip = probe(shared / "data" / "videos" / name)
        scale = SIDE / min(clip.width, clip.height)
        size = 2 * round(clip.width * scale / 2), 2 * round(clip.height * scale / 2)
        pictures = [frame.pixels for frame in decode(clip, FrameRange(start, start + FRAMES), size)]
        made.append(Sample("real", write_clip(folder / f"{Path(name).stem}.mkv", pictures)))
    return made


def load(path: Path) -> ModuleType:
    """A program as a module, from wherever it lies."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_clip(path: Path, pictures: Sequence[Pixels]) -> Path:
    """Encode pictures (H, W, 3) uint8 without any loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=RATE)
        stream.pix_fmt = "bgr0"
        stream.height, stream.width = pictures[0].shape[:2]
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture, np.uint8), "rgb24")))
        container.mux(stream.encode(None))
    return path


def _sample(path: Path, pictures: Sequence[Pixels], truth: Sequence[Truth]) -> Sample:
    return Sample("exact", write_clip(path, pictures), tuple(truth))


def _sequence(script: ModuleType, kind: str, back: str, front: str | None) -> tuple[list[Pixels], list[Truth]]:
    """One of the shared program's own sequences, from its functions: every second of its moments."""
    rng, radius = np.random.default_rng(0), 62
    phase = rng.uniform(0, 2 * np.pi, 2)
    ground, thing = script.load_photo(back, 0.9), None if front is None else script.load_photo(front, 0.9)
    center = None if thing is None else script.textured_centre(thing, radius)
    tracks = script.make_tracks(kind, ground, thing, rng, center)
    pictures, shapes, pure = script.render(kind, ground, thing, tracks, phase, radius, center)
    return pictures, [_truth(script, tracks, shapes, pure, at) for at in range(1, len(tracks))]


def _truth(script: ModuleType, tracks: Sequence[Any], shapes: Sequence[Any], pure: Sequence[Any], at: int) -> Truth:
    flow, valid, _ = script.flow_and_masks(tracks, shapes, pure, at)
    return flow, valid


def _camera(
    script: ModuleType, photo: NDArray[np.float32], move: Callable[[float], tuple[float, float]], subframes: int
) -> tuple[list[Pixels], list[Truth]]:
    """A camera over one photo. move: a frame's number, or one between -> px to the right, photo px per px."""
    height, width = photo.shape[:2]
    middle = (script.SIZE - 1) / 2

    def track(time: float) -> tuple[Any, None]:
        right, scale = move(time)
        return script.affine(scale, 0, middle, middle, width / 2 + right, height / 2), None

    def render(times: Sequence[float]) -> tuple[list[Pixels], list[Any], list[Any]]:
        pictures, shapes, pure = script.render("pan", photo, None, [track(time) for time in times], None, 0, None)
        return pictures, shapes, pure

    opened = [SHUTTER * ((step + 0.5) / subframes - 0.5) for step in range(subframes)]
    pictures = [np.mean(render([frame + late for late in opened])[0], 0) for frame in range(FRAMES)]
    tracks = [track(frame) for frame in range(FRAMES)]
    _, shapes, pure = render(range(FRAMES))
    rounded = [np.rint(picture).astype(np.uint8) for picture in pictures]
    return rounded, [_truth(script, tracks, shapes, pure, at) for at in range(1, FRAMES)]


def _across(step: float) -> Callable[[float], tuple[float, float]]:
    return lambda time: (step * (time - (FRAMES - 1) / 2), 1.0)


MOVES: dict[str, Callable[[float], tuple[float, float]]] = {
    "fast": _across(PANNED),
    "zoom": lambda time: (0.0, 1.6 * 2 ** (-time / (FRAMES - 1))),
    "grain": _across(3),
    "blur": _across(PANNED / 2),
}
"""the camera of each further sequence"""
