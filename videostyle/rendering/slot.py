"""One place in the batch: a chunk whose frames are stylized in order, each from the one before."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from videostyle.errors import MediaError
from videostyle.frames import Chunk, Frame, FrameRange, FrameTask, Motion, Picture, Pixels, TemporalTarget, to_picture
from videostyle.media.read.decode import decode
from videostyle.motion.flow import estimate, fill_unseen, warp
from videostyle.rendering.ahead import Ahead
from videostyle.rendering.plan import RenderPlan
from videostyle.rendering.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """A decoded frame that waits to be stylized, and its motion since earlier frames."""

    frame: Frame
    motions: dict[int, tuple[int, Motion]]
    """how many frames before, nearest first -> which frame that is, and the motion since"""


class Slot:
    """Walks through the frames of a chunk that are not stored yet; decoding and flow run ahead in a thread."""

    def __init__(self, chunk: Chunk, plan: RenderPlan, store: Store, artworks: list[Picture]) -> None:
        """artworks: the styles at any size, for the frames that start from one."""
        self.chunk = chunk
        self._plan = plan
        self._store = store
        self._artworks = artworks
        lost = set(plan.scan.lost)
        self._order = [frame for frame in chunk.render.indices if frame not in lost]
        self._todo = [frame for frame in self._order if not store.has(frame)]
        self._recent: dict[int, Pixels] = {}
        self._neighbor_loss = 0.0
        self._task: FrameTask | None = None
        self._source: _Source | None = None
        self._sources = Ahead(self._prepare()) if self._todo else None

    @property
    def finished(self) -> bool:
        return not self._todo

    @property
    def frame(self) -> int:
        """The frame that is to be stylized next."""
        return self._todo[0]

    def close(self) -> None:
        """End the thread that decodes ahead."""
        if self._sources:
            self._sources.close()

    def task(self) -> FrameTask:
        """The frame that is to be stylized next, with everything the stylizer needs."""
        if self._task is None:
            assert self._sources is not None
            self._source = next(self._sources)
            self._task = self._make_task(self._source)
        return self._task

    def accept(self, pixels: Pixels, seen_loss: float) -> None:
        """Carry the stored pixels on to the next frame. seen_loss: content and style loss they were stored with."""
        frame = self._todo.pop(0)
        self._recent[frame] = pixels
        oldest = frame - 2 * max(self._distances, default=1)
        self._recent = {index: kept for index, kept in self._recent.items() if index > oldest}
        self._neighbor_loss = seen_loss
        self._task = None

    @property
    def _distances(self) -> tuple[int, ...]:
        """How far back motion is wanted, nearest first."""
        settings = self._plan.settings
        if not settings.optimize.iterations:
            return ()
        held = self._held_distances
        started = (1,) if settings.optimize.initial_later == "warped" else ()
        return tuple(sorted({*held, *started}))

    @property
    def _held_distances(self) -> tuple[int, ...]:
        """How far back the frames are that a frame is held to."""
        temporal = self._plan.settings.temporal
        return temporal.long_term if temporal.weight else ()

    def _prepare(self) -> Iterator[_Source]:
        """Decode from as far back as motion reaches, and estimate the motion of every frame that is to be rendered.

        Raises MediaError where a frame that the scan could decode is not to be had any more: another in its place would
        be a wrong film.
        """
        distances, todo, known = self._distances, set(self._todo), set(self._order)
        back = max(distances, default=0)
        place = self._order.index
        due = deque(self._order[max(0, place(self._todo[0]) - back) : place(self._todo[-1]) + 1])
        earlier: deque[Frame] = deque(maxlen=max(back, 1))
        for frame in decode(self._plan.clip, FrameRange(due[0], due[-1] + 1), self._plan.work):
            if frame.index not in known:
                continue  # lost to the scan, and found now that decoding began elsewhere
            if frame.index != due[0]:
                break
            due.popleft()
            if frame.index in todo:
                motions = {
                    distance: (
                        earlier[-distance].index,
                        estimate(frame.pixels, earlier[-distance].pixels, self._plan.settings.flow),
                    )
                    for distance in distances
                    if distance <= len(earlier)
                }
                yield _Source(frame, motions)
            earlier.append(frame)
        if due:
            raise MediaError(
                f"{self._plan.clip.path}: frame {due[0]} could be read before and cannot be now; see to the file and "
                "its disk, and run the same command again"
            )

    def _make_task(self, source: _Source) -> FrameTask:
        frame, content = source.frame.index, to_picture(source.frame.pixels)
        settings = self._plan.settings
        if not settings.optimize.iterations:
            return FrameTask(content, content)
        if frame == self._order[0]:
            return FrameTask(content, self._blank(settings.optimize.initial, frame, content), first=True)
        targets = self._targets(source)
        start = settings.optimize.initial_later
        if start == "warped":
            nearest = targets[1]
            initial = fill_unseen(nearest.picture, nearest.weight, content)
        elif start == "previous":
            initial = to_picture(self._stylized(self._before(frame)))
        else:
            initial = self._blank(start, frame, content)
        held = _long_term([target for distance, target in targets.items() if distance in self._held_distances])
        return FrameTask(content, initial, held, neighbor_loss=self._loss_before(frame))

    def _targets(self, source: _Source) -> dict[int, TemporalTarget]:
        """Earlier stylized frames, warped to the current one: how many frames before, nearest first -> the target."""
        targets = {}
        for distance, (earlier, motion) in source.motions.items():
            warped, seen = warp(to_picture(self._stylized(earlier)), motion.flow)
            targets[distance] = TemporalTarget(warped, motion.consistency * seen)
        return targets

    def _blank(self, kind: str, frame: int, content: Picture) -> Picture:
        """A start that owes nothing to earlier frames."""
        height, width = content.shape[:2]
        if kind == "content":
            return content
        if kind == "noise":
            rng = np.random.default_rng([self._plan.settings.seed, frame])
            return rng.random((height, width, 3), dtype=np.float32)
        artwork = self._artworks[0]  # tiled where it is smaller than the picture
        rows, columns = np.arange(height) % artwork.shape[0], np.arange(width) % artwork.shape[1]
        return np.ascontiguousarray(artwork[rows][:, columns])

    def _before(self, frame: int) -> int:
        return self._order[self._order.index(frame) - 1]

    def _stylized(self, frame: int) -> Pixels:
        return self._recent[frame] if frame in self._recent else self._store.load(frame, self._plan.work)

    def _loss_before(self, frame: int) -> float:
        before = self._before(frame)
        if before in self._recent:
            return self._neighbor_loss
        return seen_loss(self._store.losses(before))


def seen_loss(losses: Mapping[str, float]) -> float:
    """The part of a frame's loss that can be compared with its neighbours': content and style."""
    return losses.get("content", 0.0) + losses.get("style", 0.0)


def _long_term(targets: list[TemporalTarget]) -> tuple[TemporalTarget, ...]:
    """Each target without the pixels that nearer frames already claim (Ruder et al. 2016, eq. 9)."""
    held: list[TemporalTarget] = []
    claimed: NDArray[np.float32] | float = 0.0
    for target in targets:
        held.append(TemporalTarget(target.picture, np.maximum(target.weight - claimed, 0)))
        claimed = claimed + target.weight
    return tuple(held)
