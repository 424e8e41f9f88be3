"""Numbered pictures as a clip: a folder, a wildcard (``f_*.png``) or a pattern (``f_%06d.png``) -> files, frames."""

import fnmatch
import hashlib
import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange
from videostyle.media.files import explained
from videostyle.media.names import SUFFIXES, pattern_of
from videostyle.media.read.headers import KINDS, decoder_of
from videostyle.media.stills import decode_picture

FORMAT = "image2"
"""FFmpeg's name of picture sequences"""
CLIPS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mxf", ".mpg", ".ts", ".mts", ".m2ts", ".gif"}
"""usual extensions of clips"""
WILDCARDS = re.compile(r"[*?\[]")
FILE_SAMPLES = 1 << 20, 64
"""for the hash of a file: bytes read from each end, and number of blocks read in between"""
PICTURE_SAMPLES = 1 << 14, 16
"""the same, for each picture of a sequence"""
BLOCK = 1 << 12
"""bytes per block"""


def is_sequence(path: Path) -> bool:
    """Whether a path means pictures: a folder, or a name with ``%d`` or a wildcard that is not itself a file."""
    return path.is_dir() or (not path.exists() and bool(pattern_of(path.name) or WILDCARDS.search(path.name)))


def has_file(clip: Clip) -> bool:
    """Whether the clip's path is a file; the path of a sequence is a folder, a pattern or a wildcard."""
    return clip.format != FORMAT


def files_of(path: Path) -> list[Path]:
    """The pictures of a sequence, ordered by number; raises MediaError if there are none or one is missing."""
    return [picture.path for picture in _ordered(path)]


def first_number(path: Path) -> int:
    """The number in the name of a sequence's first picture; raises MediaError as ``files_of`` does."""
    return _ordered(path)[0].number


def _ordered(path: Path) -> "list[_Numbered]":
    pictures = sorted(_numbered(path), key=lambda picture: (picture.number, picture.path.name))
    if not pictures:
        fault = "a folder without pictures" if path.is_dir() else "no picture has such a name"
        raise MediaError(f"{path}: {fault}; use a video file, or a folder or pattern of {KINDS} files")
    first = pictures[0]
    for before, picture in itertools.pairwise(pictures):
        name = picture.path.name
        if picture.around != first.around:
            raise MediaError(
                f"{path}: {name} is not named like {first.path.name}; use a pattern such as "
                f"{first.path.parent / first.around[0]}%0{first.digits}d{first.around[1]}{first.path.suffix}"
            )
        if picture.number == before.number:
            raise MediaError(f"{path}: {before.path.name} and {name} have the same number; keep only one of them")
        if picture.number != before.number + 1:
            missing = f"{first.around[0]}{before.number + 1:0{before.digits}d}{first.around[1]}{before.path.suffix}"
            raise MediaError(f"{path}: {missing} is missing before {name}; number the pictures without gaps")
    return pictures


@dataclass(frozen=True, slots=True)
class _Numbered:
    path: Path
    number: int
    digits: int
    around: tuple[str, str]
    """the name before and after the number, without the extension"""


def _numbered(path: Path) -> Iterator[_Numbered]:
    """The pictures that a path names, in any order; a single one needs no number."""
    if path.is_file():
        yield _Numbered(path, 0, 0, ("", ""))
        return
    folder = path if path.is_dir() else path.parent
    with explained(f"{path}: {folder} cannot be read", "use a folder of pictures"):
        there = [entry.name for entry in folder.iterdir()]
    names = [name for name in there if belongs(path, name)]
    # a folder that also holds a clip was probably not meant
    alone = len(names) == 1 and not any(Path(name).suffix.lower() in CLIPS for name in there if path.is_dir())
    pattern = None if path.is_dir() else pattern_of(path.name)
    for name in names:
        stem = Path(name).stem
        if pattern and (number := pattern.number(name)) is not None:
            digits = len(name) - len(pattern.before) - len(pattern.after)
            yield _Numbered(folder / name, number, digits, (pattern.before, stem[len(pattern.before) + digits :]))
            continue
        pieces = re.fullmatch(r"(.*?)([0-9]+)([^0-9]*)", stem)
        if pieces:
            yield _Numbered(folder / name, int(pieces[2]), len(pieces[2]), (pieces[1], pieces[3]))
        elif alone:
            yield _Numbered(folder / name, 0, 0, (stem, ""))
        else:
            raise MediaError(f"{path}: {name} has no number; use a pattern such as {folder}/f_%06d.png")


def belongs(path: Path, name: str) -> bool:
    """Whether a file of this name, in the folder of a sequence's pictures, is one of them."""
    if name.startswith(".") or Path(name).suffix.lower() not in SUFFIXES:
        return False
    if path.is_dir():
        return True
    pattern = pattern_of(path.name)
    return pattern.number(name) is not None if pattern else fnmatch.fnmatchcase(name, path.name)


def read(file: Path) -> tuple[av.VideoFrame, av.VideoCodecContext]:
    """Decode a picture; returns the frame and its decoder. Raises FFmpegError or OSError if it is damaged."""
    return decode_picture(file.read_bytes(), decoder_of(file))


def pictures(clip: Clip, frames: FrameRange) -> Iterator[tuple[int, av.VideoFrame]]:
    """(index, decoded frame) of a range; only its own files are opened, and damaged ones are left out."""
    files = files_of(clip.path)
    if len(files) != clip.num_frames:
        raise MediaError(f"{clip.path}: now {len(files)} pictures instead of {clip.num_frames}; restore them")
    for index in frames.indices:
        with suppress(OSError, av.FFmpegError):
            yield index, read(files[index])[0]


def default_name(clip: Clip) -> Path:
    """The path that the film's name is derived from: the file's, or the sequence's without number and extension.

    ``shots/a/`` -> ``shots/a``; ``a/f_%06d.png`` -> ``a/f``; ``a/*.png`` -> ``a``.
    """
    return clip.path if has_file(clip) else sequence_name(clip.path)


def sequence_name(path: Path) -> Path:
    """The path of a sequence without number and extension."""
    if not path.is_dir():
        pattern, wildcard = pattern_of(path.name), WILDCARDS.search(path.name)
        prefix = pattern.before if pattern else path.name[: wildcard.start() if wildcard else None]
        prefix = WILDCARDS.split(prefix)[0].rstrip("_-. ")
        path = path.with_name(prefix) if prefix else path.parent
    return path if path.name not in ("", "..") else path.resolve()


def identity(clip: Clip) -> str:
    """Hash that identifies a clip without reading all of it: sizes, samples of the content, all timestamps.

    Raises MediaError if the clip cannot be read.
    """
    digest = hashlib.sha256(f"{clip.stream} {clip.time_base} {clip.pts}".encode())
    sequence = not has_file(clip)
    ends, blocks = PICTURE_SAMPLES if sequence else FILE_SAMPLES
    with explained(f"{clip.path}: cannot be read", "check that the clip is still there"):
        for path in files_of(clip.path) if sequence else [clip.path]:
            length = path.stat().st_size
            digest.update(f"{path.name if sequence else ''} {length} ".encode(errors="surrogateescape"))
            with path.open("rb") as file:
                digest.update(file.read(ends))
                for block in range(blocks):  # uncompressed pictures may all have the same black ends
                    file.seek(length * (block + 1) // (blocks + 1))
                    digest.update(file.read(BLOCK))
                file.seek(max(0, length - ends))
                digest.update(file.read(ends))
    return digest.hexdigest()
