"""From painted frames to the film's frames, with what a finish carries stored in the job folder."""

from collections.abc import Iterator

from videostyle.frames import Pixels
from videostyle.media.stills import resize
from videostyle.paint.finish import Finish, Finished, FinishInput
from videostyle.rendering.plan import RenderPlan
from videostyle.rendering.store import Store


class Enlarge(Finish):
    """Scales painted frames to the film's size (Lanczos)."""

    fingerprint = "enlarge"

    def finish(self, frame: FinishInput) -> Finished:
        return Finished(resize(frame.painted, frame.size))


def finished(
    plan: RenderPlan, store: Store, finish: Finish, size: tuple[int, int] | None = None
) -> Iterator[tuple[int, Pixels]]:
    """(source frame, pixels) of every frame of the film, ascending. size: of the film, px; None: the plan's."""
    kept = set(plan.to_keep)
    size = size or plan.size
    name = f"{finish.fingerprint} {size}"
    for chunk in plan.chunks:
        frames, carry = plan.frames_of(chunk), b""
        if not finish.carries:
            frames = [frame for frame in frames if frame in kept]
        else:
            # the lead-in is skipped as far as an earlier run has stored what it carries on
            wanted = next((place for place, frame in enumerate(frames) if frame in kept), len(frames))
            for place in range(wanted, 0, -1):
                if (stored := store.carry(name, frames[place - 1])) is not None:
                    frames, carry = frames[place:], stored
                    break
        for frame in frames:
            result = finish.finish(FinishInput(frame, store.load(frame, plan.work), size, carry))
            if finish.carries:
                carry = result.carry
                store.save_carry(name, frame, carry)
            if frame in kept:
                yield frame, result.pixels
