"""What pictures are, from their headers: format, size, depth, orientation, and colors."""

import struct
import warnings
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image

from videostyle.errors import MediaError
from videostyle.frames import Chromaticities
from videostyle.media import exr
from videostyle.media.color import BT709
from videostyle.media.light import CHROMATICITIES
from videostyle.media.stills import DAMAGE

DECODERS = {
    **{"PNG": "png", "JPEG": "mjpeg", "TIFF": "tiff", "BMP": "bmp", "WEBP": "webp", "TGA": "targa"},
    **{"EXR": "exr", "DPX": "dpx"},
}
"""name of a picture format -> FFmpeg's decoder"""
KINDS = "PNG, JPEG, TIFF, BMP, WebP, TGA, EXR or DPX"
ORIENTATION = 274
"""number of the EXIF tag"""
HALF, FLOAT = 1, 2
"""types of an EXR's channels"""
DPX_ORDERS = {b"SDPX": ">", b"XPDS": "<"}
DPX_LOGARITHMIC = {1: "printing density", 3: "logarithmic"}
"""DPX's numbers of transfer functions (SMPTE 268M) that FFmpeg has no number for"""
DPX_LINEAR = 2
LINEAR = (
    "the pictures are linear light: painted with sRGB's curve up to white (1.0) and a logarithm from there to 1024; "
    "light outside 0 to 1024 is clipped"
)


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What all pictures of a sequence must have in common, in words, and what else the header says."""

    kind: str
    size: str
    depth: str
    orientation: str = "of orientation 1"
    primaries: Chromaticities = ()
    """of pictures stored as linear light"""
    rate: Fraction | None = None
    """frames per second"""
    fault: str = ""
    """why it cannot be painted, and what to do"""
    notes: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    """what a film of the pictures lacks"""

    @property
    def alike(self) -> tuple[str, ...]:
        """What all pictures must have in common, the most important first."""
        return f"a {self.kind}", self.size, self.depth, self.orientation, f"of primaries {_listed(self.primaries)}"


def check(path: Path, files: list[Path]) -> PictureHeader:
    """The header of the first picture; raises MediaError at the first one that differs from it in kind."""
    first = header_of(path, files[0])
    for file in files[1:]:
        for actual, wanted in zip(header_of(path, file).alike, first.alike, strict=True):
            if actual != wanted:
                comparison = f"{file.name} is {actual}, but {files[0].name} is {wanted}"
                raise MediaError(f"{path}: {comparison}; use pictures of one kind")
    return first


def header_of(path: Path, file: Path) -> PictureHeader:
    """A picture's header. path: the sequence, for errors. Raises MediaError if it cannot be read."""
    try:
        with file.open("rb") as opened:
            start = opened.read(4)
        header = _exr(file) if start == exr.MAGIC else _dpx(file) if start in DPX_ORDERS else _other(file)
    except (*DAMAGE, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "not a readable picture"
        raise MediaError(f"{path}: {file.name}: {reason}; use {KINDS} pictures") from None
    if header.kind not in DECODERS:
        raise MediaError(f"{path}: {file.name} is {header.kind}; use {KINDS} pictures")
    if header.fault:
        raise MediaError(f"{path}: {file.name} cannot be painted: {header.fault}")
    return header


def decoder_of(file: Path) -> str:
    """FFmpeg's decoder for a picture; raises OSError, or KeyError if there is none."""
    with file.open("rb") as opened:
        start = opened.read(4)
    if start == exr.MAGIC or start in DPX_ORDERS:
        return "exr" if start == exr.MAGIC else "dpx"
    with Image.open(file) as picture:
        return DECODERS[picture_format(picture)]


def _other(file: Path) -> PictureHeader:
    with warnings.catch_warnings(action="ignore"), Image.open(file) as opened:  # about large pictures and odd tags
        mode = str(opened.tile[0][3]) if opened.tile else ""
        depth = 16 if ";16" in mode or opened.mode in ("I", "F") else 8
        size, orientation = f"{opened.width}x{opened.height}", f"of orientation {_exif(opened).get(ORIENTATION, 1)}"
        return PictureHeader(picture_format(opened), size, f"{depth} bits deep", orientation)


def picture_format(opened: Image.Image) -> str:
    """Pillow's name of a picture's format."""
    return "JPEG" if opened.format == "MPO" else str(opened.format)  # MPO: several JPEGs in one file, from phones


def _exif(opened: Image.Image) -> Image.Exif:
    if opened.format != "PNG":
        return opened.getexif()
    exif = Image.Exif()  # Pillow would also search after a PNG's pixels, which takes as long as reading them
    exif.load(opened.info.get("exif", b""))
    return exif


def _exr(file: Path) -> PictureHeader:
    header = exr.read_header(file)
    width, height = header.size
    types = [kind for name, kind in header.channels.items() if name in exr.CHANNELS]
    depth = {HALF: "16 bits deep", FLOAT: "32 bits deep"}.get(max(types, default=0), "of whole numbers")
    named = header.chromaticities
    return PictureHeader(
        "EXR",
        f"{width}x{height}",
        depth,
        primaries=named or CHROMATICITIES[BT709],
        rate=header.rate,
        fault=_exr_fault(header),
        notes=(LINEAR, f"primaries and white of the pictures (x, y): {_listed(named) or 'not named, read as BT.709'}"),
        extras=tuple(
            f"{what} {', '.join(names)}"
            for what, names in (("channels", header.others), ("parts", header.other_parts))
            if names
        ),
    )


def _exr_fault(header: exr.Header) -> str:
    names = header.channels.keys()
    if header.flags & exr.DEEP:
        return "it holds deep samples; flatten it first"
    if {"RY", "BY"} & names:
        return "it stores luminance and chroma; store R, G and B"
    if not {"R", "G", "B"} <= names and "Y" not in names:
        return f"it has the channels {', '.join(names)}; store the ones to paint as R, G and B"
    return ""


def _listed(primaries: Chromaticities) -> str:
    return ", ".join(f"{x:g}" for x in primaries)


def _dpx(file: Path) -> PictureHeader:
    """SMPTE 268M: a generic header of 768 bytes, then size and format of the picture."""
    with file.open("rb") as opened:
        start = opened.read(2048)
    order = DPX_ORDERS[start[:4]]
    if len(start) < 808:
        raise ValueError("damaged")
    (pixels_begin,), (width, height) = (struct.unpack_from(f"{order}{n}I", start, at) for n, at in ((1, 4), (2, 772)))
    transfer, depth = start[801], start[803]
    places = (place for place in (1724, 1940) if place < min(pixels_begin, len(start)) - 3)  # of film and of television
    rates = (struct.unpack_from(f"{order}f", start, place)[0] for place in places)
    rate = next((Fraction(rate).limit_denominator(1001) for rate in rates if 1 <= rate <= 1000), None)
    what = DPX_LOGARITHMIC.get(transfer, "linear" if transfer == DPX_LINEAR else "")
    notes = (f"the pictures are {what} (DPX): painted and written as stored, without conversion",) if what else ()
    return PictureHeader("DPX", f"{width}x{height}", f"{depth} bits deep", rate=rate, notes=notes)
