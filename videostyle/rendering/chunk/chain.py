"""The chain from frame to frame: which earlier frames a frame's paint comes from, and where each can be trusted.

All of it depends on the clip and the settings alone, never on the painted frames.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Frame, Motion, Pixels, to_picture
from videostyle.motion.flow import estimate
from videostyle.motion.memory import Memory, carried, remember, shows, still_shown, surroundings
from videostyle.rendering.plan.loop import Lead
from videostyle.settings import FlowSettings

RECENT = 4
"""the latest frames are all kept: a short flash ends within them"""
LAG = 8
"""frames for which a memory stays on disk although no later frame needs it: links are made ahead of painting"""
ANCHOR, ANCHORS = 8, 6
"""every so many frames one is kept for longer, and how many of these: they know what has been hidden for a while"""
MISSING = 0.006
"""share of a frame that its usual references must leave uncovered for further ones to be tried"""
UNUSED = Memory(np.zeros((0, 0, 3), np.uint8), np.zeros((0, 0), np.uint8))
"""of a frame to which no other is linked"""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """How a frame hangs on earlier ones."""

    motions: dict[int, tuple[int, Motion]]
    """how many frames back (negative: ahead, in a loop), in the order in which they claim pixels -> that frame's
    number, and the motion since"""
    developed: NDArray[np.float32]
    """(H, W) in 0..1: how far the paint that comes from them has been worked out; 0 where none does"""
    memory: Memory
    """of the frame, once it is painted"""
    step: Motion | None = None
    """since the frame before, wherever it can be trusted; None if the frame is not linked to that one"""


class Chain:
    """Links each frame of a chunk to the frames before it."""

    def __init__(
        self, reach: Collection[int], flow: FlowSettings, progress: Callable[[float, int, int], float]
    ) -> None:
        """reach: distances, in frames, to the earlier frames that are always used. progress: see ``Painter``."""
        self._reach = tuple(sorted(reach))
        self._flow = flow
        self._progress = progress
        self._past: dict[int, tuple[int, Pixels, Memory]] = {}
        """place in the chunk -> number, pixels, and memory"""

    def needed(self, place: int) -> list[int]:
        """Places of the earlier frames that the frame at a place of the chunk may be linked to, nearest first."""
        if not self._reach:
            return []
        recent = list(range(max(0, place - self._recent), place))
        anchors = list(range(0, max(0, place - self._recent), ANCHOR))[-ANCHORS:]
        return (anchors + recent)[::-1]

    def passed(self, place: int) -> list[int]:
        """Places that no frame from ``LAG`` frames before this place on needs, but the frame before it did."""
        place -= LAG
        return sorted(set(self.needed(place)) - set(self.needed(place + 1))) if place > 0 else []

    def memory(self, place: int) -> Memory:
        """The memory of an earlier frame that the next one needs."""
        return self._past[place][2]

    @property
    def _recent(self) -> int:
        return max((RECENT, *self._reach))

    def add(self, place: int, frame: Frame, memory: Memory) -> None:
        """Go on from a frame whose memory is known."""
        self._past[place] = frame.index, frame.pixels, memory
        kept = set(self.needed(place + 1))
        self._past = {place: past for place, past in self._past.items() if place in kept}

    def step(self, place: int, frame: Frame) -> Motion:
        """The motion since the frame before, which must have been added."""
        return estimate(frame.pixels, self._past[place - 1][1], self._flow)

    def link(self, place: int, frame: Frame, lead: Lead | None = None) -> Link:
        """Link a frame to those before it. The frames of ``needed`` must have been added.

        lead: a frame that it is led into. It claims a share of every pixel that grows to all of them, so that the paint
        fades from one to the other evenly.
        """
        if not self._reach:
            return Link({}, np.zeros(frame.pixels.shape[:2], np.float32), UNUSED)
        now = surroundings(frame.pixels)
        motions, step = dict[int, tuple[int, Motion]](), None
        covered = np.zeros(now.shape[:2], np.float32)
        content, developed = np.zeros(now.shape, np.float32), np.zeros(now.shape[:2], np.float32)
        usual = [distance for distance in self._reach if distance <= place]
        further = [place - other for other in self.needed(place) if place - other not in usual]
        references = {distance: self._past[place - distance] for distance in usual + further}
        if lead:
            references = {-lead.ahead: (lead.frame.index, lead.frame.pixels, lead.memory), **references}
        for distance, (index, pixels, memory) in references.items():
            missing = 1 - covered
            if distance in further and (
                missing.mean() < MISSING or not shows(frame.pixels, pixels, missing, self._flow)
            ):
                continue
            motion = estimate(frame.pixels, pixels, self._flow)
            step = motion if distance == 1 else step
            made_for, worked = carried(memory, motion.flow)
            weight = motion.consistency * still_shown(made_for, now)
            if distance < 0:
                weight /= -distance
            motions[distance] = index, Motion(motion.flow, weight)
            share = np.maximum(weight - covered, 0)  # as the painter lets them claim pixels
            content += share[..., None] * made_for
            developed = developed + share * worked
            covered = covered + share
        content += (1 - covered)[..., None] * to_picture(now)
        height, width = now.shape[:2]
        gain = self._progress(1 - float(developed.mean()), height, width)
        return Link(motions, developed, remember(content, developed, gain), step)
