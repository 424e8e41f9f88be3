"""The nouns that pass between the rooms: numpy arrays in frozen dataclasses that check themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from videostyle.errors import SettingsError

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""RGB picture (H, W, 3) as it lies on disk: uint8 0..255, or uint16 0..65535 for sources deeper than 8 bits."""

Picture = NDArray[np.float32]
"""RGB picture (H, W, 3) in 0..1, for arithmetic."""


def to_picture(pixels: Pixels) -> Picture:
    """Pixels of either depth -> float32 in 0..1."""
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def to_pixels(picture: Picture, dtype: np.dtype[np.uint8] | np.dtype[np.uint16]) -> Pixels:
    """Float picture -> the nearest stored pixels; values outside 0..1 are clipped."""
    levels = np.iinfo(dtype).max
    pixels: Pixels = np.rint(np.clip(picture, 0, 1) * np.float32(levels)).astype(dtype)
    return pixels


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Half-open range of source frame numbers, 0-based: ``start <= frame < stop``."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise SettingsError(f"frames {self.start}:{self.stop}: wanted 0 <= first < end; give a range such as 0:24")

    def __len__(self) -> int:
        return self.stop - self.start

    def __contains__(self, frame: int) -> bool:
        return self.start <= frame < self.stop

    @property
    def indices(self) -> range:
        return range(self.start, self.stop)

    def __str__(self) -> str:
        return f"{self.start}:{self.stop}"


@dataclass(frozen=True, slots=True)
class Color:
    """How the clip's numbers mean colours: H.273 code points (2 = unspecified); range 1 = limited, 2 = full."""

    range: int = 0
    primaries: int = 2
    transfer: int = 2
    matrix: int = 2

    @property
    def hdr(self) -> bool:
        """Whether the transfer is one of high dynamic range: PQ or HLG."""
        return self.transfer in (16, 18)


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of a clip beside the picture that is rendered."""

    index: int
    kind: str
    """``audio``, ``subtitle``, ``video`` (another picture track or a cover), ``data``, ``attachment``"""
    codec: str
    language: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """A source clip as measured by demuxing it, not as its header says."""

    path: Path
    stream: int
    """index of the video stream that is rendered"""
    width: int
    """px, upright (after the display rotation)"""
    height: int
    """px, upright"""
    rate: Fraction
    """average frames per second"""
    time_base: Fraction
    """seconds per tick"""
    pts: tuple[int, ...]
    """presentation time of every frame in ticks, ascending; the frame index is the place in here"""
    durations: tuple[int, ...]
    """ticks that each frame stays"""
    depth: int = 8
    """bits per channel"""
    color: Color = field(default_factory=Color)
    alpha: bool = False
    """whether some pixel may be transparent"""
    rotation: int = 0
    """degrees counter-clockwise by which stored pictures were turned to be upright: 0, 90, 180, 270"""
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    """px of the stored pictures that the container hides: left, right, top, bottom"""
    sample_aspect: Fraction = Fraction(1)
    """width of a pixel over its height, upright"""
    interlaced: bool = False
    frames_missing: int = 0
    """frames that the header promises and the file does not hold (a truncated file); 0 where unknown"""
    tracks: tuple[Track, ...] = ()
    format: str = ""
    """container, FFmpeg's short name"""
    codec: str = ""
    pixel_format: str = "yuv420p"
    """FFmpeg's name of the format of the stored pictures"""
    stamped: bool = True
    """whether the times are the file's own; if not, frames are counted"""
    keys: tuple[tuple[int, int], ...] = ()
    """(pts, dts), ticks, of the key frames, ascending: where decoding may begin"""
    timecode: str = ""
    """SMPTE timecode of the first frame, ``HH:MM:SS:FF``; empty: it has none"""
    notes: tuple[str, ...] = ()
    """what the user should know about the file, a line each"""

    @property
    def num_frames(self) -> int:
        return len(self.pts)

    @property
    def frames(self) -> FrameRange:
        return FrameRange(0, len(self.pts))

    def seconds(self, frame: int) -> Fraction:
        """Presentation time of a frame in seconds."""
        return self.pts[frame] * self.time_base

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame's appearance to the last one's end."""
        return (self.pts[-1] + self.durations[-1] - self.pts[0]) * self.time_base

    @property
    def audio(self) -> tuple[Track, ...]:
        return tuple(track for track in self.tracks if track.kind == "audio")

    @property
    def dtype(self) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
        """How this clip's pictures are stored: 16 bits where the source is deeper than 8."""
        return np.dtype(np.uint16) if self.depth > 8 else np.dtype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a clip or film."""

    index: int
    """source frame number"""
    pts: Fraction
    """presentation time, seconds"""
    pixels: Pixels
    """(H, W, 3) RGB, upright"""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(
                f"frame pixels must be (H, W, 3) uint8/uint16, got {self.pixels.shape} {self.pixels.dtype}"
            )


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames that are stylized in order, each from the one before; here: one scene."""

    index: int
    frames: FrameRange
    keep: FrameRange
    """the frames that were asked for; those before are only led in through, those after are not rendered"""

    def __post_init__(self) -> None:
        if self.keep.start < self.frames.start or self.keep.stop > self.frames.stop:
            raise ValueError(f"chunk {self.index} keeps {self.keep} outside its frames {self.frames}")

    @property
    def render(self) -> FrameRange:
        """What must be rendered: from the chunk's first frame to the last one kept."""
        return FrameRange(self.frames.start, self.keep.stop)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """What moved between an earlier frame and the current one, and how far it can be trusted."""

    flow: NDArray[np.float32]
    """(H, W, 2) px, current -> previous: the pixel at p was at p + flow[p]; channel 0 is x"""
    consistency: NDArray[np.float32]
    """(H, W) in 0..1: 1 = the flow is trusted here, 0 = occluded, new, or outside the earlier frame"""

    def __post_init__(self) -> None:
        if self.flow.ndim != 3 or self.flow.shape[2] != 2 or self.consistency.shape != self.flow.shape[:2]:
            raise ValueError(f"motion: flow {self.flow.shape} and consistency {self.consistency.shape} do not fit")


