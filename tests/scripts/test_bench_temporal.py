"""The bench of steadiness in miniature, and as a whole with --quick if the shared clips are there."""

import argparse
import json
import sys
import time
from pathlib import Path

import bench_temporal
import numpy as np
import pytest
from temporal_clips import Sample, write_clip

from tests.clips import moving_scenes, write_art
from tests.painters import Gray
from videostyle.frames import FrameInput, TemporalTarget, to_picture
from videostyle.paint.colors import palette_of

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "../shared"
pytestmark = pytest.mark.usefixtures("few_patches")


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    monkeypatch.setattr(bench_temporal, "QUICK", {"optimize.iterations": 2, "optimize.first_iterations": 6})
    art = write_art(tmp_path / "art.png")
    return argparse.Namespace(style=art, quick=True, before=ROOT, frames=0, backbone="compact")


def test_every_row_of_a_tiny_clip(tmp_path: Path, options: argparse.Namespace) -> None:
    sample = Sample("case", write_clip(tmp_path / "tiny.mkv", moving_scenes((3,), 64, 48)))
    lines = list(bench_temporal.bench([sample], bench_temporal.ROWS, options, tmp_path))
    rows = {str(line["row"]): line for line in lines}
    assert list(rows) == list(bench_temporal.ROWS)
    assert all(set(bench_temporal.COLUMNS) < set(line) for line in lines)
    assert rows["frame by frame"]["paint_least"] == 1
    before, now = (bench_temporal.text({**rows[row], "row": "", "seconds": 0}) for row in ("before", "now"))
    assert before == now  # the same code
    assert rows["ruder"]["style"] != rows["now"]["style"]
    alone, *_ = summary = list(bench_temporal.summary(lines, "case"))
    assert alone["flicker"] == alone["style"] == 1
    assert len(summary) == len(rows)
    width = bench_temporal.header().splitlines()[0].count("|")
    assert {bench_temporal.text(line).count("|") for line in lines} == {width}


def test_a_range_is_measured_against_the_same_range(tmp_path: Path, options: argparse.Namespace) -> None:
    options.frames = 2
    sample = Sample("case", write_clip(tmp_path / "tiny.mkv", moving_scenes((4,), 64, 48)))
    (line,) = bench_temporal.bench([sample], ["frame by frame"], options, tmp_path)
    assert line["paint_median"] == 1


def test_alone_knows_nothing_of_earlier_frames() -> None:
    picture = to_picture(moving_scenes((1,))[0])
    frame = FrameInput(5, picture, earlier={1: TemporalTarget(picture, np.ones(picture.shape[:2], np.float32))})
    usual = Gray()
    usual.palette = palette_of(moving_scenes((1,))[0])
    painter = bench_temporal.Alone(usual)
    assert painter.task(frame).first
    assert painter.reach == ()
    assert painter.palette is usual.palette, "a scene gets the same colors first"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_quick_takes_less_than_ten_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (SHARED / "cases" / "make_cases.py").exists():
        pytest.skip("the shared program that makes the cases is missing")
    table, art = tmp_path / "table.json", write_art(tmp_path / "art.png")
    flags = ["--quick", "--shared", str(SHARED), "--style", str(art), "--json", str(table)]
    monkeypatch.setattr(sys, "argv", ["bench_temporal.py", *flags])
    start = time.process_time()
    bench_temporal.main()
    assert time.process_time() - start < 600
    lines = json.loads(table.read_text())
    assert {line["row"] for line in lines} == {"frame by frame", "now"}
    assert len(lines) > 2 * 12
