"""Film at 24 frames per second as television shows it at 30: 3:2 pulldown, made by hand."""

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

SIZE = (160, 96)
RATE = Fraction(30000, 1001)


def film(count: int, seed: int = 3) -> list[NDArray[np.uint8]]:
    """Film frames (H, W, 3): a smooth texture that moves four pixels per frame, so that all lines differ."""
    width, height = SIZE
    coarse = np.random.default_rng(seed).random((height // 8 + 1, (width + 4 * count) // 8 + 1))
    texture = np.kron(coarse, np.ones((8, 8)))
    for axis in (0, 1):
        texture = sum(np.roll(texture, shift, axis) for shift in range(-3, 4)) / 7
    gray = (30 + 180 * texture).astype(np.uint8)
    shown = [gray[:height, 4 * index : 4 * index + width] for index in range(count)]
    return [np.repeat(np.ascontiguousarray(picture)[..., None], 3, axis=2) for picture in shown]


def pattern(count: int, phase: int = 0) -> list[tuple[int, int]]:
    """The film frames that the first and the second field of each of ``count`` frames show."""
    fields = [index for index in range(count + 5) for _ in range((2, 3)[(index + phase) % 2])]
    return [(fields[2 * number], fields[2 * number + 1]) for number in range(count)]


def woven(pictures: list[NDArray[np.uint8]], shown: list[tuple[int, int]], top: bool = True) -> list[NDArray[np.uint8]]:
    """Frames of two fields each. top: whether the first field holds the even lines."""
    frames = []
    for first, second in shown:
        frame = pictures[first].copy()
        frame[int(top) :: 2] = pictures[second][int(top) :: 2]
        frames.append(frame)
    return frames


def telecined(
    path: Path, count: int = 60, top: bool = True, phase: int = 0, flagged: bool = True, codec: str = "libx264"
) -> list[tuple[int, int]]:
    """A clip with the pattern in its frames; returns the film frames of their fields. flagged: as interlaced."""
    shown = pattern(count, phase)
    frames = woven(film(shown[-1][1] + 1), shown, top)
    save(path, frames, top, flagged, codec)
    return shown


def save(
    path: Path, frames: list[NDArray[np.uint8]], top: bool = True, flagged: bool = True, codec: str = "libx264"
) -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        options = {"flags": "+ilme+ildct", "x264-params": f"{'tff' if top else 'bff'}=1"} if flagged else {}
        stream.options = {**options, "crf": "14", "g": "15"} if codec == "libx264" else {**options, "b": "3000000"}
        for number, picture in enumerate(frames):
            frame: Any = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, 1 / RATE
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def repeating(path: Path, count: int = 48) -> list[Fraction]:
    """MPEG-2 whose flags repeat a field of every second film frame, as on DVD; returns the frames' times, seconds."""
    encoder: Any = av.CodecContext.create("mpeg2video", "w")
    encoder.width, encoder.height, encoder.pix_fmt = *SIZE, "yuv420p"
    encoder.framerate, encoder.time_base, encoder.bit_rate, encoder.options = RATE, 1 / RATE, 3000000, {"bf": "0"}
    packets = []
    for number, picture in enumerate(film(count)):
        frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    times, fields = [], 0
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream_from_template(encoder_stream(packets[0]), opaque=True)
        for number, packet in enumerate(packets):
            content, length = bytearray(bytes(packet)), 3 if number % 2 == 0 else 2
            sequence = content.find(b"\0\0\1\xb5\x14")
            if sequence >= 0:
                content[sequence + 5] &= ~0x08  # not a progressive sequence
            picture_place = next(
                place
                for place in range(len(content))
                if content[place : place + 4] == b"\0\0\1\xb5" and content[place + 4] >> 4 == 8
            )
            top_first = fields % 2 == 0
            content[picture_place + 7] = content[picture_place + 7] & ~0x82 | 0x80 * top_first | 0x02 * (length == 3)
            content[picture_place + 8] |= 0x80  # a progressive frame
            made = av.Packet(bytes(content))
            made.time_base, made.stream, made.is_keyframe = Fraction(1001, 60000), stream, packet.is_keyframe
            made.pts = made.dts = fields
            made.duration = length
            times.append(fields * made.time_base)
            fields += length
            output.mux(made)
    return times


def encoder_stream(packet: av.Packet) -> Any:
    """A stream of the packet's kind, as a template."""
    source = av.open(io.BytesIO(bytes(packet) * 3), format="mpegvideo")
    return source.streams.video[0]
