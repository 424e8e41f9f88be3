"""A film is read back before it gets its name."""

from fractions import Fraction
from pathlib import Path

from videostyle.errors import MediaError
from videostyle.media.read.probe import open_file
from videostyle.media.read.table import to_the_end

INEXACT = Fraction(1, 10)
"""seconds by which the times of containers with coarse clocks, such as AVI and GIF, may be off"""


def check_written(written: Path, path: Path, frames: int, seconds: Fraction) -> None:
    """Raise MediaError if a film does not hold these frames.

    written: its temporary name. path: its name in messages. frames: their number. seconds: between the beginnings of
    the first and the last one.
    """
    with open_file(written) as film:
        stream = film.streams.video[0]
        stamps = [packet.pts for packet in to_the_end(film.demux(stream)) if packet.size and packet.pts is not None]
        tick = stream.time_base or Fraction(1)
    there = (max(stamps) - min(stamps)) * tick if stamps else Fraction(0)
    if len(stamps) != frames or abs(there - seconds) > INEXACT:
        wanted = f"{frames} frames over {float(seconds):.2f} s, but {len(stamps)} over {float(there):.2f} s"
        raise MediaError(f"{path}: wrote {wanted} can be read back; the finished frames are kept; run it again")
