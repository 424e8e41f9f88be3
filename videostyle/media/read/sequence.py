"""Numbered pictures as a clip: a folder, a wildcard (``f_*.png``) or a pattern (``f_%06d.png``) -> files, frames."""

import fnmatch
import hashlib
import itertools
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange
from videostyle.media.files import explained
from videostyle.media.stills import DAMAGE, decode_picture

FORMAT = "image2"
"""FFmpeg's name of picture sequences"""
DECODERS = {"PNG": "png", "JPEG": "mjpeg", "TIFF": "tiff", "BMP": "bmp", "WEBP": "webp", "TGA": "targa"}
"""Pillow's name of a picture format -> FFmpeg's decoder"""
SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".tga"}
KINDS = "PNG, JPEG, TIFF, BMP, WebP or TGA"
NUMBER = re.compile(r"%(?:0(\d+))?d")
WILDCARDS = re.compile(r"[*?\[]")
ORIENTATION = 274
"""number of the EXIF tag"""
FILE_SAMPLES = 1 << 20, 64
"""for the hash of a file: bytes read from each end, and number of blocks read in between"""
PICTURE_SAMPLES = 1 << 14, 16
"""the same, for each picture of a sequence"""
BLOCK = 1 << 12
"""bytes per block"""


def is_sequence(path: Path) -> bool:
    """Whether a path means pictures: a folder, or a name with ``%d`` or a wildcard that is not itself a file."""
    return path.is_dir() or (not path.exists() and bool(NUMBER.search(path.name) or WILDCARDS.search(path.name)))


def has_file(clip: Clip) -> bool:
    """Whether the clip's path is a file; the path of a sequence is a folder, a pattern or a wildcard."""
    return clip.format != FORMAT


def files_of(path: Path) -> list[Path]:
    """The pictures of a sequence, ordered by number; raises MediaError if there are none or one is missing."""
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
    return [picture.path for picture in pictures]


@dataclass(frozen=True, slots=True)
class _Numbered:
    path: Path
    number: int
    digits: int
    around: tuple[str, str]
    """the name before and after the number, without the extension"""


def _numbered(path: Path) -> Iterator[_Numbered]:
    """The pictures that a path names, in any order."""
    folder, pattern = (path, "*") if path.is_dir() else (path.parent, path.name)
    with explained(f"{path}: {folder} cannot be read", "use a folder of pictures"):
        names = [entry.name for entry in folder.iterdir()]
    placeholder = NUMBER.search(pattern)
    for name in names:
        stem = Path(name).stem
        if name.startswith(".") or Path(name).suffix.lower() not in SUFFIXES:
            continue
        if placeholder:
            before, after = pattern[: placeholder.start()], pattern[placeholder.end() :]
            digits = name.removeprefix(before).removesuffix(after)
            if digits.isdecimal() and name == f"{before}{int(digits):0{placeholder[1] or 1}d}{after}":
                yield _Numbered(folder / name, int(digits), len(digits), (before, stem[len(before + digits) :]))
        elif fnmatch.fnmatchcase(name, pattern):
            pieces = re.fullmatch(r"(.*?)([0-9]+)([^0-9]*)", stem)
            if not pieces:
                raise MediaError(f"{path}: {name} has no number; use a pattern such as {folder}/f_%06d.png")
            yield _Numbered(folder / name, int(pieces[2]), len(pieces[2]), (pieces[1], pieces[3]))


def check(path: Path, files: list[Path]) -> None:
    """Raise MediaError at the first picture that differs in kind from the first one; reads only headers."""
    first = _header(path, files[0])
    for file in files[1:]:
        for actual, wanted in zip(_header(path, file), first, strict=True):
            if actual != wanted:
                comparison = f"{file.name} is {actual}, but {files[0].name} is {wanted}"
                raise MediaError(f"{path}: {comparison}; use pictures of one kind")


def _header(path: Path, file: Path) -> tuple[str, ...]:
    """What all pictures of a sequence must have in common, as text: format, size, depth and orientation."""
    with warnings.catch_warnings(action="ignore"):  # about large pictures and odd tags
        try:
            with Image.open(file) as opened:
                kind = _format(opened)
                mode = str(opened.tile[0][3]) if opened.tile else ""
                deep = ";16" in mode or opened.mode in ("I", "F")
                size = f"{opened.width}x{opened.height}"
                orientation = f"of orientation {_exif(opened).get(ORIENTATION, 1)}"
        except (*DAMAGE, Image.DecompressionBombError) as error:
            reason = getattr(error, "strerror", None) or "not a readable picture"
            raise MediaError(f"{path}: {file.name}: {reason}; use {KINDS} pictures") from None
    if kind not in DECODERS:
        raise MediaError(f"{path}: {file.name} is {kind}; use {KINDS} pictures")
    return f"a {kind}", size, "16 bits deep" if deep else "8 bits deep", orientation


def _format(opened: Image.Image) -> str:
    return "JPEG" if opened.format == "MPO" else str(opened.format)  # MPO: several JPEGs in one file, from phones


def _exif(opened: Image.Image) -> Image.Exif:
    if opened.format != "PNG":
        return opened.getexif()
    exif = Image.Exif()  # Pillow would also search after a PNG's pixels, which takes as long as reading them
    exif.load(opened.info.get("exif", b""))
    return exif


def read(file: Path) -> tuple[av.VideoFrame, av.VideoCodecContext]:
    """Decode a picture; returns the frame and its decoder. Raises FFmpegError or OSError if it is damaged."""
    with Image.open(file) as opened:
        kind = _format(opened)
    return decode_picture(file.read_bytes(), DECODERS[kind])


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
    path = clip.path
    if has_file(clip):
        return path
    if not path.is_dir():
        start = min(match.start() for kind in (NUMBER, WILDCARDS) if (match := kind.search(path.name)))
        prefix = path.name[:start].rstrip("_-. ")
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
