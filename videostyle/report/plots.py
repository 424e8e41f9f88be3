"""Curves over a clip's frames, as plots that the page draws when it is scrolled to them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from videostyle.errors import SettingsError

if TYPE_CHECKING:
    from bokeh.plotting import figure

COLORS = ("#e07b39", "#4a90d9", "#45a167", "#b07cc6", "#c9a227")
"""of a plot's lines: legible on light and dark ground"""
INK = "#808080"
"""of axes and text, until the page replaces it"""
HEIGHT = 150
"""px"""
FEW = 150
"""frames that are marked each, so that one between two gaps shows"""


@dataclass(frozen=True, slots=True)
class Plot:
    """Some curves over the same frames."""

    title: str
    curves: Mapping[str, Sequence[float]]
    """name -> a value for each frame; NaN: none"""
    logarithmic: bool = False


@cache
def script() -> str:
    """The JavaScript that draws the plots, once for a page. Raises SettingsError if the library is not installed."""
    _check()
    from bokeh.resources import Resources

    return "\n".join(Resources(mode="inline", components=["bokeh"], log_level="error").js_raw)


def drawn(plots: Sequence[Plot], frames: Sequence[int], cuts: Sequence[int], target: str) -> dict[str, object]:
    """Plots below each other, with a common axis of frames, as a value that ``Bokeh.embed.embed_item`` draws.

    frames: ascending. cuts: frames at which scenes begin. target: id of the element to draw in. A curve that holds no
    number is left out, and so is a plot without curves.
    """
    _check()
    from bokeh.embed import json_item
    from bokeh.layouts import column
    from bokeh.models import Range1d

    shown = [(plot, names) for plot in plots if (names := [n for n, values in plot.curves.items() if _any(values)])]
    across = Range1d(frames[0] - 0.5, frames[-1] + 0.5)
    figures = [_figure(plot, names, frames, across, cuts) for plot, names in shown]
    if figures:
        figures[-1].xaxis[0].axis_label = "frame"
        figures[-1].height = HEIGHT + 34
    return dict(json_item(column(*figures, sizing_mode="stretch_width"), target))


def _figure(plot: Plot, names: list[str], frames: Sequence[int], across: object, cuts: Sequence[int]) -> "figure":
    from bokeh.models import ColumnDataSource, HoverTool, Span
    from bokeh.plotting import figure

    made = figure(
        height=HEIGHT, sizing_mode="stretch_width", x_range=across, toolbar_location=None, tools="",
        y_axis_type="log" if plot.logarithmic else "linear", title=plot.title,
        background_fill_alpha=0, border_fill_alpha=0, outline_line_alpha=0,
    )  # fmt: skip
    if not plot.logarithmic:
        made.y_range.start = 0
    values = {name: np.array(plot.curves[name], np.float32) for name in names}
    source = ColumnDataSource({"frame": np.array(frames, np.int32), **values})
    lines = []
    for name, color in zip(names, COLORS, strict=False):
        lines.append(made.line("frame", name, source=source, color=color, line_width=2, legend_label=name))
        if len(frames) <= FEW:
            made.scatter("frame", name, source=source, color=color, size=4)
    made.renderers.extend(
        Span(location=cut - 0.5, dimension="height", line_color=INK, line_dash="dashed", line_width=1) for cut in cuts
    )
    told = [("frame", "@frame"), *((name, f"@{{{name}}}{{%.3g}}") for name in names)]
    formats = {f"@{{{name}}}": "printf" for name in names}
    made.add_tools(HoverTool(renderers=[lines[0]], mode="vline", tooltips=told, formatters=formats))
    legend = made.legend[0]
    made.add_layout(legend, "above")
    legend.update(
        orientation="horizontal", background_fill_alpha=0, border_line_alpha=0, label_text_color=INK,
        label_text_font_size="12px", padding=0, margin=0, spacing=14, glyph_height=10, glyph_width=14,
    )  # fmt: skip
    legend.visible = len(names) > 1
    made.title.update(text_color=INK, text_font_size="13px", text_font_style="bold")
    for grid in made.grid:
        grid.update(grid_line_color=INK, grid_line_alpha=0.2)
    for axis in made.axis:
        axis.update(
            axis_label_text_color=INK, major_label_text_color=INK, axis_line_color=INK, major_tick_line_color=INK,
            minor_tick_line_color=None, axis_label_text_font_style="normal",
        )  # fmt: skip
    made.yaxis[0].ticker.desired_num_ticks = 4
    made.min_border_left = 58  # so that frames are in line from plot to plot
    return made


def _any(values: Sequence[float]) -> bool:
    return any(not math.isnan(value) for value in values)


def _check() -> None:
    try:
        import bokeh  # noqa: F401
    except ImportError:
        raise SettingsError("plots need Bokeh, which is not installed; pip install 'videostyle[report]'") from None
