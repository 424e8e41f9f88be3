"""Clip -> frames: upright RGB with exact frame numbers, wherever the file's keyframes are."""

import bisect
import struct
from collections.abc import Iterator
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.video.reformatter import Colorspace, VideoReformatter

from videostyle.frames import Clip, Frame, FrameRange, Pixels
from videostyle.media.color import matrix_name, scaling, to_whole_range
from videostyle.media.exr import values_of
from videostyle.media.files import explained
from videostyle.media.read.crop import inside, visible
from videostyle.media.read.deinterlace import REACH, deinterlaced, film_frames
from videostyle.media.read.extras import side_data
from videostyle.media.read.probe import open_file, video_stream
from videostyle.media.read.pulldown import restores
from videostyle.media.read.sequence import has_file, pictures
from videostyle.media.read.table import VideoPackets, decoded, to_the_end
from videostyle.media.stills import rgb_frame

NEAR = 64
"""frames; a range that starts within these is decoded from the beginning of the file"""
TRIES = 4
"""keyframes to try before a range is decoded from the beginning"""
TRANSPARENT = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""codec -> the decoder that outputs transparency, which FFmpeg's own decoder drops"""
CONCEALING = {"h264", "mpeg1video", "mpeg2video", "mpeg4", "h263", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "vc1"}
"""codecs whose damaged frames FFmpeg conceals; the result depends on the thread count"""


def decode(clip: Clip, frames: FrameRange | None = None, size: tuple[int, int] | None = None) -> Iterator[Frame]:
    """The frames of a clip or of a range, in order; frames that cannot be decoded are left out.

    size: upright width and height to scale frames to, px; None: the clip's own. A frame's pixels do not depend on
    where decoding starts. Raises MediaError if the file can no longer be read.
    """
    frames = frames or clip.frames
    to_rgb = _Converter(clip, size or (clip.width, clip.height))
    numbered = stored_frames(clip, frames)
    if clip.interlaced or restores(clip):  # needs the frames around the range
        around = FrameRange(max(0, frames.start - REACH), min(clip.num_frames, frames.stop + REACH))
        stored = stored_frames(clip, around)
        whole = film_frames(stored, clip.pulldown) if restores(clip) else deinterlaced(stored)
        numbered = (pair for pair in whole if pair[0] in frames)
    with explained(f"{clip.path}: can no longer be read", "restore the file"):
        for index, frame in numbered:
            yield Frame(index, clip.seconds(index), to_rgb(frame), frame.is_corrupt)


def stored_frames(clip: Clip, frames: FrameRange) -> Iterator[tuple[int, av.VideoFrame]]:
    """(index, decoded frame) of a range as stored: not rotated, cropped or deinterlaced."""
    if not has_file(clip):
        yield from pictures(clip, frames)
        return
    for begin in beginnings(clip, frames.start):
        with open_file(clip.path) as container:
            numbered = from_beginning(container, clip, begin, frames)
            first = next(numbered, None)
            # decoding from this keyframe did not produce an intact first frame; try an earlier one
            if begin is not None and (first is None or first[0] != frames.start or first[1].is_corrupt):
                continue
            if first:
                yield first
                yield from numbered
            return


def beginnings(clip: Clip, first: int) -> list[int | None]:
    """Where to start decoding to reach a frame: seek targets (dts, ticks), nearest first; last None, the start."""
    if first <= NEAR:
        return [None]
    behind = bisect.bisect_right(clip.keys, clip.pts[first], key=lambda key: key[0])
    return [*(dts for _, dts in clip.keys[max(0, behind - TRIES) : behind][::-1]), None]


def from_beginning(
    container: InputContainer, clip: Clip, begin: int | None, frames: FrameRange
) -> Iterator[tuple[int, av.VideoFrame]]:
    """(index, decoded frame) of a range, ascending; nothing if the seek did not land on a keyframe."""
    stream = video_stream(container, clip.stream)
    first = clip.pts[frames.start]
    packets = to_the_end(container.demux(stream)) if begin is None else _after_seek(container, stream, begin, first)
    indices = {pts: index for index, pts in enumerate(clip.pts)}
    last = frames.start - 1
    decoder = stream.codec_context
    if clip.alpha and clip.codec in TRANSPARENT:
        decoder = cast(av.VideoCodecContext, av.CodecContext.create(TRANSPARENT[clip.codec], "r"))
    if clip.codec in CONCEALING:
        decoder.thread_count = 1
    counted = stream.codec_context.has_b_frames or (clip.interlaced and clip.codec == "h264")
    if not clip.stamped:
        packets = _numbered(packets)
    for count, frame in decoded(packets, decoder):
        index = -1 if frame.pts is None else indices.get(frame.pts, -1)
        # if every packet is one frame and none are reordered, the packet number is exact even after lost frames
        if not clip.stamped:
            index = count if counted or frame.pts is None else frame.pts
        if index >= frames.stop:
            return
        if index > last:  # never the same index twice
            yield index, frame
            last = index


