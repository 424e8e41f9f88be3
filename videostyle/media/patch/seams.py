"""Whether a spliced film still shows the old frames around its spans."""

from pathlib import Path

import numpy as np

from videostyle.frames import Clip, FrameRange
from videostyle.media.read.decode import stored_frames
from videostyle.media.read.probe import probe

AROUND = 8
"""frames compared after a span, where references into it would show"""


def difference(film: Clip, spans: tuple[FrameRange, ...], path: Path) -> str:
    """How a spliced film differs from the old one outside its spans; empty: not at all."""
    new = probe(path)
    times, wanted = ([*map(clip.seconds, clip.frames.indices), clip.duration] for clip in (new, film))
    if times != wanted:
        return "its frames have other times"
    for span in spans:
        around = FrameRange(max(0, span.start - 1), min(film.num_frames, span.stop + AROUND))
        frames = stored_frames(new, around)
        for index, before in stored_frames(film, around):
            number, after = next(frames, (-1, before))
            if number != index:
                return f"frame {index} cannot be decoded"
            old, now = (frame.to_ndarray(format="rgb48le") for frame in (before, after))
            if not any(index in other for other in spans) and not np.array_equal(old, now):
                return f"frame {index} differs"
    return ""
