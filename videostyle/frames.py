"""The values that pass between the rooms: numpy arrays in frozen dataclasses that validate themselves."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from videostyle.errors import SettingsError

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
"""RGB picture (H, W, 3) as stored on disk: uint8 0..255, or uint16 0..65535 for sources with more than 8 bits."""

Picture = NDArray[np.float32]
"""RGB picture (H, W, 3) in 0..1, for arithmetic."""

Bars = tuple[int, int, int, int]
"""Widths of plain borders of upright frames that are not part of the picture, px: left, right, top, bottom."""
NO_BARS: Bars = (0, 0, 0, 0)

BRIGHTNESS = (0.2126, 0.7152, 0.0722)
"""Weights of R, G, and B in luma, ITU-R BT.709."""


def to_picture(pixels: Pixels) -> Picture:
    """Pixels of either depth -> float32 in 0..1."""
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def to_pixels(picture: Picture, dtype: np.dtype[np.uint8] | np.dtype[np.uint16]) -> Pixels:
    """Float picture -> the nearest pixels; values outside 0..1 are clipped."""
    levels: Picture = np.clip(picture, 0, 1)
    levels *= np.float32(np.iinfo(dtype).max)
    return cast(Pixels, np.rint(levels, out=levels).astype(dtype))


def to_bytes(pixels: Pixels) -> NDArray[np.uint8]:
    """Pixels of either depth -> uint8, by dropping the lower bits."""
    return (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels.astype(np.uint8, copy=False)


def hash_of(pixels: Pixels) -> str:
    """Hash of a picture's shape, type and values, as hex digits."""
    return hashlib.sha256(f"{pixels.shape} {pixels.dtype}".encode() + pixels.tobytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Half-open range of source frame numbers, 0-based: ``start <= frame < stop``."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise SettingsError(f"frames {self.start}:{self.stop}: wanted 0 <= first < end; use a range such as 0:24")

    def __len__(self) -> int:
        return self.stop - self.start

    def __contains__(self, frame: int) -> bool:
        return self.start <= frame < self.stop

    @property
    def indices(self) -> range:
        return range(self.start, self.stop)

    def __str__(self) -> str:
        return f"{self.start}:{self.stop}"


Chromaticities = tuple[float, ...]
"""x and y of red, green, blue and white (CIE 1931): eight numbers, or none"""


@dataclass(frozen=True, slots=True)
class Color:
    """What a clip's code values mean: H.273 code points (2 = unspecified); range 1 = limited, 2 = full."""

    range: int = 0
    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    chromaticities: Chromaticities = ()
    """of clips stored as linear light (OpenEXR), instead of H.273's primaries; empty for all others"""
    profile: bytes = field(default=b"", repr=False)
    """ICC profile of a single picture, which then says what its values mean; empty: there is none, or it is sRGB"""

    @property
    def linear(self) -> bool:
        """Whether the clip is stored as linear light; its pixels are then values of ``media.light``."""
        return bool(self.chromaticities)

    @property
    def hdr(self) -> bool:
        """Whether the transfer function is PQ or HLG (high dynamic range)."""
        return self.transfer in (16, 18)


@dataclass(frozen=True, slots=True)
class Clip:
    """A source clip, measured by demuxing it rather than read from its header."""

    path: Path
    stream: int
    """index of the video stream to paint"""
    width: int
    """px, upright (after the display rotation)"""
    height: int
    """px, upright"""
    rate: Fraction
    """average frames per second"""
    time_base: Fraction
    """seconds per tick"""
    pts: tuple[int, ...] = field(repr=False)
    """presentation time of every frame in ticks, ascending; a frame's number is its index here"""
    durations: tuple[int, ...] = field(repr=False)
    """how long each frame is shown, ticks"""
    depth: int = 8
    """bits per channel"""
    color: Color = field(default_factory=Color)
    alpha: bool = False
    rotation: int = 0
    """degrees counterclockwise that turn stored pictures upright: 0, 90, 180 or 270"""
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    """px that the container crops from stored pictures: left, right, top, bottom"""
    bars: Bars = NO_BARS
    """cut from its frames; see ``media.read.crop.without_bars``"""
    sample_aspect: Fraction = Fraction(1)
    """pixel width over pixel height, upright"""
    interlaced: bool = False
    pulldown: str = ""
    """order of the fields, ``tff`` or ``bff``, of film with 3:2 pulldown in its frames; empty if there is none"""
    frames_missing: int = 0
    """frames that the header promises but a truncated file lacks; 0 if unknown"""
    format: str = ""
    """FFmpeg's short name for the container"""
    codec: str = ""
    profile: str = ""
    """FFmpeg's name for the codec's profile; empty if unknown"""
    pixel_format: str = "yuv420p"
    """FFmpeg's name for the pixel format of stored pictures"""
    stamped: bool = True
    """whether the timestamps are the file's own; if not, they come from counting frames"""
    given_rate: Fraction | None = None
    """frames per second from the user, for a source without timestamps"""
    keys: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    """(pts, dts) of the keyframes in ticks, ascending: where decoding may begin"""
    timecode: str = ""
    """SMPTE timecode of the first frame, ``HH:MM:SS:FF``; empty if there is none"""
    notes: tuple[str, ...] = ()
    """notices about the file, one line each"""
    extras: tuple[str, ...] = ()
    """names of what its pictures carry besides their colors, such as captions, and some films cannot"""

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
        """Seconds from the start of the first frame to the end of the last."""
        return (self.pts[-1] + self.durations[-1] - self.pts[0]) * self.time_base

    @property
    def dtype(self) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
        """Type of the stored painted frames: 16 bits per channel if the source has more than 8."""
        return np.dtype(np.uint16) if self.depth > 8 else np.dtype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a clip or film."""

    index: int
    pts: Fraction
    """presentation time, seconds"""
    pixels: Pixels
    """(H, W, 3) RGB, upright"""
    damaged: bool = False
    """whether the decoder has found damage in the frame and patched it up"""

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"frame pixels must be (H, W, 3) uint8/uint16, got {pixels.shape} {pixels.dtype}")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames that are painted in order, each from the one before: one scene."""

    frames: FrameRange
    keep: FrameRange
    """from the first to the last selected frame; those before and between them are painted too, those after are not"""
    whole: bool = False
    """whether those after are painted nevertheless, because paint also comes from later frames"""

    def __post_init__(self) -> None:
        if self.keep.start < self.frames.start or self.keep.stop > self.frames.stop:
            raise ValueError(f"chunk {self.name} keeps {self.keep}, which is outside its frames {self.frames}")

    @property
    def name(self) -> int:
        """The chunk's first frame: the same for a range as for the full render."""
        return self.frames.start

    @property
    def render(self) -> FrameRange:
        """The frames to render: from the chunk's first frame to the last one kept, or to its last one."""
        return self.frames if self.whole else FrameRange(self.frames.start, self.keep.stop)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """The motion between an earlier frame and the current one, and where it can be trusted."""

    flow: NDArray[np.float32]
    """(H, W, 2) px, current -> previous: the pixel at p was at p + flow[p]; channel 0 is x"""
    consistency: NDArray[np.float32]
    """(H, W) in 0..1: 1 = the flow is trusted here, 0 = occluded, new, or outside the earlier frame"""

    def __post_init__(self) -> None:
        if self.flow.ndim != 3 or self.flow.shape[2] != 2 or self.consistency.shape != self.flow.shape[:2]:
            raise ValueError(f"motion: flow {self.flow.shape} and consistency {self.consistency.shape} do not fit")


@dataclass(frozen=True, slots=True, eq=False)
class TemporalTarget:
    """An earlier painted frame warped to the current one, and how strongly to follow it."""

    picture: Picture
    weight: NDArray[np.float32]
    """(H, W) in 0..1"""


@dataclass(frozen=True, slots=True, eq=False)
class FrameInput:
    """Everything the renderer knows about a frame before it is painted."""

    index: int
    content: Picture
    first: bool = False
    """whether this is the first frame of its chunk"""
    earlier: Mapping[int, TemporalTarget] = field(default_factory=dict)
    """number of frames back (negative: ahead, in a loop), in the order in which they claim pixels -> that painted frame
    warped to this one, and where to trust it"""
    losses_before: Mapping[str, float] = field(default_factory=dict)
    """median losses of the frames before in the chunk, as reported by their painter; empty if there are none"""
    developed: NDArray[np.float32] | None = None
    """(H, W) in 0..1: how far the paint of the earlier frames has been worked out; None: fully"""
    own: Picture | None = None
    """this frame as the pass before painted it; None: this is the first pass"""


@dataclass(frozen=True, slots=True, eq=False)
class FrameTask:
    """One frame to paint: what it shows, where painting starts, and what it must match; see ``FrameInput``."""

    content: Picture
    initial: Picture
    held: tuple[TemporalTarget, ...] = ()
    """earlier painted frames that it should match"""
    first: bool = False
    losses_before: Mapping[str, float] = field(default_factory=dict)
    need: float = 0.0
    """share of the picture that still needs a first frame's work, 0..1"""


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """What a painter returns for one task."""

    picture: Picture
    losses: Mapping[str, float] = field(default_factory=dict)
    """each weighted loss term at the end; its keys depend on the frame alone, never on the batch"""
    iterations: int = 0
    """evaluations of the loss; 0 for painters without a loss"""
    retried: str = ""
    """why the frame was painted a second time; empty if it was not"""
