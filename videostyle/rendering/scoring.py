"""The scores of a finished film: files in, numbers out."""

from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.frames import FrameRange
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.metrics import Scores
from videostyle.metrics import score as measure
from videostyle.presets import Recipe, Values
from videostyle.rendering.artworks import AnyPath, Styles, read_artworks
from videostyle.rendering.plan import scan
from videostyle.selection import select
from videostyle.settings import FlowSettings, SceneSettings, StyleSettings

FLOW = FlowSettings(method="dis")
"""not the estimator that films are rendered with by default"""


def score(clip: AnyPath, film: AnyPath, styles: Styles, *, settings: Values | None = None, frames: str = "") -> Scores:
    """Measure a finished film: flicker, distance from the artworks and from the clip, drift, seams.

    settings: ``backbone.*`` settings of the network that judges. frames: the clip's frames that the film shows; empty:
    all. Frames that cannot be decoded are not in the film and are left out. Raises SettingsError if the film has a
    different number of frames, or another VideostyleError.
    """
    from videostyle.paint.backbones.choose import choose_backbone  # torch takes seconds to import
    from videostyle.paint.device import choose_device
    from videostyle.paint.judge import Judge

    backbone = Recipe.read(values=settings).given.backbone
    if wrong := [name for name in settings or {} if not name.startswith("backbone.")]:
        raise SettingsError(f"{wrong[0]} does not affect scores; only backbone.* settings do")
    source, stylized = probe(Path(clip)), probe(Path(film))
    pictures = [artwork.pixels for artwork in read_artworks(styles, source)]
    keep = select(source, frames)
    scanned = scan(source, SceneSettings(), keep)
    wanted = set(keep.frames) - set(scanned.lost)
    if stylized.num_frames != len(wanted):
        which = f"frames {frames} of {clip} are" if frames else f"{clip} has"
        raise SettingsError(
            f"{film} has {stylized.num_frames} frames but {which} {len(wanted)}; name the frames it shows (--frames)"
        )
    network, _ = choose_backbone(backbone)
    judge = Judge(network.to(choose_device(backbone.device)), pictures, StyleSettings())
    shown = decode(source, FrameRange(keep.frames[0], keep.frames[-1] + 1))
    original = (frame for frame in shown if frame.index in wanted)
    borders = [*(scene.start for scene in scanned.scenes), *(part.start for part in keep.parts)]
    return measure(original, decode(stylized), judge, borders, FLOW)
