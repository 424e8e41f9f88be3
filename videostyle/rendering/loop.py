"""A film that is shown again and again: its last frames are led into its first one."""

from collections.abc import Collection
from dataclasses import dataclass

from videostyle.errors import MediaError
from videostyle.frames import Clip, Frame, FrameRange, Pixels, to_picture
from videostyle.media.read.decode import decode
from videostyle.motion.flow import estimate, warp
from videostyle.motion.light import USUAL, even, sources
from videostyle.motion.memory import Memory, still_shown, surroundings
from videostyle.rendering.scan import SCAN_SIDE, Scan
from videostyle.rendering.sizes import fit
from videostyle.settings import RenderSettings

LED = 12
"""most frames that are led into the first one"""
MATCH = 0.4
"""share of the last frame that the first one must show: two shots share less, however fast the camera moves"""


@dataclass(frozen=True, slots=True, eq=False)
class Lead:
    """The clip's first frame, to which one of its last frames is held."""

    frame: Frame
    """at work size, in usual light"""
    memory: Memory
    ahead: int
    """frames from the last one until it is shown again"""


def led(scene: FrameRange, lost: Collection[int]) -> list[int]:
    """The frames of the clip's last scene that are led into the first frame, ascending; never the scene's first."""
    return [frame for frame in scene.indices if frame not in lost][1:][-LED:]


def first_of(scanned: Scan) -> int | None:
    """The first frame of the clip's first scene that can be decoded."""
    return next((frame for frame in scanned.scenes[0].indices if frame not in scanned.lost), None)


def match(inside: Clip, scanned: Scan, settings: RenderSettings) -> float:
    """The share of the clip's last frame that its first frame shows too, 0..1, judged at a small size.

    inside: without bars. scanned: must cover the clip's first and last scene. Whether the end of a clip leads into its
    beginning is decided by the frames that are painted, in the usual light of their scenes.
    """
    first, last = (_shown(inside, scanned, scanned.scenes[place], settings, place) for place in (0, -1))
    if first is None or last is None:
        return 0.0
    motion = estimate(last, first, settings.flow)
    shown, _ = warp(to_picture(surroundings(first)), motion.flow)
    return float((motion.consistency * still_shown(shown, surroundings(last))).mean())


def _shown(inside: Clip, scanned: Scan, scene: FrameRange, settings: RenderSettings, place: int) -> Pixels | None:
    """What is painted for the first (place 0) or last (-1) frame of a scene; None if none can be decoded."""
    frames = [frame for frame in scene.indices if frame not in scanned.lost]
    if not frames:
        return None
    lights = [scanned.lights.get(frame, USUAL) for frame in frames]
    follows = settings.light.follow > 0
    source = sources(frames, lights)[place] if follows else frames[place]
    size = fit(inside.width, inside.height, SCAN_SIDE)
    for frame in decode(inside, FrameRange(source, source + 1), size):
        return even(frame.pixels, scanned.lights.get(source, USUAL)) if follows else frame.pixels
    raise MediaError(f"{inside.path}: frame {source} can no longer be read; check the file and its disk")
