"""Stored frames -> film."""

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from videostyle import __version__
from videostyle.errors import IncompleteError, JobError
from videostyle.frames import Clip, Pixels
from videostyle.media.encode import encode_film
from videostyle.media.probe import probe
from videostyle.render.ahead import Ahead
from videostyle.render.plan import RenderPlan, Scan, clip_identity, make_plan, scan_key
from videostyle.render.store import Store
from videostyle.selection import select
from videostyle.settings import FilmSettings, restore

SHOWN = 10
"""missing ranges that an error names"""


@dataclass(frozen=True, slots=True)
class FilmDone:
    """The film is written."""

    path: Path
    frames: int
    frames_lost: int
    """frames asked for that the clip promised and that could not be decoded"""
    seconds: float
    """wall time of rendering and encoding"""


def make_film(
    plan: RenderPlan, store: Store, output: Path, backbone: str, on_frame: Callable[[int], object] = lambda _: None
) -> None:
    """Encode the stored frames as a film, with everything else that the clip holds.

    backbone: its name, for the film's comment. ``on_frame`` is called with the number of a frame that goes in.
    """

    def pictures() -> Iterator[tuple[int, Pixels]]:
        for frame in plan.to_keep:
            yield frame, store.load(frame)
            on_frame(frame)

    settings = plan.settings
    styles = " + ".join(path.name for path in plan.artworks)
    comment = f"videostyle {__version__}, {backbone}, style {styles}, seed {settings.seed}"
    ahead = Ahead(pictures(), depth=4)
    try:
        encode_film(plan.clip, output, ahead, settings.film, plan.size, plan.keep, comment)
    finally:
        ahead.close()


def notes(plan: RenderPlan, backbone: str, rate: Fraction | None) -> dict[str, object]:
    """What ``plan.json`` says beside the fingerprint: all that ``stored_plan`` needs, and what people want to know.

    backbone: its name. rate: frames a second that were given for a sequence of pictures.
    """
    clip = plan.clip
    return {
        "clip": str(clip.path.absolute()),
        "stream": clip.stream,
        "rate": rate and str(rate),
        "identity": clip_identity(clip),
        "styles": [str(path.absolute()) for path in plan.artworks],
        "backbone": backbone,
        "version": __version__,
        "settings": asdict(plan.settings),
        "scenes": scenes(plan.scan, clip),
        "scan": {"key": scan_key(clip, plan.settings.scene), "cuts": plan.scan.cuts, "lost": plan.scan.lost},
    }


def scenes(scan: Scan, clip: Clip) -> list[str]:
    """The scenes of a clip, as ranges that ``--frames`` takes: a farm's best tasks."""
    return [f"{start}:{stop}" for start, stop in itertools.pairwise([0, *scan.cuts, clip.num_frames])]


def stored_plan(store: Store, frames: str = "", film: FilmSettings | None = None, clip: Path | None = None) -> RenderPlan:
    """The plan of a job folder, made again from its ``plan.json`` alone: neither artwork nor network is needed.

    frames: as for ``select``; film: how to encode, None: as the job was asked to; clip: where it lies now, None: where
    it lay. Raises JobError where the folder holds no job or the clip is another, SettingsError for wrong frames.
    """
    known = store.notes()
    source = probe(clip or Path(known["clip"]), known["stream"], known["rate"] and Fraction(known["rate"]))
    if clip_identity(source) != known["identity"]:
        raise JobError(f"{source.path} is not the clip that {store.folder} was rendered from; give that with --clip")
    settings = restore(known["settings"], f"{store.folder}/plan.json")
    settings = dataclasses.replace(settings, film=film or settings.film)
    found = Scan(tuple(known["scan"]["cuts"]), tuple(known["scan"]["lost"]))
    styles = [Path(style) for style in known["styles"]]
    return make_plan(source, styles, settings, found, select(source, frames), known["fingerprint"])


def check_complete(plan: RenderPlan, store: Store) -> None:
    """Raise IncompleteError, naming the ranges, where frames of a plan's film are not stored yet."""
    missing = ranges([frame for frame in plan.to_keep if not store.has(frame)])
    if missing:
        more = f" and {len(missing) - SHOWN} more ranges" if len(missing) > SHOWN else ""
        raise IncompleteError(
            f"{store.folder}: not rendered yet are frames {','.join(missing[:SHOWN])}{more}; "
            f"render them with run --frames and --job {store.folder}"
        )


def ranges(frames: Sequence[int]) -> list[str]:
    """Ascending frame numbers as ranges ``A:B``."""
    starts = [frame for place, frame in enumerate(frames) if place == 0 or frames[place - 1] != frame - 1]
    stops = [frame + 1 for place, frame in enumerate(frames) if place + 1 == len(frames) or frames[place + 1] != frame + 1]
    return [f"{start}:{stop}" for start, stop in zip(starts, stops, strict=True)]


def assemble(
    plan: RenderPlan, store: Store, output: Path, on_frame: Callable[[int], object] = lambda _: None
) -> FilmDone:
    """Make the film of a job folder whose frames other processes rendered; ``plan`` is that of ``stored_plan``.

    Raises IncompleteError where frames are missing, MediaError where the film cannot be written.
    """
    check_complete(plan, store)
    start = time.perf_counter()
    known: dict[str, Any] = store.notes()
    make_film(plan, store, output, known["backbone"], on_frame)
    lost = len(plan.keep.frames) - len(plan.to_keep) + plan.clip.frames_missing
    return FilmDone(output, len(plan.to_keep), lost, time.perf_counter() - start)
