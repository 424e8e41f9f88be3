"""Interlaced frames -> progressive ones, one for one: bwdif keeps one field and interpolates the other."""

import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
from av.filter import Graph

REACH = 4
"""frames decoded before and after a range: the filter needs the previous and the next frame, and where those are
damaged, it uses their neighbors"""


def deinterlaced(frames: Iterator[tuple[int, av.VideoFrame]]) -> Iterator[tuple[int, av.VideoFrame]]:
    """(index, frame) -> the same, deinterlaced; progressive frames are unchanged.

    The first and the last frame have only one neighbor, and come out differently than inside a longer range.
    """
    for _, alike in itertools.groupby(frames, key=lambda pair: (pair[1].width, pair[1].height, pair[1].format.name)):
        yield from _filtered(alike)


def _filtered(frames: Iterator[tuple[int, av.VideoFrame]]) -> Iterator[tuple[int, av.VideoFrame]]:
    """The filter's output for frames of one size and format."""
    waiting: deque[int] = deque()
    graph = None
    for index, frame in frames:
        if graph is None:
            graph = Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1)
            )
            # one frame out for each frame in; its own flags say whether it is interlaced, and which field is first
            bwdif = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
            graph.link_nodes(source, bwdif, graph.add("buffersink")).configure()
        frame.pts, frame.time_base = index, Fraction(1)
        waiting.append(index)
        graph.vpush(frame)
        yield from _ready(graph, waiting)
    if graph:
        graph.vpush(None)
        yield from _ready(graph, waiting)


def _ready(graph: Graph, waiting: deque[int]) -> Iterator[tuple[int, av.VideoFrame]]:
    with suppress(av.BlockingIOError, EOFError):
        while waiting:
            frame = graph.vpull()
            yield waiting.popleft(), frame
