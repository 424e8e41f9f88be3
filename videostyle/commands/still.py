"""``videostyle still``: one picture."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from videostyle.options import (
    FRAMES,
    OUTPUT,
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
    grouped,
)
from videostyle.progress import Progress

PictureArgument = Annotated[Path, typer.Argument(metavar="PICTURE", help="a photo, or a clip")]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="replace an existing output", rich_help_panel=OUTPUT)
]
FrameOption = Annotated[
    str,
    typer.Option(
        metavar="N",
        help="of a clip: frame number, or a time: 4.8, HH:MM:SS.mmm, or timecode HH:MM:SS:FF",
        rich_help_panel=FRAMES,
    ),
]


@grouped
def still_command(
    picture: PictureArgument,
    look: StillLook,
    network: Network,
    track: Track,
    voice: Voice,
    frame: FrameOption = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="the picture, .png or .exr; default: PICTURE_ART.png next to the picture",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Paint one picture, or one frame of a clip, as a film's frame would be painted.

    Writes PICTURE_ART.png next to the picture: 8 or 16 bits, upright, with its transparency and ICC profile. A frame of
    a clip looks as it would if it were the first of its scene.
    """
    from videostyle.rendering.look.still import make_still

    part, place = Part(frames=frame, track=track), Place(output, overwrite)
    flags = Flags(Look(**vars(look)), network, part, place, Aim(), Encoding(), Work())
    with closing(Progress(voice.as_json, voice.quiet, voice.verbose)) as progress:
        make_still(flags.request(picture), progress)
