"""360-degree projections and stereo layouts of MP4 and QuickTime files: boxes that PyAV cannot pass to the muxer.

ISO/IEC 14496-12 describes boxes, Google's Spherical Video RFC (versions 1 and 2) these.
"""

import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videostyle.frames import Clip
from videostyle.media.files import temporary_of
from videostyle.media.read.extras import SPHERICAL, STEREO

TO_ENTRY = (b"mdia", b"minf", b"stbl", b"stsd")
"""the boxes from a track to its sample entry"""
NAMES = {b"st3d": STEREO, b"sv3d": SPHERICAL, b"uuid": SPHERICAL}
"""kind of a box -> the name of what it describes"""
SPHERICAL_UUID = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
VISUAL = 86
"""bytes of a picture's sample entry before its boxes"""
Span = tuple[int, int]
"""where a box begins and ends"""


@dataclass(frozen=True, slots=True)
class Boxes:
    """What a clip says about its projection and its stereo layout."""

    entry: bytes = b""
    """boxes of the sample entry"""
    track: bytes = b""
    """boxes of the track"""

    @property
    def names(self) -> tuple[str, ...]:
        """The starts of the names in ``Clip.extras`` that they stand for."""
        kinds = [self.entry[begin + 4 : begin + 8] for begin, _ in _boxes(self.entry, 0, len(self.entry))]
        return tuple(NAMES[kind] for kind in kinds + [b"uuid"] * bool(self.track))


def kept_boxes(clip: Clip, format: str, size: tuple[int, int]) -> Boxes:
    """The boxes that a film of a format and size (width, height) keeps: none if its picture is turned or scaled."""
    unchanged = size == (clip.width, clip.height) and not clip.rotation and not any(clip.crop)
    described = any(extra.startswith((STEREO, SPHERICAL)) for extra in clip.extras)
    if format not in ("mp4", "mov") or "mp4" not in clip.format or not (unchanged and described):
        return Boxes()
    with suppress(OSError, ValueError, IndexError, StopIteration, struct.error):  # an odd file keeps none
        movie = _movie(clip.path)[1]
        track = [span for span in _boxes(movie, 8, len(movie)) if _kind(movie, span) == b"trak"][clip.stream]
        entry = _chain(movie, track)[-1]
        inside = [movie[begin:end] for begin, end in _boxes(movie, entry[0] + VISUAL, entry[1])]
        beside = [movie[begin:end] for begin, end in _boxes(movie, track[0] + 8, track[1])]
        return Boxes(
            b"".join(box for box in inside if box[4:8] in (b"st3d", b"sv3d")),
            b"".join(box for box in beside if box[4:24] == b"uuid" + SPHERICAL_UUID),
        )
    return Boxes()


def add_boxes(path: Path, boxes: Boxes) -> None:
    """Add boxes to the first picture track of a finished film, which must not be fragmented."""
    if boxes == Boxes():
        return
    start, movie = _movie(path)
    tracks = [span for span in _boxes(movie, 8, len(movie)) if _kind(movie, span) == b"trak"]
    track = next(span for span in tracks if _handler(movie, span) == b"vide")
    changed = bytearray(movie)
    chain = [(0, len(movie)), *_chain(movie, track)]
    for places, added in ((chain[:2], boxes.track), (chain, boxes.entry)):  # the later place first
        for begin, _ in places:
            struct.pack_into(">I", changed, begin, struct.unpack_from(">I", changed, begin)[0] + len(added))
        changed[places[-1][1] : places[-1][1]] = added
    _shift(changed, after=start, by=len(changed) - len(movie))
    temporary = temporary_of(path)
    try:
        with path.open("rb") as old, temporary.open("wb") as new:
            new.write(old.read(start))
            new.write(changed)
            old.seek(start + len(movie))
            shutil.copyfileobj(old, new, 1 << 20)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _movie(path: Path) -> tuple[int, bytes]:
    """Where a file's ``moov`` box begins, and the box."""
    with path.open("rb") as file:
        while len(head := file.read(16)) >= 8:
            start = file.tell() - len(head)
            length = struct.unpack_from(">I", head)[0]
            if length == 1:
                length = struct.unpack_from(">Q", head, 8)[0]
            file.seek(start)
            if head[4:8] == b"moov":
                return start, file.read(length or -1)
            if length < 8:
                break
            file.seek(start + length)
    raise ValueError(f"{path.name} has no moov box")


def _boxes(content: bytes | bytearray, begin: int, end: int) -> Iterator[Span]:
    """The boxes between two places."""
    while begin + 8 <= end and (length := struct.unpack_from(">I", content, begin)[0]) >= 8:
        yield begin, begin + length
        begin += length


def _kind(content: bytes | bytearray, span: Span) -> bytes:
    return bytes(content[span[0] + 4 : span[0] + 8])


def _child(content: bytes | bytearray, span: Span, kind: bytes, head: int = 8) -> Span:
    """The first box of a kind inside another one, or the first of all if the kind is empty."""
    inside = _boxes(content, span[0] + head, span[1])
    return next(child for child in inside if not kind or _kind(content, child) == kind)


def _chain(movie: bytes | bytearray, track: Span) -> list[Span]:
    """A track and the boxes inside each other down to its first sample entry."""
    chain = [track]
    for kind in TO_ENTRY:
        chain.append(_child(movie, chain[-1], kind))
    return [*chain, _child(movie, chain[-1], b"", head=16)]


def _handler(movie: bytes, track: Span) -> bytes:
    begin, _ = _child(movie, _child(movie, track, b"mdia"), b"hdlr")
    return movie[begin + 16 : begin + 20]


def _shift(movie: bytearray, after: int, by: int) -> None:
    """Correct the places of the chunks that follow the movie's box, which has grown."""
    for track in _boxes(movie, 8, len(movie)):
        if _kind(movie, track) != b"trak":
            continue
        for table in _boxes(movie, _chain(movie, track)[3][0] + 8, _chain(movie, track)[3][1]):
            layout = {b"stco": ">{}I", b"co64": ">{}Q"}.get(_kind(movie, table))
            if layout:
                layout = layout.format(struct.unpack_from(">I", movie, table[0] + 12)[0])
                places = struct.unpack_from(layout, movie, table[0] + 16)
                struct.pack_into(layout, movie, table[0] + 16, *(p + by if p > after else p for p in places))
