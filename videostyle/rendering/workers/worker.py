"""What every worker does, whoever runs it: paint a piece."""

from contextlib import closing

from videostyle import __version__
from videostyle.errors import JobError
from videostyle.events import OnEvent
from videostyle.frames import hash_of
from videostyle.paint.painter import Painter
from videostyle.rendering.painters import painter_for
from videostyle.rendering.renderer import render
from videostyle.rendering.store import Store
from videostyle.rendering.workers.engine import Piece, Work


def check_version(version: str, place: str) -> None:
    """Raise JobError if a job is of another version than this program. place: where it runs."""
    if version != __version__:
        fault = f"has videostyle {__version__}, but the job is of {version}"
        raise JobError(f"{place}: {fault}; install the same version everywhere")


class Worker:
    """Paints pieces one after another, and keeps the painter as long as they need the same one.

    place: where it runs, for messages.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._painter: Painter | None = None
        self._work: Work | None = None
        self._looks: tuple[object, ...] = ()

    def paint(self, piece: Piece, report: OnEvent) -> None:
        """Paint what is not stored yet. Raises JobError if this worker would paint it differently from the others."""
        work = piece.work
        store, painter = Store(work.job), self._painter_of(work, report)
        if painter.fingerprint != work.painter:
            fault = f"its network, weights, precision, or kind of device ({painter.name} on {painter.device})"
            raise JobError(f"{self._place}: {fault} differs from the job's; make them equal on all machines")
        with closing(render(work.plan, store, painter, work.slots, report, piece.chunks)) as frames:
            for _ in frames:
                pass

    def _painter_of(self, work: Work, report: OnEvent) -> Painter:
        if self._painter and work is self._work:
            return self._painter
        check_version(work.version, self._place)
        plan = work.plan
        looks = work.painter, plan.settings, *(hash_of(artwork.pixels) for artwork in plan.artworks)
        if self._painter is None or looks != self._looks:
            self._painter = None  # two at a time may not fit
            self._painter = painter_for(plan.artworks, plan.settings, Store(work.job).begun(), report)
        self._work, self._looks = work, looks
        return self._painter
