"""From painted frames to the film's frames, with what a finish carries stored in the job folder."""

from collections.abc import Iterator, Sequence
from contextlib import closing

from videostyle.frames import Pixels
from videostyle.media.stills import resize
from videostyle.paint.finish import Finish
from videostyle.paint.painter import OnStep
from videostyle.rendering.finish.arrivals import Arrivals
from videostyle.rendering.finish.carries import Carries
from videostyle.rendering.finish.recolor import recolored
from videostyle.rendering.finish.relight import relit
from videostyle.rendering.plan.plan import Artwork, RenderPlan
from videostyle.rendering.store.store import Store
from videostyle.settings import RenderSettings


class Enlarge(Finish):
    """Scales painted frames to the film's size (Lanczos)."""

    fingerprint = "enlarge"

    def picture(self, painted: Pixels, carry: bytes, size: tuple[int, int], on_step: OnStep | None = None) -> Pixels:
        return resize(painted, size)


ENLARGE = Enlarge()


def finish_for(artworks: Sequence[Artwork], settings: RenderSettings) -> Finish:
    """The finish that the settings ask for. Raises SettingsError or DeviceError."""
    if not (settings.brush.amount and settings.paints):
        return ENLARGE
    from videostyle.paint.brush.brush import Brush  # torch takes seconds to import
    from videostyle.paint.device import choose_device, prepare_process

    device = choose_device(settings.backbone.device)
    prepare_process(device)
    return Brush([artwork.pixels for artwork in artworks], settings, device, resize)


def finished(
    plan: RenderPlan,
    store: Store,
    finish: Finish,
    size: tuple[int, int] | None = None,
    arrivals: Arrivals | None = None,
    on_step: OnStep | None = None,
) -> Iterator[tuple[int, Pixels]]:
    """(source frame, pixels) of every frame of the film without its bars, ascending.

    size: of the film with its bars, px; None: the plan's. arrivals: of frames that are still being painted. on_step: as
    for ``Finish.picture``.
    """
    size = plan.painted_size(size or plan.size)
    frames = _finished(plan, store, finish, size, arrivals, on_step)
    if plan.follows_light:
        frames = relit(plan, frames)
    # last, because it fits each frame's brightness to the clip's
    return recolored(plan, frames, size) if plan.settings.paints and plan.settings.colors.artwork < 1 else frames


def _finished(
    plan: RenderPlan,
    store: Store,
    finish: Finish,
    size: tuple[int, int],
    arrivals: Arrivals | None,
    on_step: OnStep | None,
) -> Iterator[tuple[int, Pixels]]:
    """size: of the film without its bars, px."""
    kept, carried = set(plan.to_keep), finish.carries(plan.work, size)
    for chunk in plan.chunks:
        frames = plan.frames_of(chunk)
        if kept.isdisjoint(frames):
            continue  # others are led into its first frame
        carries = Carries(plan, store, finish, chunk)
        with closing(carries):
            for frame in frames:
                if arrivals and (carried or frame in kept):
                    arrivals.wait(frame)
                if frame in kept:
                    carry = carries.of(frame) if carried else b""
                    yield frame, finish.picture(store.load(frame, plan.work), carry, size, on_step)


def needed(plan: RenderPlan, store: Store, finish: Finish, size: tuple[int, int]) -> set[int]:
    """Painted frames that a film of a size still needs, px without its bars.

    A finish that carries something also needs the lead-in, except what an earlier run has already finished.
    """
    kept, found = set(plan.to_keep), set(plan.to_keep)
    if finish.carries(plan.work, size):
        for chunk in plan.chunks:
            frames = plan.frames_of(chunk)
            first = next((frame for frame in frames if frame in kept), None)
            if first is not None:  # others are led into its first frame
                found.update(frames[Carries(plan, store, finish, chunk).known(first)[0] :])
    return found
