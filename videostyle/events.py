"""What a running job reports: values, handed to the caller's ``on_event``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know, in one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A download has made progress."""

    what: str
    done: int
    """bytes so far"""
    total: int
    """bytes in total; 0: unknown"""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A frame has been checked for a cut."""

    frame: int


@dataclass(frozen=True, slots=True)
class Planned:
    """The job is ready to render."""

    clip: Path
    output: Path
    job: Path | None
    """None: a single picture, which needs no job folder"""
    frames: int
    frames_to_render: int
    """the film's frames, plus those before and between them in a scene, which are painted but not kept"""
    frames_stored: int
    """frames that an earlier run finished"""
    frames_alike: int
    """about how many of the other frames repeat an earlier one and need not be painted"""
    size: tuple[int, int]
    """width, height of the film, px"""
    work: tuple[int, int]
    """width, height at which frames are painted, px"""
    scenes: tuple[str, ...]
    """frame ranges ``A:B``; a scene is named by its first frame A"""
    render: tuple[str, ...]
    """frames to be rendered in each scene, ``A:B``"""
    artworks: tuple[str, ...]
    painter: str
    reason: str
    """one sentence: why this painter was chosen"""
    device: str
    slots: int
    """chunks that a worker paints as one batch"""
    seconds: float
    """estimate: painting what is not stored yet, and finishing the film"""
    seconds_first: float
    """estimate for the first frame of a scene; 0, like the next two, if all frames are stored"""
    seconds_later: float
    """estimate for every other frame"""
    bytes: int
    """most memory that painting or finishing needs, all workers together, in addition to the program's own"""
    fingerprint: str
    """of clip, artworks and settings"""
    passes: int = 1
    """how often each frame is painted"""
    passed: int = 0
    """how many frames unfinished passes have painted, all passes together"""
    workers: int = 1
    """processes that paint chunks at the same time; 1: the program itself"""
    bytes_per_worker: int = 0
    """memory of each; if there are several, their own programs included"""
    slowest: Mapping[str, float] = field(default_factory=dict)
    """scenes that hold it up, because they take longer than a fair share of the work -> seconds; slowest first"""
    preset: str = ""
    """preset that the settings started from"""
    settings: Mapping[str, object] = field(default_factory=dict)
    """dotted name -> value of every setting"""
    command: tuple[str, ...] = ()
    """command line that makes the same film or picture; empty if an artwork is not a file"""


@dataclass(frozen=True, slots=True)
class Iterated:
    """The optimizer has advanced within the batch being painted; long first frames report several times."""

    done: int
    total: int
    finishing: bool = False
    """whether the frame is painted, and this counts the rows of a large still that are finished"""


@dataclass(frozen=True, slots=True)
class FrameDone:
    """A frame has been stored."""

    chunk: int
    """name of its chunk: the first frame of its scene"""
    frame: int
    losses: Mapping[str, float]
    """final value of each weighted term"""
    iterations: int
    seconds: float
    """wall time of its batch, divided by the number of frames in the batch"""
    last: bool = False
    """whether it completes its chunk"""
    retried: str = ""
    """why it was painted again; empty if it was not"""
    repeats: int | None = None
    """the earlier frame that it repeats and whose pixels and losses it has; None if it was painted"""
    passes_left: int = 0
    """how often it will be painted again; see the setting temporal.passes"""


@dataclass(frozen=True, slots=True)
class FrameWritten:
    """A stored frame has been handed to the encoder."""

    frame: int
    total: int


@dataclass(frozen=True, slots=True)
class FilmDone:
    """The film is written."""

    path: Path
    """the film, or the job folder if no film was requested"""
    frames: int
    frames_lost: int
    """requested frames that the clip lists but that could not be decoded"""
    seconds: float
    """wall time of rendering and encoding"""
    frames_damaged: int = 0
    """frames of the film in which the decoder has patched up damage; others may show traces of it"""


@dataclass(frozen=True, slots=True)
class CellPainted:
    """Another picture of a contact sheet is painted; the first event says that none is."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job has ended with an error; frames that are stored are kept."""

    kind: str
    """name of the error's class, such as ``MediaError``"""
    text: str


@dataclass(frozen=True, slots=True)
class JobStopped:
    """A job was stopped before it was done; frames that are stored are kept."""


@dataclass(frozen=True, slots=True)
class ClipPlanned:
    """A line of a batch's table."""

    number: int
    """from 1"""
    clip: Path
    output: Path
    artworks: tuple[str, ...]
    preset: str
    frames: int
    """0: the clip cannot be read"""
    size: tuple[int, int]
    """width, height of the film, px"""
    seconds: float
    """rough estimate: the clip's scenes are not known yet"""
    status: str
    """``waiting``, ``done`` by an earlier run, or ``failed``"""
    text: str
    """why it failed"""
    log: Path
    """file that keeps the events of its job, once it has begun"""


@dataclass(frozen=True, slots=True)
class BatchPlanned:
    """The whole table has been reported; nothing has been rendered yet."""

    folder: Path
    """logs of the batch and its clips"""
    clips: int
    waiting: int
    """clips to render"""
    seconds: float
    """estimate for all of them"""
    budget: float
    """seconds until the batch has to end; 0: no limit"""
    bytes: int
    """estimated disk space that films, and the largest job folders that may exist at a time, take at most"""


@dataclass(frozen=True, slots=True)
class ClipBegun:
    """A batch goes on with a clip; the events of its job follow."""

    number: int
    total: int
    clip: Path
    output: Path
    preset: str
    log: Path
    """file that keeps the events of its job"""


@dataclass(frozen=True, slots=True)
class ClipTurn:
    """The events of jobs that follow are those of another clip, which was begun before; several take turns."""

    number: int


@dataclass(frozen=True, slots=True)
class ClipDone:
    """A batch has dealt with a clip; one that is left because a fault may pass has a second one at the end."""

    number: int
    clip: Path
    output: Path
    status: str
    """``done``, ``failed``, or ``left`` for the next time"""
    preset: str
    """that it was rendered with, which may be the job's fallback"""
    frames: int
    """of the film; 0 if there is none"""
    seconds: float
    """wall time since its painting was begun, or what it took to find out that this cannot be; 0: none"""
    text: str
    """why it failed or was left"""
    log: Path


@dataclass(frozen=True, slots=True)
class BatchDone:
    """A batch has ended."""

    done: int
    """films that exist now, those of earlier runs included"""
    failed: int
    left: int
    seconds: float


Event = (
    Notice
    | Fetched
    | Scanned
    | Planned
    | Iterated
    | FrameDone
    | FrameWritten
    | FilmDone
    | CellPainted
    | JobFailed
    | JobStopped
    | ClipPlanned
    | BatchPlanned
    | ClipBegun
    | ClipTurn
    | ClipDone
    | BatchDone
)
OnEvent = Callable[[Event], object]


def ignore(_: Event) -> None:
    """Ignore an event."""
