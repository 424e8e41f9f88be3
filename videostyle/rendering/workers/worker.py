"""What every worker does, whoever runs it: paint a piece."""

from contextlib import closing

from videostyle import __version__
from videostyle.errors import JobError
from videostyle.events import OnEvent
from videostyle.frames import hash_of
from videostyle.paint.finish import Finish
from videostyle.paint.painter import Painter
from videostyle.rendering.chunk.renderer import render
from videostyle.rendering.finish.finish import finish_for
from videostyle.rendering.painters import painter_for
from videostyle.rendering.store.store import Store
from videostyle.rendering.workers.engine import Commission, Piece


def check_version(version: str, place: str) -> None:
    """Raise JobError if a job is of another version than this program. place: where it runs."""
    if version != __version__:
        fault = f"has videostyle {__version__}, but the job is of {version}"
        raise JobError(f"{place}: {fault}; install the same version everywhere")


class Worker:
    """Paints pieces one after another, and keeps painter and finish as long as they need the same ones.

    place: where it runs, for messages.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._painter: Painter | None = None
        self._finish: Finish | None = None
        self._commission: Commission | None = None
        self._looks: tuple[object, ...] = ()

    def paint(self, piece: Piece, report: OnEvent) -> None:
        """Paint what is not stored yet. Raises JobError if this worker would paint it differently from the others."""
        commission = piece.commission
        store, painter = Store(commission.job), self._painter_of(commission, report)
        if painter.fingerprint != commission.painter:
            fault = f"its network, weights, precision, or kind of device ({painter.name} on {painter.device})"
            raise JobError(f"{self._place}: {fault} differs from the job's; make them equal on all machines")
        plan, slots = commission.plan, commission.slots
        with closing(render(plan, store, painter, slots, report, piece.chunks, self._finish)) as frames:
            for _ in frames:
                pass

    def _painter_of(self, commission: Commission, report: OnEvent) -> Painter:
        if self._painter and commission is self._commission:
            return self._painter
        check_version(commission.version, self._place)
        plan = commission.plan
        looks = commission.painter, plan.settings, *(hash_of(artwork.pixels) for artwork in plan.artworks)
        if self._painter is None or looks != self._looks:
            self._painter = self._finish = None  # two at a time may not fit
            self._finish = finish_for(plan.artworks, plan.settings)
            self._painter = painter_for(plan.artworks, plan.settings, Store(commission.job).begun(), report)
        self._commission, self._looks = commission, looks
        return self._painter
