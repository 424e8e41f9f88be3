"""Coarse to fine: the first frame of a chunk is painted small first, so that strokes become large."""

from collections.abc import Sequence

from videostyle.frames import FrameTask, Picture
from videostyle.paint.optimize.objective import Objectives
from videostyle.paint.optimize.solve import solve
from videostyle.paint.optimize.steps import Steps
from videostyle.paint.tensors import resize, stack, to_pictures
from videostyle.settings import OptimizeSettings

LEAST_PER_SCALE = 6
"""iterations of a first frame below which a coarser scale would only blur it, and is left out"""


def scales(height: int, width: int, smallest: int, settings: OptimizeSettings) -> list[tuple[int, int]]:
    """Sizes below full size, smallest first, a factor sqrt 2 apart; fewer if there are few iterations.

    smallest: least short side that the backbone can see, px.
    """
    coarsest = max(settings.coarsest, smallest)
    sizes, factor = [], 2**-0.5
    while min(height, width) * factor >= coarsest:
        sizes.append((round(height * factor), round(width * factor)))
        factor *= 2**-0.5
    most = settings.first_iterations // LEAST_PER_SCALE - 1
    return sizes[: max(0, most)][::-1]


def per_scale(sizes: Sequence[tuple[int, int]], settings: OptimizeSettings) -> int:
    """Iterations of a first frame at each of these sizes, and at full size."""
    return max(1, settings.first_iterations // (len(sizes) + 1))


def coarse_to_fine(
    tasks: Sequence[FrameTask],
    sizes: Sequence[tuple[int, int]],
    objectives: Objectives,
    settings: OptimizeSettings,
    steps: Steps,
) -> list[Picture]:
    """Paint first frames at the smaller sizes; returns where they start at full size."""
    height, width = tasks[0].content.shape[:2]
    content = stack([task.content for task in tasks], objectives.device)
    initial = stack([task.initial for task in tasks], objectives.device)
    limits = [per_scale(sizes, settings)] * len(tasks)
    for rows, columns in sizes:
        objective = objectives.make(resize(content, rows, columns))
        start = resize(initial, rows, columns)
        initial = solve(objective, start, limits, settings, steps.at).pictures
        steps.end(limits[0])
    return to_pictures(resize(initial, height, width))
