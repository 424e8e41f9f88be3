"""Interlaced frames -> progressive ones, one for one: bwdif keeps one field and interpolates the other."""

import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
from av.filter import Graph

REACH = 4
"""frames decoded before and after a range: the filter needs the previous and the next frame, or further neighbors if
those are damaged"""


def deinterlaced(frames: Iterator[tuple[int, av.VideoFrame]]) -> Iterator[tuple[int, av.VideoFrame]]:
    """Deinterlace (index, frame) pairs; progressive frames are unchanged.

    The first and last frames have only one neighbor, so they differ from the same frames inside a longer range.
    """
    kinds = itertools.groupby(frames, key=lambda pair: (pair[1].width, pair[1].height, pair[1].format.name))
    for (width, height, format), alike in kinds:
        graph, waiting = Graph(), deque[int]()
        source = graph.add_buffer(width=width, height=height, format=av.VideoFormat(format), time_base=Fraction(1))
        # one frame out per frame in; the flags of each say whether it is interlaced and which field comes first
        bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
        for index, frame in alike:
            frame.pts, frame.time_base = index, Fraction(1)
            waiting.append(index)
            graph.vpush(frame)
            yield from _ready(graph, waiting)
        graph.vpush(None)
        yield from _ready(graph, waiting)


def _ready(graph: Graph, waiting: deque[int]) -> Iterator[tuple[int, av.VideoFrame]]:
    with suppress(av.BlockingIOError, EOFError):
        while waiting:
            frame = graph.vpull()
            yield waiting.popleft(), frame
