"""What painting a plan costs: seconds, memory, and the workers that are worth it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from videostyle.paint.painter import Cost, Painter
from videostyle.rendering.finish.finish import finish_for
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.workers.count import ALONE, Beside, choose_workers
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


@dataclass(frozen=True, slots=True)
class Price:
    """What painting and finishing a plan takes, and with how many workers."""

    cost: Cost
    """of painting a frame; nothing if all frames are stored"""
    finishing: Cost
    """of finishing a frame"""
    alike: int
    """how many frames probably repeat earlier ones and cost nothing"""
    chunks: tuple[float, ...]
    """seconds of painting what is not stored of each chunk"""
    workers: int
    seconds: float
    """until the film is done"""


def price_of(
    plan: RenderPlan,
    painter: Painter,
    workers: int = 0,
    *,
    stored: Collection[int] = (),
    film: bool = True,
    most: int = 0,
    other: bool = False,
    beside: Beside = ALONE,
) -> Price:
    """The price of a plan.

    workers, most: as for ``choose_workers``. stored: frames that are painted. film: whether they are finished. other:
    whether the painter was made for other settings; what it has measured is then scaled. beside: other jobs that share
    the workers.
    """
    width, height = plan.work
    known = set(stored)
    done = known.issuperset(plan.to_render)
    settings = plan.settings if other else None
    cost = Cost() if done else painter.cost(height, width, settings)  # which it measures by painting
    alike = frames_alike(plan, painter, known)
    seconds = seconds_of(plan, cost, known | alike, plan.settings.temporal.passes)
    finishing = finish_for(plan.artworks, plan.settings).cost(plan.work, plan.painted_size(plan.size))
    each = cost.bytes_per_slot + finishing.bytes_per_slot  # a worker finds out what the film's finish carries
    workers = beside.workers or choose_workers(workers, seconds, each, painter.device, plan.settings, most, beside)
    whole = together(seconds, sum(seconds_of(plan, finishing)) * film, painter.device, workers)
    return Price(cost, finishing, len(alike), tuple(seconds), workers, whole)


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
