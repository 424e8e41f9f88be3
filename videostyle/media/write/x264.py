"""Which instructions x264 may use so that it encodes the same frames to the same bytes every time."""

import functools
import re
from fractions import Fraction

import av
import av.logging

from videostyle.media.ffmpeg import log_level


@functools.cache
def repeatable() -> str:
    """x264's parameter without AVX-512, as ``asm=...``; empty if this machine has none.

    x264's AVX-512 code for macroblock trees depends on memory that nothing has written, which then decides how bits
    are spent. Without trees (``mbtree=0``), films are twice as large. x264 does not check the sets that it is given,
    so these are the ones that it has found itself.
    """
    with log_level(av.logging.INFO), av.logging.Capture() as lines:
        encoder = av.CodecContext.create("libx264", "w")
        encoder.width = encoder.height = 16
        encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
        encoder.open()
    said = re.search(r"using cpu capabilities: (.+)", "".join(text for _, _, text in lines))
    sets = said[1].split() if said else []
    return "asm=" + ",".join(name for name in sets if name != "AVX512") if "AVX512" in sets else ""
