"""Interlaced frames -> whole ones, one for one: of two fields one is made anew from its surroundings (bwdif)."""

import itertools
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.filter import Graph

REACH = 4
"""frames around a range that are decoded for it: the filter looks at the frame before and the one after, and they may
be damaged ones, in whose place it sees their neighbours"""


def deinterlaced(shown: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """(number, decoded picture) -> the same, without fields; frames that are not interlaced stay as they are.

    The first and the last frame have one neighbour only, and come out differently than inside of a clip.
    """
    for _, alike in itertools.groupby(shown, key=lambda numbered: _shape(numbered[1])):
        yield from _filtered(alike)


def _shape(picture: Any) -> tuple[int, int, str]:
    return picture.width, picture.height, picture.format.name


def _filtered(shown: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """Pictures of one size and format."""
    waiting: deque[int] = deque()
    graph = None
    for index, picture in shown:
        graph = graph or _graph(picture)
        picture.pts, picture.time_base = index, Fraction(1)
        waiting.append(index)
        graph.vpush(picture)
        yield from _ready(graph, waiting)
    if graph:
        graph.vpush(None)
        yield from _ready(graph, waiting)


def _graph(picture: Any) -> Any:
    graph = Graph()
    source = graph.add_buffer(width=picture.width, height=picture.height, format=picture.format, time_base=Fraction(1))
    # a frame for a frame, by each frame's own flags
    graph.link_nodes(
        source, graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced"), graph.add("buffersink")
    )
    graph.configure()
    return graph


def _ready(graph: Any, waiting: deque[int]) -> Iterator[tuple[int, Any]]:
    while waiting:
        try:
            picture = graph.vpull()
        except (av.BlockingIOError, EOFError):
            return
        yield waiting.popleft(), picture
