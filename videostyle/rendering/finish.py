"""From painted frames to the film's frames, with what a finish carries stored in the job folder."""

from collections.abc import Iterator, Sequence

from videostyle.frames import Motion, Pixels
from videostyle.media.stills import resize
from videostyle.motion.flow import estimate
from videostyle.paint.finish import Finish, Finished, FinishInput
from videostyle.rendering.contents import contents
from videostyle.rendering.plan import Artwork, RenderPlan
from videostyle.rendering.recolor import recolored
from videostyle.rendering.relight import relit
from videostyle.rendering.store import Store
from videostyle.settings import RenderSettings


class Enlarge(Finish):
    """Scales painted frames to the film's size (Lanczos)."""

    fingerprint = "enlarge"

    def finish(self, frame: FinishInput) -> Finished:
        return Finished(resize(frame.painted, frame.size))


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
    plan: RenderPlan, store: Store, finish: Finish, size: tuple[int, int] | None = None
) -> Iterator[tuple[int, Pixels]]:
    """(source frame, pixels) of every frame of the film without its bars, ascending.

    size: of the film with its bars, px; None: the plan's.
    """
    size = plan.painted_size(size or plan.size)
    frames = _finished(plan, store, finish, size)
    if plan.follows_light:
        frames = relit(plan, frames)
    # last, because it fits each frame's brightness to the clip's
    return recolored(plan, frames, size) if plan.settings.paints and plan.settings.colors.artwork < 1 else frames


def _finished(plan: RenderPlan, store: Store, finish: Finish, size: tuple[int, int]) -> Iterator[tuple[int, Pixels]]:
    """size: of the film without its bars, px."""
    kept = set(plan.to_keep)
    for frames, carry in stretches(plan, store, finish, size):
        for frame, motion in motions(plan, frames, finish.sees(plan.work), bool(carry)):
            result = finish.finish(FinishInput(frame, store.load(frame, plan.work), size, carry, motion))
            if finish.carries:
                carry = result.carry
                store.save_carry(_name(finish, size), frame, carry)
            if frame in kept:
                yield frame, result.pixels


def stretches(
    plan: RenderPlan, store: Store, finish: Finish, size: tuple[int, int]
) -> Iterator[tuple[list[int], bytes]]:
    """For every chunk: the painted frames that the film needs, ascending, and what is carried into the first one.

    A finish that carries something also needs the lead-in, except what an earlier run has already finished.
    """
    kept = set(plan.to_keep)
    for chunk in plan.chunks:
        frames = plan.frames_of(chunk)
        if kept.isdisjoint(frames):
            continue  # others are led into its first frame
        if not finish.carries:
            yield [frame for frame in frames if frame in kept], b""
            continue
        first = next((place for place, frame in enumerate(frames) if frame in kept), len(frames))
        carries = ((place, store.carry(_name(finish, size), frames[place - 1])) for place in range(first, 0, -1))
        place, carry = next(((place, carry) for place, carry in carries if carry is not None), (0, b""))
        yield frames[place:], carry


def motions(
    plan: RenderPlan, frames: Sequence[int], size: tuple[int, int] | None, continued: bool
) -> Iterator[tuple[int, Motion | None]]:
    """(source frame, motion since the frame before in its chunk) of neighboring frames of a chunk.

    size: width and height at which it is estimated, px; None: not at all. continued: whether the first of them is not
    the chunk's first. Raises MediaError if a frame can no longer be read.
    """
    if size is None or not frames:
        yield from ((frame, None) for frame in frames)
        return
    chunk = next(chunk for chunk in plan.chunks if frames[0] in plan.frames_of(chunk))
    order = plan.frames_of(chunk)
    start, before = order.index(frames[0]) - continued, None
    for frame in contents(plan, chunk, order[start : order.index(frames[-1]) + 1], size):
        if before or not continued:
            yield frame.index, estimate(frame.pixels, before.pixels, plan.settings.flow) if before else None
        before = frame


def _name(finish: Finish, size: tuple[int, int]) -> str:
    return f"{finish.fingerprint} {size}"
