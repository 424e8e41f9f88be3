"""A film that is shown again and again: its last frames are led into its first one."""

from collections.abc import Collection
from dataclasses import dataclass

from videostyle.errors import MediaError
from videostyle.frames import Clip, Frame, FrameRange, Pixels, to_picture
from videostyle.media.read.decode import decode
from videostyle.motion.flow import estimate, warp
from videostyle.motion.light import USUAL, even, sources
from videostyle.motion.memory import Memory, still_shown, surroundings
from videostyle.rendering.plan.scan import SCAN_SIDE, Scan
from videostyle.rendering.plan.sizes import fit
from videostyle.settings import RenderSettings

LED = 12
"""most frames that are led into the first one"""
MATCH = 0.6
"""how well the first frame must follow the last one, in parts of how well the last one follows the one before it"""


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
    """How well the clip's first frame follows its last one, in parts of how well neighbors do, 0..1.

    inside: without bars. scanned: must cover the clip's first scene and its last one, which has frames that are led.
    Judged at a small size, by the share of the last frame that another one shows, and by what is painted: frames in the
    usual light of their scenes.
    """
    if first_of(scanned) is None:
        return 0.0
    end = scanned.scenes[-1]
    first, last = (
        _painted(inside, scanned, scanned.scenes[0], settings, 0),
        _painted(inside, scanned, end, settings, -1),
    )
    before = _painted(inside, scanned, end, settings, -2)
    return min(1.0, _share(last, first, settings) / max(_share(last, before, settings), 1e-6))


def _share(last: Pixels, other: Pixels, settings: RenderSettings) -> float:
    """The share of a frame that another one shows too, 0..1."""
    motion = estimate(last, other, settings.flow)
    shown, _ = warp(to_picture(surroundings(other)), motion.flow)
    return float((motion.consistency * still_shown(shown, surroundings(last))).mean())


def _painted(inside: Clip, scanned: Scan, scene: FrameRange, settings: RenderSettings, place: int) -> Pixels:
    """What is painted for a frame of a scene. place: among those that can be decoded; negative: from the end."""
    frames = [frame for frame in scene.indices if frame not in scanned.lost]
    lights = [scanned.lights.get(frame, USUAL) for frame in frames]
    follows = settings.light.follow > 0
    source = sources(frames, lights)[place] if follows else frames[place]
    size = fit(inside.width, inside.height, SCAN_SIDE)
    for frame in decode(inside, FrameRange(source, source + 1), size):
        return even(frame.pixels, scanned.lights.get(source, USUAL)) if follows else frame.pixels
    raise MediaError(f"{inside.path}: frame {source} can no longer be read; check the file and its disk")
