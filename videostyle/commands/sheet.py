"""``videostyle sheet``: a contact sheet of different settings."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videostyle.commands.still import FrameOption, OverwriteOption, PictureArgument
from videostyle.errors import SettingsError, VideostyleError
from videostyle.options import (
    FRAMES,
    OUTPUT,
    PICTURE,
    Aim,
    Encoding,
    Flags,
    Look,
    Network,
    Part,
    Place,
    StillLook,
    Track,
    Voice,
    Work,
    flag,
    grouped,
)
from videostyle.progress import Progress
from videostyle.progress import output as printed

if TYPE_CHECKING:
    from videostyle.rendering.look.vary import Choice
    from videostyle.rendering.request import Request

BLENDING = ("style.mix", "style.blend")
"""settings that say how several artworks are blended"""

VaryOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=V,V,..",
        help="what varies: a setting or preset; once: columns; twice: columns and rows",
        rich_help_panel=PICTURE,
    ),
]
ScenesOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="of a clip: show a telling frame of each of its N longest scenes; default: 3, or 1 if rows vary",
        rich_help_panel=FRAMES,
        min=1,
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="the sheet, .png or .html; default: PICTURE_sheet.png next to the picture",
        rich_help_panel=OUTPUT,
    ),
]


@dataclass(frozen=True)
class SheetLook(StillLook):
    """What the pictures of a sheet look like."""

    size: int | None = flag(None, PICTURE, "short side of the pictures, px; default: 320", metavar="N", least=1)


@grouped
def sheet_command(
    picture: PictureArgument,
    look: SheetLook,
    network: Network,
    track: Track,
    voice: Voice,
    vary: VaryOption = None,
    frame: FrameOption = "",
    scenes: ScenesOption = None,
    output: OutputOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Paint a contact sheet: the same picture with different settings, side by side, with labels.

    Writes PICTURE_sheet.png; -o sheet.html makes a page on which a click shows a picture at its full size. Several
    artworks vary too, unless style.mix or style.blend says how they are blended. Pictures are 320 px on the short side,
    or --size. Prints the command for each picture.
    """
    from videostyle.rendering.look.sheet import SMALL, SheetRequest, make_sheet
    from videostyle.rendering.look.vary import Choice

    part, place = Part(frames=frame, track=track), Place(output, overwrite)
    if scenes and frame:
        raise SettingsError(
            f"--frame {frame} --scenes {scenes}: a frame that is named is the only one; omit one of them"
        )
    flags = Flags(Look(**vars(look) | {"size": None}), network, part, place, Aim(), Encoding(), Work())
    still, axes = _read(flags, picture, vary or ())
    columns, rows = (*axes, (Choice(),), (Choice(),))[:2]
    request = SheetRequest(still, columns, rows, look.size or SMALL, scenes or (1 if len(axes) > 1 else 3))
    with closing(Progress(voice.as_json, voice.quiet, voice.verbose)) as progress:
        sheet = make_sheet(request, progress)
    if not voice.as_json:
        with printed():
            for command in (command for row in sheet.commands for command in row):
                print(command)


def _read(flags: Flags, picture: Path, vary: Sequence[str]) -> "tuple[Request, list[tuple[Choice, ...]]]":
    """What is painted, and what varies: at most two things. Raises SettingsError with all mistakes."""
    from videostyle.rendering.look.sheet import check_sheet
    from videostyle.rendering.look.vary import of_artworks, read_axes, refuse
    from videostyle.rendering.plan.artworks import read_artworks
    from videostyle.rendering.request import Request

    still, styles = Request(picture, ()), flags.look.style
    axes: list[tuple[Choice, ...]] = []
    faults: list[str] = []

    @contextmanager
    def kept() -> Iterator[None]:
        try:
            yield
        except VideostyleError as error:
            faults.append(str(error))

    with kept():
        still = flags.request(picture)
    with kept():
        axes = read_axes(vary)
    with kept():
        if flags.place.output:
            check_sheet(flags.place.output)
    for style in styles:
        with kept():
            read_artworks((style,))
    refuse(faults)
    given = {*still.recipe.values, *(name for axis in axes for choice in axis for name in choice.values)}
    if len(styles) > 1 and not given.intersection(BLENDING):
        axes.append(of_artworks(styles))
    if len(axes) > 2:
        raise SettingsError(f"{len(axes)} things vary, but a sheet has columns and rows; omit a --vary or a --style")
    return still, axes
