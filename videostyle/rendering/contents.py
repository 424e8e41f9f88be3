"""What is painted: the clip's frames without its bars, in usual light."""

from collections import deque
from collections.abc import Iterator, Sequence

from videostyle.errors import MediaError
from videostyle.frames import Chunk, Frame, FrameRange
from videostyle.media.read.decode import decode
from videostyle.motion.light import even
from videostyle.rendering.plan import RenderPlan


def contents(
    plan: RenderPlan, chunk: Chunk, frames: Sequence[int], size: tuple[int, int] | None = None
) -> Iterator[Frame]:
    """What is painted for these frames of a chunk, ascending. size: width and height, px; None: the plan's work size.

    A frame that shows too little has the content of another one, which may come after it. Raises MediaError if a frame
    that the scan could decode can no longer be read: painting another one in its place would make the film wrong.
    """
    due, sources = deque(frames), plan.sources_of(chunk)
    needed = deque(sorted({sources[frame] for frame in frames}))
    for frame in decode(plan.inside, FrameRange(needed[0], needed[-1] + 1), size or plan.work):
        if frame.index > needed[0]:
            break
        if frame.index < needed[0]:
            continue  # not needed, or lost in the scan but readable now because decoding started elsewhere
        needed.popleft()
        pixels = even(frame.pixels, plan.light(frame.index)) if plan.follows_light else frame.pixels
        while due and sources[due[0]] == frame.index:
            yield Frame(due.popleft(), frame.pts, pixels)
        if not needed:
            return
    raise MediaError(
        f"{plan.clip.path}: frame {needed[0]} could be read before and can no longer be read; "
        "check the file and its disk, then run the same command again"
    )
