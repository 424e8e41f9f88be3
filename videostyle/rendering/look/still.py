"""One picture, or one frame of a clip, painted as a film's frame would be."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from videostyle.errors import MediaError, SettingsError
from videostyle.events import Event, FilmDone, Iterated, OnEvent, Planned, ignore
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.files import check_folder, whole_or_nothing
from videostyle.media.read.photo import is_photo, probe_photo
from videostyle.media.read.probe import probe
from videostyle.media.read.sequence import default_name, has_file
from videostyle.media.write.folder import USUAL, WRITTEN, Pictures, write_folder
from videostyle.names import shortened, usable
from videostyle.paint.painter import Painter
from videostyle.presets import Recipe, Values
from videostyle.rendering.chunk.renderer import render
from videostyle.rendering.film.film import check_free
from videostyle.rendering.finish.finish import finish_for, finished
from videostyle.rendering.job import opened, prepare
from videostyle.rendering.plan.artworks import AnyPath, Styles, artworks_for
from videostyle.rendering.plan.bars import with_bars
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.request import Checked, Request
from videostyle.rendering.store.store import Store
from videostyle.selection import Selection, select_frame


def still(
    picture: AnyPath,
    styles: Styles,
    output: AnyPath | None = None,
    *,
    frame: str = "",
    preset: str = "",
    settings: Values | None = None,
    overwrite: bool = False,
    on_event: OnEvent = ignore,
) -> FilmDone:
    """Paint a picture, or one frame of a clip, and write it as PNG or OpenEXR. Returns what was made.

    frame: of a clip: a number, a time, or a timecode, as for ``select_frame``. The frame is painted as the film would
    paint it if it were the first of its scene. output: None: ``PICTURE_ART.png`` next to the picture. Bit depth,
    transparency, and ICC profile are kept, and orientation is applied. Raises VideostyleError.
    """
    place = Path(output) if output else None
    recipe = Recipe.read(preset, settings)
    request = Request(Path(picture), styles, recipe, frames=frame, output=place, overwrite=overwrite)
    return make_still(request, on_event)


def make_still(request: Request, on_event: OnEvent = ignore) -> FilmDone:
    """Paint the one frame that a request asks for; see ``still``."""
    start = time.perf_counter()
    with working_folder() as folder:
        checked = check_still(request, folder)

        def report(event: Event) -> None:
            if isinstance(event, Planned):
                event = replace(event, clip=request.clip, job=None)  # not those in the temporary folder
            on_event(event)

        prepared = prepare(checked, on_event=report)
        report(prepared.summary)
        pixels = painted(prepared.plan, prepared.painter, checked.job, report)
        prepared.plan.check_clip()
        check_free(checked.output, checked.sources, request.overwrite)
        write_still(checked.output, prepared.plan, pixels, folder)
    done = FilmDone(checked.output, 1, 0, time.perf_counter() - start, prepared.plan.frames_damaged)
    on_event(done)
    return done


def check_still(request: Request, folder: Path) -> Checked:
    """Check a request for one frame before any work begins. folder: for temporary files.

    Raises SettingsError or MediaError.
    """
    clip = probe_source(request, folder)
    if not request.frames and clip.num_frames > 1:
        raise SettingsError(f"{request.clip}: a clip of {clip.num_frames} frames; choose one with --frame 120")
    frame = select_frame(clip, request.frames or "0")
    artworks, said = artworks_for(clip, request.styles)
    output = usable(request.output or _default_output(clip, request, [art.name for art in artworks], frame))
    if output.suffix.lower() not in WRITTEN:
        raise SettingsError(f"{output}: cannot write such a picture; use a name with {' or '.join(WRITTEN)}")
    check_folder(output)
    keep = Selection((range(frame, frame + 1),))
    checked = Checked(request, clip, artworks, keep, output, folder / "job", None, clip.notes + said, alone=True)
    check_free(output, (request.clip, *checked.sources), request.overwrite)
    return checked


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder for temporary files during a ``with`` block."""
    with tempfile.TemporaryDirectory(prefix="videostyle-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def probe_source(request: Request, folder: Path) -> Clip:
    """The clip, or the picture as a clip of one frame. folder: for temporary files. Raises MediaError."""
    if not is_photo(request.clip):
        return probe(request.clip, request.stream, request.rate)
    if request.stream is not None or request.rate is not None:
        raise MediaError(f"{request.clip}: a single picture; omit --stream and --fps")
    if request.frames not in ("", "0"):
        raise MediaError(f"{request.clip}: a single picture, not a clip; omit --frame")
    return probe_photo(request.clip, folder)


def painted(plan: RenderPlan, painter: Painter, job: Path, on_event: OnEvent = ignore) -> Pixels:
    """The film's frame of a plan of one frame, (H, W, 3). job: a folder for this plan and painter.

    Frames that it holds are not painted again.
    """
    (frame,) = plan.to_keep
    with opened(plan, Store(job), painter) as store:
        with closing(render(plan, store, painter, 1, on_event)) as frames:
            for _ in frames:
                pass
        done = finished(
            plan,
            store,
            finish_for(plan.artworks, plan.settings),
            on_step=lambda rows, height: on_event(Iterated(rows, height, finishing=True)),
        )
        ((_, pixels),) = with_bars(plan.clip, plan.bars, plan.size, done, FrameRange(frame, frame + 1))
    return pixels


def write_still(output: Path, plan: RenderPlan, pixels: Pixels, folder: Path) -> None:
    """Write a finished frame of a plan: the whole file or nothing. folder: for temporary files."""
    (frame,) = plan.to_keep
    pictures = Pictures(folder / "finished", replace(USUAL, after=output.suffix))
    write_folder(pictures, plan.clip, [(frame, pixels)], plan.size)
    with whole_or_nothing(output, "free some space or choose another folder", "cannot be written") as temporary:
        shutil.copyfile(pictures.path(frame), temporary)


def default_picture(clip: Clip, request: Request, ending: str, suffix: str) -> Path:
    """A picture's path, next to the picture or clip that is asked for. The suffix is kept if the name is too long."""
    photo = is_photo(request.clip)
    source = request.clip if photo else default_name(clip)
    name = source.stem if photo or has_file(clip) else source.name
    return source.with_name(shortened(name + ending, suffix))


def _default_output(clip: Clip, request: Request, artworks: Sequence[str], frame: int) -> Path:
    suffix = ".exr" if clip.color.linear else ".png"
    ending = f"_{'+'.join(Path(name).stem for name in artworks)}"
    return default_picture(clip, request, ending, suffix if clip.num_frames == 1 else f"_{frame:06d}{suffix}")
