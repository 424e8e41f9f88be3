"""Interlaced frames -> progressive ones, one for one: bwdif keeps one field and interpolates the other.

In film with 3:2 pulldown, fieldmatch finds the two fields of every film frame, and bwdif is left for the few frames
whose fields do not belong together, for example at cuts of the tape.
"""

import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
from av.filter import Graph

from videostyle.media.read.pulldown import FIRST, REPEATED, Repeat, difference, repeat_of

Numbered = Iterator[tuple[int, av.VideoFrame]]
"""(index, frame) pairs in ascending order"""
REACH = 4
"""frames decoded before and after a range: the filter needs the previous and the next frame, or further neighbors if
those are damaged"""


def film_frames(numbered: Numbered, order: str) -> Numbered:
    """Restore the film frames of (index, frame) pairs with 3:2 pulldown.

    Every fifth frame shows the same film frame as the one before it; it becomes that very frame, so that it is painted
    once. Differences to its own fields are coding noise. order: of the fields, ``tff`` or ``bff``.
    """
    repeats = dict[int, Repeat]()

    def watched() -> Numbered:
        last: tuple[int, av.VideoFrame] | None = None
        for index, frame in numbered:
            follows = last is not None and last[0] == index - 1
            repeats[index] = repeat_of(last[1], frame) if last and follows else Repeat(0, 0.0)
            yield index, frame
            last = index, frame

    before: tuple[int, av.VideoFrame] | None = None
    for index, frame in deinterlaced(watched(), order):
        repeat = repeats.pop(index)
        same = before is not None and before[0] == index - 1 and repeat.sign == FIRST[order]
        if same and before and difference(before[1], frame) < REPEATED * repeat.moved:
            yield index, before[1]
        else:
            yield index, frame
        before = index, frame


def deinterlaced(frames: Numbered, order: str = "") -> Numbered:
    """Deinterlace (index, frame) pairs; progressive frames are unchanged.

    The first and last frames have only one neighbor, so they differ from the same frames inside a longer range.
    order: of the fields of film with 3:2 pulldown, ``tff`` or ``bff``; empty if there is none.
    """
    kinds = itertools.groupby(frames, key=lambda pair: (pair[1].width, pair[1].height, pair[1].format.name))
    for (width, height, format), alike in kinds:
        graph, waiting = Graph(), deque[int]()
        source = graph.add_buffer(width=width, height=height, format=av.VideoFormat(format), time_base=Fraction(1))
        # one frame out per frame in; the flags of each say whether it is interlaced and which field comes first
        bwdif = graph.add("bwdif", f"mode=send_frame:parity={order or 'auto'}:deint=interlaced")
        match = [graph.add("fieldmatch", f"order={order}:combmatch=full")] if order else []
        graph.link_nodes(source, *match, bwdif, graph.add("buffersink")).configure()
        for index, frame in alike:
            frame.pts, frame.time_base = index, Fraction(1)
            waiting.append(index)
            graph.vpush(frame)
            yield from _ready(graph, waiting)
        graph.vpush(None)
        yield from _ready(graph, waiting)


def _ready(graph: Graph, waiting: deque[int]) -> Numbered:
    with suppress(av.BlockingIOError, EOFError):
        while waiting:
            frame = graph.vpull()
            yield waiting.popleft(), frame
