from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.media.sources import write
from videostyle.media.table import Table, is_raw


def table_of(path: Path, rate: Fraction | None = None) -> Table:
    with av.open(str(path)) as container:
        return Table(container, container.streams.video[0], rate)


@pytest.mark.parametrize("base", [Fraction(1, 600), Fraction(1, 90000)])
def test_frames_are_in_the_order_in_which_they_are_shown(base: Fraction, tmp_path: Path) -> None:
    pts = [0, 40, 90, 95, 300, 301, 350, 512, 600]
    table = table_of(write(tmp_path / "clip.mp4", pts=pts, base=base, options={"bf": "3"}))
    assert [stamp * table.time_base for stamp, _ in table.frames] == [stamp * base for stamp in pts]
    assert (table.stamped, table.reordered, table.packets) == (True, True, 9)
    assert not table_of(write(tmp_path / "flat.mp4", pts=pts, base=base, options={"bf": "0"})).reordered


def test_a_bare_stream_has_the_times_that_it_is_given(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.h264", 12)
    with av.open(str(path)) as container:
        assert is_raw(container)
    table = table_of(path, Fraction(30000, 1001))
    assert table.frames == [(index, 1) for index in range(12)]
    assert (table.time_base, table.rate) == (Fraction(1001, 30000), Fraction(30000, 1001))
    assert not table.stamped


@pytest.mark.parametrize("kind", ["mp4", "avi", "mkv", "ts", "y4m"])
def test_files_with_times_are_no_bare_streams(kind: str, tmp_path: Path) -> None:
    codec = "wrapped_avframe" if kind == "y4m" else "mpeg4"
    path = write(tmp_path / f"clip.{kind}", 5, codec)
    with av.open(str(path)) as container:
        assert not is_raw(container)


def test_a_rate_named_in_a_bare_stream_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.h264", 12, base=Fraction(1, 30))
    assert table_of(path).rate == 30