@dataclass(frozen=True, slots=True, eq=False)
class TemporalTarget:
    """An earlier stylized frame warped to the current one, and where to hold on to it."""

    picture: Picture
    """(H, W, 3) RGB in 0..1"""
    weight: NDArray[np.float32]
    """(H, W) in 0..1"""


@dataclass(frozen=True, slots=True, eq=False)
class FrameTask:
    """One frame to be stylized: everything the stylizer knows about it."""

    content: Picture
    """(H, W, 3) RGB in 0..1"""
    initial: Picture
    """(H, W, 3) RGB in 0..1, where the optimisation starts"""
    temporal: tuple[TemporalTarget, ...] = ()
    first: bool = False
    """the first frame of a chunk: coarse to fine, with the iterations of a first frame"""
    neighbor_loss: float = 0.0
    """content and style loss of the frame before, by which a bad frame is known; 0: there is none"""


@dataclass(frozen=True, slots=True, eq=False)
class Stylized:
    """What the stylizer returns for one task."""

    picture: Picture
    """(H, W, 3) RGB in 0..1"""
    losses: Mapping[str, float]
    """each term at the end, weighted: ``content``, ``style``, ``temporal``, ``tv``"""
    iterations: int
    retried: str = ""
    """why the frame was rendered again from its content, or empty"""


@dataclass(frozen=True, slots=True)
class FrameDone:
    """A frame has been stored."""

    chunk: int
    frame: int
    losses: Mapping[str, float]
    iterations: int
    seconds: float
    """wall time of the batch it was part of, divided by the batch"""
    last: bool = False
    """whether its chunk is done with it"""
    retried: str = ""
