"""The clip's frames without its bars: what is painted, in usual light, and what is beside the painted frames."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from videostyle.errors import MediaError
from videostyle.frames import Chunk, Frame, FrameRange, Pixels
from videostyle.media.read.decode import decode
from videostyle.motion.light import even
from videostyle.rendering.plan.plan import RenderPlan


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


def beside(
    plan: RenderPlan, frames: Iterable[tuple[int, Pixels]], size: tuple[int, int]
) -> Iterator[tuple[int, Pixels, Pixels]]:
    """Frames of the film beside the clip's: (source frame, finished pixels, the clip's pixels).

    frames: (source frame, finished pixels) of all frames to keep, ascending. size: width and height of the clip's, px.
    Raises MediaError if a frame of the clip can no longer be read.
    """
    asked = plan.to_keep
    clip = decode(plan.inside, FrameRange(asked[0], asked[-1] + 1), size)
    for index, finished in frames:
        frame = next((frame for frame in clip if frame.index >= index), None)
        if frame is None or frame.index > index:
            raise MediaError(f"{plan.clip.path}: frame {index} can no longer be read; restore the file")
        yield index, finished, frame.pixels
