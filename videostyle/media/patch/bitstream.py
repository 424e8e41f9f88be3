"""H.264 and H.265 as far as a film must be understood to be cut: units, parameter sets, the encoder's own settings."""

import re
from fractions import Fraction

PARAMETER_SETS = {"h264": (7, 8), "hevc": (32, 33, 34)}
"""types of the units that say how to decode the others"""
SPS, PPS = PARAMETER_SETS["h264"]
FRESH = {"h264": (5,), "hevc": (19, 20)}
"""types of pictures (IDR) after which nothing from before them is needed"""
PROFILES = {66: "baseline", 77: "main", 100: "high", 110: "high10", 122: "high422", 244: "high444"}
KEPT = {
    "h264": (
        *("cabac", "ref", "8x8dct", "bframes", "b_pyramid", "b_adapt", "weightb", "weightp", "keyint", "subme", "me"),
        *("trellis", "crf", "qp", "bitrate", "vbv_maxrate", "vbv_bufsize", "constrained_intra", "bluray_compat"),
    ),
    "hevc": (
        *("wpp", "ref", "bframes", "b-adapt", "b-pyramid", "weightp", "weightb", "keyint", "crf", "qp", "bitrate"),
        *("ctu", "min-cu-size", "max-tu-size", "tu-inter-depth", "tu-intra-depth", "amp", "rect", "sao", "signhide"),
        *("tskip", "strong-intra-smoothing", "constrained-intra", "temporal-mvp", "cu-lossless", "lossless", "rd"),
        *("aq-mode", "qg-size", "cbqpoffs", "crqpoffs", "log2-max-poc-lsb", "slices", "temporal-layers"),
    ),
}
"""settings that the headers depend on, or by which pictures look alike, as the encoders write them into their films"""


def length_size(codec: str, headers: bytes) -> int:
    """Bytes of the length before every unit of a packet, as MP4 and Matroska have it; 0: start codes (Annex B)."""
    if codec not in FRESH or not headers or headers[0] != 1:
        return 0
    return (headers[4 if codec == "h264" else 21] & 3) + 1


def units(data: bytes, size: int) -> list[bytes]:
    """The units of a packet; size: as ``length_size`` says."""
    if not size:
        return [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")[1:]]
    found, place = [], 0
    while place + size <= len(data):
        end = place + size + int.from_bytes(data[place : place + size], "big")
        found.append(data[place + size : end])
        place = end
    return found


def with_lengths(data: bytes, size: int) -> bytes:
    """A packet with start codes -> the same with lengths of so many bytes before the units; 0: as it is."""
    return b"".join(len(unit).to_bytes(size, "big") + unit for unit in units(data, 0)) if size else data


def kinds(codec: str, data: bytes, size: int) -> set[int]:
    """The types of the units of a packet."""
    return {unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63 for unit in units(data, size) if unit}


def parameter_sets(codec: str, headers: bytes) -> frozenset[bytes]:
    """Those of a stream's headers, in whatever form these are; nothing else of them."""
    if not length_size(codec, headers):
        found = units(headers, 0)
    elif codec == "h264":
        found, place = _listed(headers, 6, headers[5] & 31)
        found += _listed(headers, place + 1, headers[place])[0]
    else:
        found, place = [], 23
        for _ in range(headers[22]):
            more, place = _listed(headers, place + 3, int.from_bytes(headers[place + 1 : place + 3], "big"))
            found += more
    return frozenset(unit for unit in found if kinds(codec, b"\0\0\1" + unit, 0) & {*PARAMETER_SETS[codec]})


def _listed(data: bytes, place: int, count: int) -> tuple[list[bytes], int]:
    """So many units, each after two bytes of length, and the place behind them."""
    found = []
    for _ in range(count):
        begin = place + 2
        place = begin + int.from_bytes(data[place:begin], "big")
        found.append(data[begin:place])
    return found, place


def identifiers(sets: frozenset[bytes]) -> set[int]:
    """The numbers that H.264 parameter sets go by."""
    return {_golomb(unit[4:] if unit[0] & 31 == SPS else unit[1:]) for unit in sets}


def _golomb(data: bytes) -> int:
    """The number that bits begin with: after n zeros and a one, n bits of it (Exp-Golomb code)."""
    bits = "".join(f"{byte:08b}" for byte in data[:8])
    zeros = bits.index("1")
    return int(bits[zeros : 2 * zeros + 1], 2) - 1


def joined(headers: bytes, more: frozenset[bytes]) -> bytes:
    """H.264 headers as MP4 and Matroska have them, with more parameter sets."""
    found, place = _listed(headers, 6, headers[5] & 31)
    others, end = _listed(headers, place + 1, headers[place])
    found += [unit for unit in sorted(more) if unit[0] & 31 == SPS]
    others += [unit for unit in sorted(more) if unit[0] & 31 == PPS]
    first, second = (b"".join(len(unit).to_bytes(2, "big") + unit for unit in units) for units in (found, others))
    return headers[:5] + bytes([0xE0 | len(found)]) + first + bytes([len(others)]) + second + headers[end:]


def written_settings(codec: str, data: bytes) -> dict[str, str]:
    """The settings that x264 or x265 wrote into a film, as far as they matter; nothing where another made it."""
    name = {"h264": b"x264 - core", "hevc": b"x265 (build"}.get(codec)
    match = name and re.search(re.escape(name) + rb"[ -~]*? options: ([ -~]*)", data)
    if not match:
        return {}
    found: dict[str, str] = {}
    for word in match[1].decode("ascii").split():
        key, _, value = word.partition("=")
        if key.removeprefix("no-") in KEPT[codec] and ":" not in value:
            found[key] = value or "1"
    if codec == "h264" and found.get("bitrate") and "crf" in found:
        del found["bitrate"]
    return found


def level(headers: bytes) -> Fraction:
    """The level that an H.264 film says it needs."""
    return Fraction(_sequence(headers)[3], 10)


def profile(headers: bytes) -> str:
    """The profile of an H.264 film, by its encoder's name; empty: a rare one."""
    return PROFILES.get(_sequence(headers)[1], "")


def _sequence(headers: bytes) -> bytes:
    return next(unit for unit in sorted(parameter_sets("h264", headers)) if unit[0] & 31 == SPS)
