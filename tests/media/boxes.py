"""Boxes of an MP4 made by hand (ISO/IEC 14496-12), to say in a file what FFmpeg cannot be made to write."""

import struct
from pathlib import Path

PATH = ("moov", "trak", "mdia", "minf", "stbl", "stsd")


def box(kind: str, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind.encode()) + content


def dolby_vision(profile: int, compatibility: int) -> bytes:
    """A configuration record (Dolby Vision Streams Within the ISO Base Media File Format 2.3)."""
    bits = profile << 9 | 6 << 3 | 1 << 2 | 1
    record = struct.pack(">BBHB", 1, 0, bits, compatibility << 4).ljust(24, b"\0")
    return box("dvvC" if profile > 7 else "dvcC", record)


def stereo(mode: int) -> bytes:
    """Google's stereoscopic box: 1 top and bottom, 2 left and right."""
    return box("st3d", bytes(4), bytes([mode]))


def spherical() -> bytes:
    """Google's spherical video box (V2), an equirectangular projection."""
    projection = box("proj", box("prhd", bytes(4), bytes(12)), box("equi", bytes(4), bytes(16)))
    return box("sv3d", box("svhd", bytes(4), b"by hand\0"), projection)


def old_spherical() -> bytes:
    """The box of a track with spherical video (V1), as cameras and YouTube's tool write it."""
    about = (
        '<rdf:SphericalVideo xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/"><GSpherical:Spherical>true</GSpherical:Spherical>'
        "<GSpherical:Stitched>true</GSpherical:Stitched><GSpherical:StitchingSoftware>hand"
        "</GSpherical:StitchingSoftware><GSpherical:ProjectionType>equirectangular</GSpherical:ProjectionType>"
        "</rdf:SphericalVideo>"
    )
    return box("uuid", bytes.fromhex("ffcc8263f8554a938814587a02521fdd"), about.encode())


def add(path: Path, *added: bytes, kind: str = "", depth: int = 7) -> Path:
    """Add boxes to the first sample entry of an MP4 whose ``moov`` is its last box; kind: the entry's new name.

    depth: 2: they are added to the track instead.
    """
    content = bytearray(path.read_bytes())
    start, places = 0, []
    for name in PATH:
        while content[start + 4 : start + 8] != name.encode():
            start += struct.unpack_from(">I", content, start)[0]
        places.append(start)
        start += 16 if name == "stsd" else 8
    places.append(start)  # the sample entry
    if kind:
        content[start + 4 : start + 8] = kind.encode()
    text, places = b"".join(added), places[:depth]
    start = places[-1]
    for place in places:
        struct.pack_into(">I", content, place, struct.unpack_from(">I", content, place)[0] + len(text))
    end = start + struct.unpack_from(">I", content, start)[0] - len(text)
    content[end:end] = text
    path.write_bytes(content)
    return path


def find(path: Path, kind: str) -> bytes:
    """The content of the first box of a kind anywhere in a file; empty if there is none."""
    content = path.read_bytes()
    place = content.find(kind.encode())
    return content[place + 4 : place - 4 + struct.unpack_from(">I", content, place - 4)[0]] if place > 0 else b""
