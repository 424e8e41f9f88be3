"""What a high dynamic range clip says about its mastering display, besides its color tags."""

import struct
from dataclasses import dataclass
from fractions import Fraction

from av.sidedata.sidedata import Type

from videostyle.frames import Clip
from videostyle.media.read.extras import side_data
from videostyle.media.read.probe import open_file, stream_frames


@dataclass(frozen=True, slots=True)
class Hdr:
    """HDR10 metadata in x265's notation; a field is empty if the clip has none."""

    display: str = ""
    """``G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)``: chromaticities in units of 0.00002, luminances in 0.0001 cd/m2"""
    light: str = ""
    """``MaxCLL,MaxFALL`` in cd/m2"""

    @property
    def x265(self) -> str:
        """Parameters for x265, each after a colon."""
        fields = {"master-display": self.display, "max-cll": self.light}
        return "".join(f":{name}={value}" for name, value in fields.items() if value)


def read_hdr(clip: Clip) -> Hdr:
    """The metadata of the first frame that can be decoded; empty if the clip is not HDR."""
    if not clip.color.hdr:
        return Hdr()
    with open_file(clip.path) as source:
        frame = next(stream_frames(source, clip.stream), None)
        payloads = {entry.type: bytes(entry) for entry in side_data(frame)} if frame else {}
    display = _display(payloads.get(Type.MASTERING_DISPLAY_METADATA, b""))
    return Hdr(display, _light(payloads.get(Type.CONTENT_LIGHT_LEVEL, b"")))


def _display(payload: bytes) -> str:
    """An AVMasteringDisplayMetadata: ten rationals (red, green, blue, white, luminances), then two flags."""
    *numbers, has_primaries, has_luminance = struct.unpack_from("<22i", payload.ljust(88, b"\0"))
    if not (has_primaries and has_luminance):
        return ""
    values = [Fraction(top, bottom or 1) for top, bottom in zip(numbers[::2], numbers[1::2], strict=True)]
    red, green, blue, white = (
        f"({round(x * 50000)},{round(y * 50000)})" for x, y in zip(values[:8:2], values[1:8:2], strict=True)
    )
    low, high = (round(value * 10000) for value in values[8:])
    return f"G{green}B{blue}R{red}WP{white}L({high},{low})"


def _light(payload: bytes) -> str:
    """An AVContentLightMetadata: the maximum and the frame-average light level."""
    most, average = struct.unpack_from("<2I", payload.ljust(8, b"\0"))
    return f"{most},{average}" if most or average else ""
