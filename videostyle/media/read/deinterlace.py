"""Interlaced frames -> progressive ones, one for one: bwdif keeps one field and interpolates the other."""

import itertools
from collections import deque
from collections.abc import Iterator
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
    for _, alike in itertools.groupby(frames, key=lambda numbered: _shape(numbered[1])):
        yield from _filtered(alike)


def _shape(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


def _filtered(frames: Iterator[tuple[int, av.VideoFrame]]) -> Iterator[tuple[int, av.VideoFrame]]:
    """The filter's output for frames of one size and format."""
    waiting: deque[int] = deque()
    graph = None
    for index, frame in frames:
        graph = graph or _graph(frame)
        frame.pts, frame.time_base = index, Fraction(1)
        waiting.append(index)
        graph.vpush(frame)
        yield from _ready(graph, waiting)
    if graph:
        graph.vpush(None)
        yield from _ready(graph, waiting)


def _graph(frame: av.VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))
    # one frame out for each frame in; each frame's own flags say whether it is interlaced, and which field is first
    graph.link_nodes(
        source, graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced"), graph.add("buffersink")
    )
    graph.configure()
    return graph


def _ready(graph: Graph, waiting: deque[int]) -> Iterator[tuple[int, av.VideoFrame]]:
    while waiting:
        try:
            frame = graph.vpull()
        except (av.BlockingIOError, EOFError):
            return
        yield waiting.popleft(), frame
