"""The scores of a finished film: files in, figures out."""

from collections.abc import Sequence
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.media.decode import decode
from videostyle.media.probe import probe
from videostyle.media.stills import read_picture
from videostyle.metrics import Scores, score
from videostyle.render.plan import scan
from videostyle.settings import BackboneSettings, FlowSettings, SceneSettings, StyleSettings

FLOW = FlowSettings(method="dis", plain=False)
"""another estimator than the one films are rendered with by default"""


def score_files(source: Path, stylized: Path, artworks: Sequence[Path], backbone: BackboneSettings) -> Scores:
    """Measure a finished film against its clip and its artworks (see ``metrics.score``).

    Frames of the clip that cannot be decoded are not in its film, and are left out. Raises SettingsError where the film
    has another number of frames than the clip: which frames a film of a range shows is not written in it.
    """
    from videostyle.stylize.backbones import choose_backbone  # torch takes seconds to import
    from videostyle.stylize.device import choose_device
    from videostyle.stylize.judge import Judge

    if not artworks:
        raise SettingsError("no artwork given; name at least one with --style art.jpg")
    pictures = [read_picture(path) for path in artworks]
    clip, film = probe(source), probe(stylized)
    found = scan(clip, SceneSettings())
    wanted = clip.num_frames - len(found.lost)
    if film.num_frames != wanted:
        raise SettingsError(
            f"{stylized} has {film.num_frames} frames and {source} {wanted}; give the film of the whole clip"
        )
    network, _ = choose_backbone(backbone)
    judge = Judge(network.to(choose_device(backbone.device)), pictures, StyleSettings())
    return score(decode(clip), decode(film), judge, found.cuts, FLOW)
