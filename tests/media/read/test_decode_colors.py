"""The colors of decoded frames: range, matrix and depth."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.media.sources import drifting, write
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe

COLORS = {
    "601 limited": (1, 6, "itu601", "MPEG"),
    "709 limited": (1, 1, "itu709", "MPEG"),
    "709 full": (2, 1, "itu709", "JPEG"),
    "601 full": (2, 5, "itu601", "JPEG"),
    "2020 limited": (1, 9, "bt2020", "MPEG"),
}


@pytest.mark.parametrize("name", COLORS)
@pytest.mark.parametrize("pixels", ["yuv444p", "yuv444p10le"])
def test_colors_are_read_by_their_tags(name: str, pixels: str, tmp_path: Path) -> None:
    span, matrix, matrix_name, span_name = COLORS[name]
    deep = "10" in pixels
    drawn = drifting(1, deep=deep)[0]
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 80, 48, pixels
        stream.codec_context.color_range, stream.codec_context.colorspace = span, matrix
        rgb: Any = av.VideoFrame.from_ndarray(drawn, "rgb48le" if deep else "rgb24")
        frame = rgb.reformat(
            format=pixels, dst_colorspace=matrix_name, dst_color_range=span_name, interpolation=0x4 | 0x40000 | 0x6000
        )
        frame.color_range, frame.colorspace = span, matrix
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    clip = probe(path)
    assert (clip.color.range, clip.color.matrix) == (span, matrix)
    decoded = next(decode(clip)).pixels
    level = 257 if deep else 1
    assert np.abs(decoded.astype(int) - drawn).mean() < level
    assert abs((decoded.astype(int) - drawn).mean()) < level / 2, "all colors are shifted"


def test_black_and_white_are_exact_in_16_bits(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 80, 48, "yuv444p10le"
        stream.codec_context.color_range = 1
        frame = av.VideoFrame(80, 48, "yuv444p10le")
        ramp = np.linspace(64, 940, 80).round().astype("<u2")
        for plane, row in zip(frame.planes, (ramp, np.full(80, 512, "<u2"), np.full(80, 512, "<u2")), strict=True):
            lines = np.zeros((48, plane.line_size // 2), "<u2")
            lines[:, :80] = row
            plane.update(lines.tobytes())
        frame.color_range = 1
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    clip = probe(path)
    assert clip.dtype == np.uint16
    pixels = next(decode(clip)).pixels
    assert pixels[:, 0].max() == 0
    assert (pixels[:, -1] == 65535).all()
    wanted = (ramp.astype(float) - 64) / 876 * 65535
    assert np.abs(pixels[0, :, 1] - wanted).max() < 64, "one level of 10 bits"


def test_the_matrix_of_untagged_clips_depends_on_their_size(tmp_path: Path) -> None:
    small = probe(write(tmp_path / "small.mp4", 1))
    large = probe(write(tmp_path / "large.mp4", 1, size=(1280, 720), options={"preset": "ultrafast", "crf": "1"}))
    for clip, named in ((small, "itu601"), (large, "itu709")):
        decoded = next(decode(clip)).pixels.astype(int)
        errors = {}
        for matrix in ("itu601", "itu709"):
            with av.open(str(clip.path)) as container:
                frame: Any = next(container.decode(video=0))
            rgb = frame.reformat(format="rgb24", src_colorspace=matrix, interpolation=0x4 | 0x40000 | 0x6000)
            errors[matrix] = np.abs(decoded - rgb.to_ndarray()).mean()
        assert errors[named] == 0
        assert max(errors.values()) > 2
