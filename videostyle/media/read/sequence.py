"""Pictures that stand for a clip: a folder, a wildcard (``f_*.png``) or a pattern (``f_%06d.png``) -> files, frames."""

import fnmatch
import hashlib
import itertools
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from PIL import Image

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange

FORMAT = "image2"
"""FFmpeg's name of picture sequences"""
DECODERS = {"PNG": "png", "JPEG": "mjpeg", "TIFF": "tiff", "BMP": "bmp", "WEBP": "webp", "TGA": "targa"}
"""Pillow's name of a kind of picture -> FFmpeg's decoder"""
SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".tga"}
KINDS = "PNG, JPEG, TIFF, BMP, WebP or TGA"
NUMBER = re.compile(r"%(?:0(\d+))?d")
WILDCARDS = re.compile(r"[*?\[]")
ORIENTATION = 274
"""EXIF's number of the tag"""
FILE_SAMPLES = 1 << 20, 64
"""bytes read from each end of a clip to tell it from another, and blocks of 4 KiB in between"""
PICTURE_SAMPLES = 1 << 14, 16
"""the same of every picture of a sequence"""
BLOCK = 1 << 12


def is_sequence(path: Path) -> bool:
    """Whether a path stands for pictures: a folder, or a name with ``%d`` or a wildcard that is no file's own."""
    return path.is_dir() or (not path.exists() and bool(NUMBER.search(path.name) or WILDCARDS.search(path.name)))


def has_file(clip: Clip) -> bool:
    """Whether the clip's path is a file; a sequence's is a folder, a pattern or a wildcard."""
    return clip.format != FORMAT


def files_of(path: Path) -> list[Path]:
    """The pictures of a sequence by their numbers; raises MediaError where there are none, or one is missing."""
    found = sorted(_numbered(path), key=lambda named: (named.number, named.path.name))
    if not found:
        what = "a folder without pictures" if path.is_dir() else "no pictures are named so"
        raise MediaError(f"{path}: {what}; give a video file, or a folder or pattern of {KINDS} files")
    first = found[0]
    for before, named in itertools.pairwise(found):
        name = named.path.name
        if named.around != first.around:
            raise MediaError(
                f"{path}: {name} is not numbered as {first.path.name} is; give a pattern such as "
                f"{first.path.parent / first.around[0]}%0{first.digits}d{first.around[1]}{first.path.suffix}"
            )
        if named.number == before.number:
            raise MediaError(f"{path}: {before.path.name} and {name} have the same number; give one of them only")
        if named.number != before.number + 1:
            lacks = f"{first.around[0]}{before.number + 1:0{before.digits}d}{first.around[1]}{before.path.suffix}"
            raise MediaError(f"{path}: {lacks} is missing before {name}; give pictures numbered without a gap")
    return [named.path for named in found]


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
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError as error:
        raise MediaError(f"{path}: {folder} cannot be read ({error.strerror}); give a folder of pictures") from None
    told = NUMBER.search(pattern)
    for name in names:
        if name.startswith(".") or Path(name).suffix.lower() not in SUFFIXES:
            continue
        if told:
            before, after = pattern[: told.start()], pattern[told.end() :]
            digits = name.removeprefix(before).removesuffix(after)
            if digits.isdecimal() and name == f"{before}{int(digits):0{told[1] or 1}d}{after}":
                yield _Numbered(
                    folder / name, int(digits), len(digits), (before, Path(name).stem[len(before + digits) :])
                )
        elif fnmatch.fnmatchcase(name, pattern):
            parts = re.fullmatch(r"(.*?)([0-9]+)([^0-9]*)", Path(name).stem)
            if not parts:
                raise MediaError(f"{path}: {name} has no number; give a pattern such as {folder}/f_%06d.png")
            yield _Numbered(folder / name, int(parts[2]), len(parts[2]), (parts[1], parts[3]))


@dataclass(frozen=True, slots=True)
class _Header:
    """What all pictures of a sequence have in common."""

    kind: str
    size: str
    depth: str
    turn: str


def check(path: Path, files: list[Path]) -> None:
    """Raise MediaError for the first picture that is not as the first one is; only their headers are read."""
    first = _header(path, files[0])
    for file in files[1:]:
        header = _header(path, file)
        for name in ("kind", "size", "depth", "turn"):
            its, wanted = getattr(header, name), getattr(first, name)
            if its != wanted:
                raise MediaError(f"{path}: {file.name} is {its}, and {files[0].name} is {wanted}; give pictures alike")


