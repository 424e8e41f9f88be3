"""The scores of a finished film: files in, numbers out."""

from collections.abc import Sequence
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.frames import FrameRange
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.metrics import Scores, score
from videostyle.rendering.plan import scan
from videostyle.rendering.request import StyleSource, read_artworks
from videostyle.selection import select
from videostyle.settings import BackboneSettings, FlowSettings, SceneSettings, StyleSettings

FLOW = FlowSettings(method="dis")
"""not the estimator that films are rendered with by default"""


def score_files(
    source: Path, stylized: Path, styles: Sequence[StyleSource], backbone: BackboneSettings, frames: str = ""
) -> Scores:
    """Measure a finished film against its clip and its artworks (see ``metrics.score``).

    frames: the clip's frames that the film shows, as for ``selection.select``; empty: all. Frames that cannot be
    decoded are not in the film and are left out. Raises SettingsError if the film has a different number of frames.
    """
    from videostyle.paint.backbones.choose import choose_backbone  # torch takes seconds to import
    from videostyle.paint.device import choose_device
    from videostyle.paint.judge import Judge

    clip, film = probe(source), probe(stylized)
    pictures = [artwork.pixels for artwork in read_artworks(styles, clip)]
    keep = select(clip, frames)
    scanned = scan(clip, SceneSettings(), keep)
    wanted = set(keep.frames) - set(scanned.lost)
    if film.num_frames != len(wanted):
        which = f"frames {frames} of {source} are" if frames else f"{source} has"
        raise SettingsError(
            f"{stylized} has {film.num_frames} frames but {which} {len(wanted)}; pass the --frames it was rendered with"
        )
    network, _ = choose_backbone(backbone)
    judge = Judge(network.to(choose_device(backbone.device)), pictures, StyleSettings())
    shown = decode(clip, FrameRange(keep.frames[0], keep.frames[-1] + 1))
    original = (frame for frame in shown if frame.index in wanted)
    borders = [*(scene.start for scene in scanned.scenes), *(part.start for part in keep.parts)]
    return score(original, decode(film), judge, borders, FLOW)
