"""Contact sheets: pictures in columns and rows with labels, as one picture or as one page."""

import base64
import html
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from videostyle.frames import Pixels, to_bytes
from videostyle.media.files import whole_or_nothing
from videostyle.media.stills import png_bytes, write_png

GAP = 8
"""px between pictures"""
TEXT = 16
"""px, height of labels"""
INK, PAPER = (30, 30, 30), 255
DOTS = "..."
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
WIDEST = 480
"""px, width of pictures on the page until they are clicked"""
ADVICE = "free some space or choose another folder", "cannot be written"

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }}
body {{ margin: 16px }} h1 {{ font-size: 1.1rem }}
table {{ border-spacing: 8px }} th {{ font-weight: 600; text-align: left; overflow-wrap: break-word }}
td, th {{ max-width: {width}px }} td {{ vertical-align: top }}
td details {{ overflow-wrap: anywhere; font-size: .8rem }}
label img {{ width: 100%; display: block; cursor: zoom-in }} label input {{ position: absolute; opacity: 0 }}
label:focus-within {{ outline: 2px solid; display: block }}
label:has(:checked) {{ position: fixed; inset: 0; z-index: 1; overflow: auto; background: #000d; display: grid }}
label:has(:checked) img {{ width: auto; max-width: none; margin: auto; cursor: zoom-out }}
</style>
<h1>{title}</h1>
<table>
{table}
</table>
</html>
"""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A grid of labeled pictures."""

    title: str
    columns: tuple[str, ...]
    """labels; empty texts: none"""
    rows: tuple[str, ...]
    pictures: tuple[tuple[Pixels, ...], ...]
    """row by row, (H, W, 3) each"""
    commands: tuple[tuple[str, ...], ...]
    """row by row: what makes each picture"""
    profile: bytes = b""
    """ICC profile of the pictures; empty: sRGB"""


def write_sheet(path: Path, sheet: Sheet) -> None:
    """Write a sheet as PNG, or as a page of HTML that needs no other file. Raises MediaError if that fails."""
    if path.suffix.lower() == ".html":
        with whole_or_nothing(path, *ADVICE) as temporary:
            temporary.write_text(page(sheet), encoding="utf-8")
    else:
        write_png(path, lay_out(sheet), profile=sheet.profile)


def lay_out(sheet: Sheet) -> Pixels:
    """The sheet as a picture (H, W, 3) uint8: the title, and labels above columns, which may
    take several lines, and above the pictures of a row.
    """
    font = ImageFont.load_default(TEXT)
    width = max(picture.shape[1] for row in sheet.pictures for picture in row)
    heights = [max(picture.shape[0] for picture in row) for row in sheet.pictures]
    line = TEXT + GAP
    above = [line if label else 0 for label in sheet.rows]
    columns = [_wrapped(text, font, width) for text in sheet.columns]
    head = GAP + line * bool(sheet.title)
    top = head + line * max(map(len, columns))
    across = max(GAP + (width + GAP) * len(sheet.columns), 2 * GAP + math.ceil(font.getlength(sheet.title)))
    size = across, top + sum(heights) + sum(above) + GAP * len(heights)
    paper = Image.new("RGB", size, (PAPER,) * 3)
    pen = ImageDraw.Draw(paper)

    def label(text: str, left: int, high: int, room: int) -> None:
        while text and pen.textlength(text, font) > room:
            text = text.removesuffix(DOTS)[:-1] + DOTS if text != DOTS else ""
        pen.text((left, high), text, INK, font)

    if sheet.title:
        label(sheet.title, GAP, GAP, size[0] - 2 * GAP)
    for column, texts in enumerate(columns):
        for below, text in enumerate(texts):
            label(text, GAP + column * (width + GAP), head + line * below, width)
    for text, row, high, extra in zip(sheet.rows, sheet.pictures, heights, above, strict=True):
        label(text, GAP, top, size[0] - 2 * GAP)
        for column, picture in enumerate(row):
            shown = Image.fromarray(to_bytes(picture))
            paper.paste(shown, (GAP + column * (width + GAP), top + extra))
        top += extra + high + GAP
    return cast(Pixels, np.array(paper))


def _wrapped(text: str, font: Font, room: int) -> list[str]:
    """A text as lines that are no wider than ``room`` px, but for single words."""
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def page(sheet: Sheet) -> str:
    """The sheet as HTML; a click on a picture shows it at its own size, and another click puts it back."""
    lines = ["".join(["<tr><td></td>", *(f"<th>{_label(text)}</th>" for text in sheet.columns), "</tr>"])]
    for label, pictures, commands in zip(sheet.rows, sheet.pictures, sheet.commands, strict=True):
        cells = map(_cell, pictures, commands, [sheet.profile] * len(pictures))
        lines.append("".join([f"<tr><th>{_label(label)}</th>", *cells, "</tr>"]))
    width = max(picture.shape[1] for row in sheet.pictures for picture in row)
    return PAGE.format(title=html.escape(sheet.title), table="\n".join(lines), width=min(width, WIDEST))


def _label(text: str) -> str:
    """As HTML; names of settings may be broken after their dots only."""
    return re.sub(r"(?<=[a-z]\.)(?=[a-z])", "<wbr>", html.escape(text))


def _cell(picture: Pixels, command: str, profile: bytes) -> str:
    source = f"data:image/png;base64,{base64.b64encode(png_bytes(picture, profile=profile)).decode()}"
    text = html.escape(command)
    shown = f'<label><input type="checkbox"><img src="{source}" alt="{text}"></label>'
    return f"<td>{shown}<details><summary>command</summary><code>{text}</code></details></td>"
