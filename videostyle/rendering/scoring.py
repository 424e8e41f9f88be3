"""The scores of a finished film: files in, numbers out."""

from dataclasses import replace
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.frames import FrameRange
from videostyle.media.light import shown
from videostyle.media.read.crop import without_bars
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.metrics import DIS
from videostyle.metrics import score as measure
from videostyle.presets import Recipe, Values
from videostyle.rendering.plan.artworks import AnyPath, Styles, read_artworks
from videostyle.rendering.plan.bars import area, search_bars
from videostyle.rendering.plan.scan import scan
from videostyle.scores import Scores
from videostyle.selection import select
from videostyle.settings import SceneSettings, StyleSettings


def score(clip: AnyPath, film: AnyPath, styles: Styles, *, settings: Values | None = None, frames: str = "") -> Scores:
    """Measure a finished film: flicker, distance from the artworks and from the clip, drift, seams.

    settings: ``backbone.*`` settings of the network that judges. frames: the clip's frames that the film shows; empty:
    all. Frames that cannot be decoded are not in the film and are left out; so are bars. Raises SettingsError if the
    film has a different number of frames, or another VideostyleError.
    """
    from videostyle.paint.backbones.choose import choose_backbone  # torch takes seconds to import
    from videostyle.paint.device import choose_device
    from videostyle.paint.judge import Judge

    backbone = Recipe.read(values=settings).given.backbone
    if wrong := [name for name in settings or {} if not name.startswith("backbone.")]:
        raise SettingsError(f"{wrong[0]} does not affect scores; only backbone.* settings do")
    source, stylized = probe(Path(clip)), probe(Path(film))
    developed = source.color.linear and not stylized.color.linear  # the film shows the clip's light in sRGB
    pictures = [artwork.pixels for artwork in read_artworks(styles, None if developed else source)]
    keep = select(source, frames)
    bars, _ = search_bars(source)
    inside = without_bars(source, bars)
    scanned = scan(inside, SceneSettings(), keep)
    wanted = set(keep.frames) - set(scanned.lost)
    if stylized.num_frames != len(wanted):
        which = f"frames {frames} of {clip} are" if frames else f"{clip} has"
        raise SettingsError(
            f"{film} has {stylized.num_frames} frames but {which} {len(wanted)}; name the frames it shows (--frames)"
        )
    network, _ = choose_backbone(backbone)
    judge = Judge(network.to(choose_device(backbone.device)), pictures, StyleSettings())
    read = decode(inside, FrameRange(keep.frames[0], keep.frames[-1] + 1))
    original = (
        replace(frame, pixels=shown(source.color, frame.pixels)) if developed else frame
        for frame in read
        if frame.index in wanted
    )
    borders = [*(scene.start for scene in scanned.scenes), *(part.start for part in keep.parts)]
    painted = decode(without_bars(stylized, area(source, bars, (stylized.width, stylized.height))))
    return measure(original, painted, judge, borders, DIS)
