"""What a film looks like beside its clip: pictures of its scenes, and curves of its flicker and light."""

import base64
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from videostyle.frames import Clip, Frame, FrameRange, to_bytes
from videostyle.media.jpeg import to_jpeg
from videostyle.media.light import shown
from videostyle.media.read.decode import decode
from videostyle.metrics import DIS, Moment, over_time
from videostyle.motion.flow import resize
from videostyle.report.card import Pair

SMALL, LARGE, MEASURED = 288, 800, 144
"""px: long side of pictures in strips, of those that are compared, and of those in which flicker is measured, because
optical flow takes most of the time"""
LEAST = 16
"""px: short side of any of them; optical flow needs 8"""
SCENES = 4
"""most scenes of which pictures are shown: the first, the last, and some between them"""


@dataclass(frozen=True, slots=True)
class Looks:
    """How a film looks; what takes a while to find out."""

    strips: tuple[tuple[Pair, ...], ...]
    """first, middle, and last frame of a few scenes"""
    large: Pair | None
    """a frame to compare; None: it cannot be decoded"""
    moments: tuple[Moment, ...]
    measured: tuple[int, int]
    """width and height of the frames in which flicker and light were measured, px"""


def look(source: Clip, film: Clip, scenes: Sequence[FrameRange], numbers: Sequence[int]) -> Looks:
    """Decode clip and film once, at a small size, and one frame of each again.

    numbers: source frames in the order in which the film shows them. Raises MediaError if a file cannot be read.
    """
    small = fitted(film, SMALL)
    chosen = _few([triple for scene in scenes if (triple := _triple(scene, numbers))])
    taken = dict[int, Pair]()
    tiny = fitted(film, MEASURED)
    pairs, same = itertools.tee(_taking(_pairs(source, film, numbers, small), set().union(*chosen), taken))
    originals, painted = (_resized(first, tiny) for first, _ in pairs), (_resized(second, tiny) for _, second in same)
    moments = tuple(over_time(originals, painted, [scene.start for scene in scenes], DIS))  # which fills ``taken``
    strips = tuple(tuple(taken[frame] for frame in triple if frame in taken) for triple in chosen)
    return Looks(strips, _large(source, film, numbers, chosen), moments, tiny)


def fitted(clip: Clip, side: int) -> tuple[int, int]:
    """Width and height of a clip's frames shrunk to a long side, px, even; neither side is less than ``LEAST``."""
    scale = min(1.0, side / max(clip.width, clip.height))
    width, height = (max(LEAST, 2 * round(length * scale / 2)) for length in (clip.width, clip.height))
    return width, height


def uri(content: bytes) -> str:
    """A JPEG file as a data URI."""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _triple(scene: FrameRange, numbers: Sequence[int]) -> tuple[int, ...]:
    """The first, middle, and last of the film's frames in a scene; fewer if it has fewer."""
    inside = [frame for frame in numbers if frame in scene]
    return tuple(dict.fromkeys((inside[0], inside[len(inside) // 2], inside[-1]))) if inside else ()


def _few(triples: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    if len(triples) <= SCENES:
        return triples
    return [triples[round(place * (len(triples) - 1) / (SCENES - 1))] for place in range(SCENES)]


def _pairs(source: Clip, film: Clip, numbers: Sequence[int], size: tuple[int, int]) -> Iterator[tuple[Frame, Frame]]:
    """The frames that both have, 8 bits, at a size."""
    originals = decode(source, FrameRange(numbers[0], numbers[-1] + 1), size)
    original = next(originals, None)
    for painted in decode(film, None, size):
        while original and original.index < numbers[painted.index]:
            original = next(originals, None)
        if original and original.index == numbers[painted.index]:
            yield _seen(original, source), _seen(painted, film)


def _resized(frame: Frame, size: tuple[int, int]) -> Frame:
    return replace(frame, pixels=resize(frame.pixels, *size))


def _seen(frame: Frame, clip: Clip) -> Frame:
    """A frame as a viewer shows it, 8 bits."""
    return replace(frame, pixels=to_bytes(shown(clip.color, frame.pixels)))


def _taking(
    pairs: Iterator[tuple[Frame, Frame]], wanted: Collection[int], taken: dict[int, Pair]
) -> Iterator[tuple[Frame, Frame]]:
    """Keep the wanted frames as pictures while they pass."""
    for original, painted in pairs:
        if original.index in wanted:
            clip, film = (uri(to_jpeg(frame.pixels, 76)) for frame in (original, painted))
            taken[original.index] = Pair(original.index, clip, film)
        yield original, painted


def _large(source: Clip, film: Clip, numbers: Sequence[int], chosen: list[tuple[int, ...]]) -> Pair | None:
    """The middle frame of the longest of the chosen scenes."""
    longest = max(chosen, key=lambda triple: triple[-1] - triple[0], default=())
    if not longest:
        return None
    frame = longest[len(longest) // 2]
    place, size = numbers.index(frame), fitted(film, LARGE)
    found = [
        next((_seen(seen, clip) for seen in decode(clip, FrameRange(at, at + 1), size)), None)
        for clip, at in ((source, frame), (film, place))
    ]
    pictures = [uri(to_jpeg(seen.pixels)) for seen in found if seen]
    return Pair(frame, *pictures) if len(pictures) == 2 else None
