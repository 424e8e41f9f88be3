"""What painting a plan costs: seconds of its chunks, and memory."""

from collections.abc import Collection, Sequence

from videostyle.paint.painter import Cost, Painter
from videostyle.rendering.finish.finish import finish_for
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.workers.machine import cores
from videostyle.rendering.workers.schedule import duration, work


def seconds_of(plan: RenderPlan, cost: Cost, free: Collection[int] = (), passes: int = 1) -> list[float]:
    """Most seconds that the frames of each chunk take one after another if little in each is new to its scene.

    free: frames that take none, because they are stored, or repeat others.
    """
    known = set(free)
    seconds = []
    for chunk in plan.chunks:
        frames = plan.frames_of(chunk)
        todo = [frame for frame in frames if frame not in known]
        first = todo[:1] == frames[:1] and bool(todo)
        later = len(todo) * passes - first
        seconds.append(later * cost.seconds_later + first * cost.seconds_first)
    return seconds


def frames_alike(plan: RenderPlan, painter: Painter, stored: set[int]) -> set[int]:
    """Frames not stored yet that probably repeat earlier ones."""
    return set(plan.to_render) & set(plan.scan.alike) - stored if painter.reach else set()


def job_seconds(plan: RenderPlan, painter: Painter, film: bool = True, workers: int = 1) -> float:
    """Seconds that a plan would take from the beginning, estimated from what the painter has measured."""
    width, height = plan.work
    alike = frames_alike(plan, painter, set())
    cost = painter.cost(height, width, plan.settings)
    painting = seconds_of(plan, cost, alike, plan.settings.temporal.passes)
    finishing = finish_for(plan.artworks, plan.settings).cost(plan.work, plan.painted_size(plan.size))
    return together(painting, sum(seconds_of(plan, finishing)) * film, painter.device, workers)


def together(seconds: Sequence[float], finishing: float, device: str, workers: int = 1) -> float:
    """Seconds that painting and finishing take side by side, at most.

    On a CPU they share its cores, unless there are more workers than cores: those of a farm have their own. On a GPU
    one waits for the other. seconds: of painting each chunk. finishing: of the film. workers: that paint at the same
    time.
    """
    painting = duration(seconds, workers)
    free = cores() if device == "cpu" else workers
    shared = (work(seconds, workers) + finishing) / free if workers <= free else 0.0
    return max(painting, finishing / workers, shared)