def _after_seek(container: InputContainer, stream: av.VideoStream, begin: int, latest: int) -> VideoPackets:
    container.seek(begin, stream=stream)
    packets = to_the_end(container.demux(stream))
    packet = next(packets, None)
    # in MPEG-TS and some other formats, a seek may land anywhere
    if packet is not None and packet.is_keyframe and packet.pts is not None and packet.pts <= latest:
        yield packet
        yield from packets


def _numbered(packets: VideoPackets) -> VideoPackets:
    """Packets with their number as pts, which the decoder passes on to the frames."""
    for number, packet in enumerate(packets):
        packet.pts = number
        yield packet


class _Converter:
    """Decoded frames -> pixels of one size; all frames share one swscale context."""

    def __init__(self, clip: Clip, size: tuple[int, int]) -> None:
        self._clip = clip
        self._size = size if clip.rotation in (0, 180) or any(clip.bars) else size[::-1]
        self._flags = scaling(clip, size)
        self._matrix = Colorspace[matrix_name(clip)]
        self._format, self._format_with_alpha = ("rgb48le", "rgba64le") if clip.depth > 8 else ("rgb24", "rgba")
        self._levels = to_whole_range(clip)
        self._scale, self._convert = VideoReformatter(), VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Pixels:
        prepared = rgb_frame(values_of(frame)) if self._clip.color.linear else frame
        if self._clip.alpha and any(component.is_alpha for component in frame.format.components):
            prepared = self._filled(prepared)
        if any(self._clip.crop):
            prepared = visible(self._unscaled(prepared, self._format), self._clip)
        if any(self._clip.bars):  # bars are measured upright
            whole = upright(cast(Pixels, self._unscaled(prepared, self._format).to_ndarray()), frame, self._clip)
            cut = cast(Pixels, np.ascontiguousarray(inside(whole, self._clip.bars)))
            return self._leveled(self._scaled(av.VideoFrame.from_ndarray(cut, self._format)))
        return upright(self._leveled(self._scaled(prepared)), frame, self._clip)

    def _scaled(self, frame: av.VideoFrame) -> Pixels:
        rgb = self._scale.reformat(
            frame, *self._size, self._format, src_colorspace=self._matrix, interpolation=self._flags
        )
        return cast(Pixels, rgb.to_ndarray())

    def _leveled(self, pixels: Pixels) -> Pixels:
        return pixels if self._levels is None else self._levels[pixels]

    def _filled(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame in RGB; fully transparent pixels, which may hold any color, get the mean color of the others.

        This is done before scaling, which would blend them into visible pixels.
        """
        rgba = self._unscaled(frame, self._format_with_alpha).to_ndarray()
        hidden = rgba[..., 3] == 0
        if hidden.any() and not hidden.all():
            rgba[hidden, :3] = np.rint(rgba[~hidden, :3].mean(0))
        return av.VideoFrame.from_ndarray(cast(Pixels, np.ascontiguousarray(rgba[..., :3])), self._format)

    def _unscaled(self, frame: av.VideoFrame, format: str) -> av.VideoFrame:
        return self._convert.reformat(frame, format=format, src_colorspace=self._matrix, interpolation=self._flags)


def upright(pixels: Pixels, frame: av.VideoFrame, clip: Clip) -> Pixels:
    """Pixels of a decoded frame, (H, W) or (H, W, 3), flipped and rotated for display."""
    for entry in side_data(frame):
        if entry.type == Type.DISPLAYMATRIX:
            right, down, right_again, down_again = struct.unpack("<2i4x2i16x", bytes(entry))
            if right * down_again < down * right_again:  # mirrored, as by front cameras
                pixels = pixels[::-1]
    return cast(Pixels, np.ascontiguousarray(np.rot90(pixels, clip.rotation // 90)))
