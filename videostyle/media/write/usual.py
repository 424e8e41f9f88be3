"""What a film is encoded as unless the user asks for something else: what plays where its clip plays."""

from collections.abc import Sequence

from videostyle.frames import Clip

FLAVORS = ("Proxy", "LT", "Standard", "HQ", "4444", "XQ")
"""FFmpeg's names of the ProRes profiles; a profile's number is its index here"""


def usual_codec(clip: Clip, format: str, codecs: Sequence[str]) -> str:
    """The codec of a clip's film. format: FFmpeg's name for the container. codecs: those it can hold, default first.

    Phones, browsers and editors play 10 bits in H.265 and AV1, but not in H.264; editors that sent ProRes want ProRes.
    """
    if clip.codec == "prores" and format == "mov":
        return "prores"
    if clip.depth > 8 and not (clip.alpha and codecs[0] == "vp9"):  # the only codec of WebM that keeps transparency
        return next((codec for codec in codecs if codec in ("h265", "av1")), codecs[0])
    return codecs[0]


def usual_flavor(clip: Clip, pixels: str, quality: int) -> int:
    """The ProRes profile of a film: its clip's, or ``quality`` if the clip is no ProRes; 4444 or XQ for 4:4:4.

    pixels: FFmpeg's name for the film's pixel format.
    """
    flavor = FLAVORS.index(clip.profile) if clip.codec == "prores" and clip.profile in FLAVORS else quality
    return max(flavor, FLAVORS.index("4444")) if "444" in pixels else flavor
