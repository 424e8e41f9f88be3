"""H.264 whose fields are separate pictures, as in television; no encoder here produces it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SIZE = 32
"""width and height, px"""


class _Bits:
    def __init__(self) -> None:
        self._bits = ""

    def u(self, *pairs: tuple[int, int]) -> "_Bits":
        """Numbers of a fixed length: (bits, value)."""
        self._bits += "".join(f"{value:0{length}b}" for length, value in pairs)
        return self

    def ue(self, *values: int) -> "_Bits":
        """Exp-Golomb codes."""
        self._bits += "".join(f"{value + 1:0{2 * (value + 1).bit_length() - 1}b}" for value in values)
        return self

    def end(self, stop: str = "1") -> bytes:
        bits = self._bits + stop
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _unit(kind: int, content: bytes) -> bytes:
    for last in (3, 0, 1, 2):  # a start code must not appear inside
        content = content.replace(bytes([0, 0, last]), bytes([0, 0, 3, last]))
    return b"\0\0\0\1" + bytes([kind]) + content


def pictures(count: int) -> NDArray[np.uint8]:
    """Luma of frames whose odd lines are later than their even ones: (count, SIZE, SIZE)."""
    texture = np.random.default_rng(1).integers(30, 200, (SIZE, SIZE + 2 * count), dtype=np.uint8)
    frames = np.stack([texture[:, 2 * index : 2 * index + SIZE] for index in range(count)])
    frames[:, 1::2] = np.stack([texture[1::2, 2 * index + 1 : 2 * index + 1 + SIZE] for index in range(count)])
    return frames


def stream(count: int, paired: Callable[[int], bool] = lambda _: True) -> bytes:
    """A raw stream of 25 frames per second, uncompressed (I_PCM); frames are two fields if ``paired``."""
    sps = _Bits().u((8, 77), (8, 0), (8, 30)).ue(0, 0, 0, 4, 1).u((1, 0)).ue(SIZE // 16 - 1, SIZE // 32 - 1)
    sps.u((1, 0), (1, 0), (1, 1), (1, 0), (1, 1), (4, 0), (1, 1), (32, 1), (32, 50), (1, 1), (4, 0))
    pps = _Bits().ue(0, 0).u((2, 0)).ue(0, 0, 0).u((3, 0)).ue(0, 0, 0).u((3, 0b100))
    sets = _unit(0x67, sps.end()) + _unit(0x68, pps.end())
    content = b""
    for index, frame in enumerate(pictures(count)):
        for field in (0, 1) if paired(index) else (None,):
            header = _Bits().ue(0, 7, 0).u((4, 0), (1, field is not None))
            if field is not None:
                header.u((1, field))
            if not field:  # the first one starts a new frame
                header.ue(index % 2)
            header.u((8, field or 0), (1, 0))
            if not field:
                header.u((1, 0))
            lines = frame if field is None else frame[field::2]
            blocks = [
                lines[y : y + 16, x : x + 16].tobytes() + bytes([128] * 128)
                for y in range(0, len(lines), 16)
                for x in range(0, SIZE, 16)
            ]
            plain = _Bits().ue(25).end("")
            slice_data = header.ue(0, 1, 25).end("") + plain.join(blocks) + b"\x80"
            delimiter = _unit(0x09, b"\x10")
            content += delimiter + (b"" if field else sets) + _unit(0x61 if field else 0x65, slice_data)
    return content
