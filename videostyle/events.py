"""What a running job reports: values, handed to the caller's ``on_event``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know, in one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A download, or the check of one, goes on."""

    what: str
    done: int
    """bytes so far"""
    total: int
    """bytes in all; 0: unknown"""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A frame has been searched for a scene border."""

    frame: int


@dataclass(frozen=True, slots=True)
class Planned:
    """The job is ready to render."""

    clip: Path
    output: Path
    job: Path
    frames: int
    frames_to_render: int
    """those of the film plus the lead-in of a range"""
    frames_stored: int
    """frames that an earlier run has finished"""
    size: tuple[int, int]
    """width, height of the film, px"""
    work: tuple[int, int]
    """width, height at which frames are painted, px"""
    scenes: tuple[str, ...]
    """frame ranges ``A:B``; a scene is named by its first frame A"""
    render: tuple[str, ...]
    """what must be rendered of each scene, ``A:B``"""
    artworks: tuple[str, ...]
    painter: str
    reason: str
    """one sentence: why this one"""
    device: str
    slots: int
    """chunks painted as one batch"""
    seconds: float
    """estimate for the frames that are not stored yet"""
    seconds_first: float
    """estimate for the first frame of a scene"""
    seconds_later: float
    """estimate for every other frame"""
    bytes: int
    """memory needed besides the program's own"""
    fingerprint: str
    """of clip, artworks and settings"""


@dataclass(frozen=True, slots=True)
class Iterated:
    """The optimizer has advanced within the batch being painted; long first frames report several times."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class FrameDone:
    """A frame has been stored."""

    chunk: int
    """name of its chunk: the first frame of the scene"""
    frame: int
    losses: Mapping[str, float]
    """each weighted loss term at the end"""
    iterations: int
    seconds: float
    """wall time of the batch it was part of, divided by the size of the batch"""
    last: bool = False
    """whether its chunk is finished with it"""
    retried: str = ""
    """why it was painted a second time, or empty"""


@dataclass(frozen=True, slots=True)
class FrameWritten:
    """A stored frame has been handed to the encoder."""

    frame: int
    total: int


@dataclass(frozen=True, slots=True)
class FilmDone:
    """The film is written."""

    path: Path
    """the film; the job folder where no film was wanted"""
    frames: int
    frames_lost: int
    """frames asked for that the clip promised and that could not be decoded"""
    seconds: float
    """wall time of rendering and encoding"""


Event = Notice | Fetched | Scanned | Planned | Iterated | FrameDone | FrameWritten | FilmDone
OnEvent = Callable[[Event], object]


def ignore(_: Event) -> None:
    """Take an event and do nothing."""
