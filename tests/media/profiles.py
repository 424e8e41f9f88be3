"""An ICC profile that tests write for themselves."""

import struct


def _tag(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 4)


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def matrix_profile(red: tuple[float, ...], green: tuple[float, ...], blue: tuple[float, ...], gamma: float) -> bytes:
    """An RGB display profile (ICC version 2). red, green, blue: XYZ of the primaries, adapted to D50."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"wide\0" + b"\0" * 78
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(0.9642, 1, 0.8249)}
    tags |= {b"rXYZ": _xyz(*red), b"gXYZ": _xyz(*green), b"bXYZ": _xyz(*blue)}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    table, body, place = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">2I", place + len(body), len(content))
        body += _tag(content)
    head = struct.pack(">I4s", 128 + len(table) + len(body), b"lcms") + b"\x02\x10\0\0mntrRGB XYZ "
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    head += struct.pack(">3i", round(0.9642 * 65536), 65536, round(0.8249 * 65536))
    return head + b"\0" * (128 - len(head)) + table + body


WIDE = matrix_profile((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446), 2.2)
"""Adobe RGB's primaries and curve"""
