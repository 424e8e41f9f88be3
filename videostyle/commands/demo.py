"""The command demo."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from videostyle.commands.render import render
from videostyle.options import Network, Voice
from videostyle.presets import Recipe


def demo_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="folder for the files")] = Path("videostyle-demo"),
    device: Annotated[str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda, cuda:N, or mps")] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="print errors only")] = False,
) -> None:
    """Paint a short clip that comes with the program, and compare before and after. Downloads nothing."""
    from videostyle.demo import copy_demo
    from videostyle.paint.device import choose_device
    from videostyle.rendering.look.showcase import make_sheet
    from videostyle.rendering.request import Request

    choose_device(device or "auto")  # before anything is written
    clip, art = copy_demo(folder)
    film, sheet = folder / "result.mp4", folder / "sheet.png"
    recipe = Recipe.read(values=Network("compact", device=device).settings())
    command = f"videostyle run {quote(str(clip))} --style {quote(str(art))} -o {quote(str(film))} --backbone compact"
    command += f" --device {device} --overwrite" if device else " --overwrite"
    if not quiet:
        print(f"copied {clip} and {art}; now painting: {command}")
    render(Request(clip, (art,), recipe, output=film, overwrite=True), Voice(quiet=quiet))
    make_sheet(sheet, clip, art, film)
    if not quiet:
        print(f"look at {sheet} and play {film}")
