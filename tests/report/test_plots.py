"""Plots as values that the page draws."""

import json
import math
import sys

import pytest

from videostyle.errors import SettingsError
from videostyle.report import plots
from videostyle.report.plots import Plot, drawn

NAN = math.nan


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    with pytest.raises(SettingsError, match=r"pip install 'videostyle\[report\]'"):
        drawn([Plot("Seconds", {"seconds": [1.0]})], [0], [], "here")


def test_curves_and_cuts() -> None:
    pytest.importorskip("bokeh")
    curves = {"film": [NAN, 1.0, 2.0], "clip": [3.0, NAN, 5.0], "nothing": [NAN] * 3}
    made = drawn([Plot("Flicker", curves), Plot("Empty", {"x": [NAN] * 3})], [4, 5, 6], [5], "here")
    text = json.dumps(made)
    assert made["target_id"] == "here"
    assert text.count('"Flicker"') == 1
    assert '"nothing"' not in text
    assert '"Empty"' not in text
    assert text.count('"name": "Span"') == 1
    assert '"location": 4.5' in text


def test_the_script_can_stand_in_a_page_and_asks_for_nothing() -> None:
    pytest.importorskip("bokeh")
    assert "</script" not in plots.script()
    assert len(plots.script()) < 1_500_000