def _header(path: Path, file: Path) -> _Header:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of large pictures and odd tags
        try:
            with Image.open(file) as opened:
                kind = "JPEG" if opened.format == "MPO" else str(opened.format)  # several in one, as phones make them
                raw = str(opened.tile[0][3]) if opened.tile else ""
                deep = ";16" in raw or opened.mode in ("I", "F")
                size = f"{opened.width}x{opened.height}"
                turn = f"of orientation {_exif(opened).get(ORIENTATION, 1)}"
        except (OSError, ValueError, SyntaxError, LookupError, TypeError, Image.DecompressionBombError) as error:
            reason = getattr(error, "strerror", None) or "not a picture that can be read"
            raise MediaError(f"{path}: {file.name}: {reason}; give {KINDS} pictures") from None
    if kind not in DECODERS:
        raise MediaError(f"{path}: {file.name} is {kind}; give {KINDS} pictures")
    return _Header(f"a {kind}", size, "16 bits deep" if deep else "8 bits deep", turn)


def _exif(opened: Any) -> Any:
    if opened.format != "PNG":
        return opened.getexif()
    exif = Image.Exif()  # a PNG's would be looked for behind its pixels too, which takes as long as to read them
    exif.load(opened.info.get("exif", b""))
    return exif


def read(file: Path) -> tuple[Any, Any]:
    """The picture of a file as a decoded frame, and its decoder; raises FFmpegError or OSError where it is damaged."""
    with Image.open(file) as opened:
        kind = "JPEG" if opened.format == "MPO" else str(opened.format)
    decoder: Any = av.CodecContext.create(DECODERS[kind], "r")
    # else what is missing of them is left gray or black; of a TIFF it would refuse tags that it does not know
    decoder.options = {"err_detect": "crccheck+explode"} if kind in ("PNG", "JPEG") else {}
    pictures = [*decoder.decode(av.Packet(file.read_bytes())), *decoder.decode(None)]
    if not pictures or pictures[0].is_corrupt:
        raise av.InvalidDataError(0, "damaged", str(file))
    return pictures[0], decoder


def pictures(clip: Clip, frames: FrameRange) -> Iterator[tuple[int, Any]]:
    """(number, decoded picture) of the frames of a range; only their files are opened. Damaged ones are left out."""
    files = files_of(clip.path)
    if len(files) != clip.num_frames:
        raise MediaError(f"{clip.path}: {len(files)} pictures by now, not {clip.num_frames}; give the clip again")
    for index in frames.indices:
        try:
            picture, _ = read(files[index])
        except (OSError, av.FFmpegError):
            continue
        yield index, picture


def default_name(clip: Clip) -> Path:
    """The path from which the film's name is made: that of the file, or of the sequence without number and extension.

    ``shots/a/`` -> ``shots/a``; ``a/f_%06d.png`` -> ``a/f``; ``a/*.png`` -> ``a``.
    """
    path = clip.path
    if has_file(clip):
        return path
    if not path.is_dir():
        begins = min(found.start() for kind in (NUMBER, WILDCARDS) if (found := kind.search(path.name)))
        prefix = path.name[:begins].rstrip("_-. ")
        path = path.with_name(prefix) if prefix else path.parent
    return path if path.name not in ("", "..") else path.resolve()


def identity(clip: Clip) -> str:
    """Hash that tells one clip from another without reading all of it: sizes, samples, every time stamp."""
    digest = hashlib.sha256(f"{clip.stream} {clip.time_base} {clip.pts}".encode())
    sequence = not has_file(clip)
    ends, blocks = PICTURE_SAMPLES if sequence else FILE_SAMPLES
    for path in files_of(clip.path) if sequence else [clip.path]:
        length = path.stat().st_size
        digest.update(f"{path.name if sequence else ''} {length} ".encode(errors="surrogateescape"))
        with path.open("rb") as file:
            digest.update(file.read(ends))
            for block in range(blocks):  # pictures that are not compressed may all have the same black ends
                file.seek(length * (block + 1) // (blocks + 1))
                digest.update(file.read(BLOCK))
            file.seek(max(0, length - ends))
            digest.update(file.read(ends))
    return digest.hexdigest()
