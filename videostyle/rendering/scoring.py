"""The scores of a finished film: files in, figures out."""

from collections.abc import Sequence
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.frames import FrameRange
from videostyle.media.color import in_colors_of
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture
from videostyle.metrics import Scores, score
from videostyle.rendering.plan import scan
from videostyle.selection import select
from videostyle.settings import BackboneSettings, FlowSettings, SceneSettings, StyleSettings

FLOW = FlowSettings(method="dis", plain=False)
"""another estimator than the one films are rendered with by default"""


def score_files(
    source: Path, stylized: Path, artworks: Sequence[Path], backbone: BackboneSettings, frames: str = ""
) -> Scores:
    """Measure a finished film against its clip and its artworks (see ``metrics.score``).

    frames: those of the clip that the film shows, as for ``selection.select``; empty: all. Frames that cannot be
    decoded are in no film, and are left out. Raises SettingsError where the film has another number of frames.
    """
    from videostyle.paint.backbones.backbone import choose_backbone  # torch takes seconds to import
    from videostyle.paint.device import choose_device
    from videostyle.paint.judge import Judge

    if not artworks:
        raise SettingsError("no artwork given; name at least one with --style art.jpg")
    clip, film = probe(source), probe(stylized)
    pictures = [in_colors_of(clip.color, read_picture(path)) for path in artworks]
    keep = select(clip, frames)
    found = scan(clip, SceneSettings(), keep)
    wanted = set(keep.frames) - set(found.lost)
    if film.num_frames != len(wanted):
        part = f"frames {frames} of {source} are" if frames else f"{source} has"
        raise SettingsError(
            f"{stylized} has {film.num_frames} frames and {part} {len(wanted)}; give --frames as it was rendered with"
        )
    network, _ = choose_backbone(backbone)
    judge = Judge(network.to(choose_device(backbone.device)), pictures, StyleSettings())
    shown = decode(clip, FrameRange(keep.frames[0], keep.frames[-1] + 1))
    original = (frame for frame in shown if frame.index in wanted)
    borders = [*(scene.start for scene in found.scenes), *(part.start for part in keep.parts)]
    return score(original, decode(film), judge, borders, FLOW)
