"""Whether a patched film is what it was outside its patches."""

from pathlib import Path
from typing import Any

import numpy as np

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange
from videostyle.media.patch.packets import decoded
from videostyle.media.read.probe import open_file, probe

AROUND = 8
"""frames behind a span that are compared; they would show what a decoder carries over from it"""


def difference(film: Clip, spans: tuple[FrameRange, ...], path: Path) -> str:
    """In what a spliced film differs from the old one where it must not, or nothing."""
    new = probe(path)
    if new.num_frames != film.num_frames:
        return f"it has {new.num_frames} frames and not {film.num_frames}"
    times, wanted = ([clip.seconds(index) for index in clip.frames.indices] for clip in (new, film))
    if times != wanted or new.duration != film.duration:
        return "its frames have other times"
    with open_file(film.path) as old_file, open_file(path) as new_file:
        olds, news = (
            (packet for packet in file.demux(file.streams[clip.stream]) if packet.size)
            for file, clip in ((old_file, film), (new_file, new))
        )
        for place, (before, after) in enumerate(zip(olds, news, strict=False)):
            if not any(place in span for span in spans) and bytes(before) != bytes(after):
                return f"packet {place} is another"
    return next((wrong for span in spans if (wrong := _seam(film, new, spans, span))), "")


def _seam(film: Clip, new: Clip, spans: tuple[FrameRange, ...], span: FrameRange) -> str:
    """In what the frames around a span differ, decoded through the span, or nothing."""
    around = FrameRange(max(0, span.start - 1), min(film.num_frames, span.stop + AROUND))
    try:
        for (index, before), (_, after) in zip(decoded(film, around), decoded(new, around), strict=True):
            if not any(index in other for other in spans) and not _same(before, after):
                return f"frame {index} is another"
    except MediaError:
        return f"frames {around} cannot be decoded"
    return ""


def _same(one: Any, other: Any) -> bool:
    return all(_samples(a, one) == _samples(b, other) for a, b in zip(one.planes, other.planes, strict=True))


def _samples(plane: Any, frame: Any) -> bytes:
    """The bytes of a plane without what fills up its lines."""
    wide = plane.width * (2 if frame.format.components[0].bits > 8 else 1)
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, :wide].tobytes()
