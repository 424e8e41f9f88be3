"""Clip -> frames: upright RGB, exact in number whatever the file's key frames are."""

import bisect
import struct
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import VideoReformatter

from videostyle.errors import MediaError
from videostyle.frames import Clip, Frame, FrameRange, Pixels
from videostyle.media.color import looked_up, matrix_name, scaling, to_whole_range
from videostyle.media.read.crop import visible
from videostyle.media.read.deinterlace import REACH, deinterlaced
from videostyle.media.read.probe import open_file
from videostyle.media.read.sequence import has_file, pictures
from videostyle.media.read.table import to_the_end

NEAR = 64
"""frames; a range that starts this early is reached by decoding from the beginning"""
TRIES = 4
"""key frames tried before a range is reached by decoding from the beginning"""

TRANSPARENT = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""codec -> the decoder that shows its transparency, which FFmpeg's own does not"""

CONCEALING = {"h264", "mpeg1video", "mpeg2video", "mpeg4", "h263", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "vc1"}
"""codecs whose damaged pictures FFmpeg mends, otherwise with every number of threads, which is that of processors"""


def decode(clip: Clip, frames: FrameRange | None = None, size: tuple[int, int] | None = None) -> Iterator[Frame]:
    """Frames of a clip in order, all or a range; those that cannot be decoded are left out.

    size: width and height, px, to which they are scaled (upright); None: the clip's own. A frame's pixels do not depend
    on where decoding began. Raises MediaError where the file is gone by now.
    """
    frames = frames or clip.frames
    to_rgb = _Converter(clip, size or (clip.width, clip.height))
    try:
        for index, picture in _whole_frames(clip, frames) if clip.interlaced else shown(clip, frames):
            yield Frame(index, clip.seconds(index), to_rgb(picture))
    except av.FFmpegError as error:
        raise MediaError(f"{clip.path}: cannot be read any more ({error.strerror}); give the clip again") from None


def _whole_frames(clip: Clip, frames: FrameRange) -> Iterator[tuple[int, Any]]:
    """(number, picture) of an interlaced clip's frames, which need those around them."""
    around = FrameRange(max(0, frames.start - REACH), min(clip.num_frames, frames.stop + REACH))
    for index, picture in deinterlaced(shown(clip, around)):
        if index >= frames.stop:
            return
        if index >= frames.start:
            yield index, picture


def shown(clip: Clip, frames: FrameRange) -> Iterator[tuple[int, Any]]:
    """(number, decoded picture) of the frames of a range, as stored: turned, in fields, with hidden borders."""
    if not has_file(clip):
        yield from pictures(clip, frames)
        return
    for begin in beginnings(clip, frames.start):
        with open_file(clip.path) as container:
            found = from_beginning(container, clip, begin, frames)
            first = next(found, None)
            # a key frame from which the decoder did not find its way to the frame wanted; try an earlier one
            if begin is not None and (first is None or first[0] != frames.start or first[1].is_corrupt):
                continue
            if first:
                yield first
                yield from found
            return


def beginnings(clip: Clip, first: int) -> list[int | None]:
    """Times (dts, ticks) to which a seek may help to reach a frame, the nearest first; None at last: the beginning."""
    if first <= NEAR:
        return [None]
    behind = bisect.bisect_right(clip.keys, clip.pts[first], key=lambda key: key[0])
    return [*(dts for _, dts in clip.keys[max(0, behind - TRIES) : behind][::-1]), None]


def from_beginning(container: Any, clip: Clip, begin: int | None, frames: FrameRange) -> Iterator[tuple[int, Any]]:
    """(number, decoded picture) of the frames of a range, ascending; nothing where a seek missed its key frame."""
    stream = container.streams[clip.stream]
    packets = _packets(container, clip) if begin is None else _after_seek(container, clip, begin, frames.start)
    places = {pts: index for index, pts in enumerate(clip.pts)}
    last = frames.start - 1
    counted = stream.codec_context.has_b_frames or (clip.interlaced and clip.codec == "h264")
    if not clip.stamped:
        packets = _numbered(packets)
    for count, picture in _decoded(packets, _decoder(clip, stream)):
        index = places.get(picture.pts, -1)
        # where frames come in the order of their packets, and each is one packet, one that is lost keeps its place
        if not clip.stamped:
            index = count if counted or picture.pts is None else picture.pts
        if index >= frames.stop:
            return
        if index > last:  # never one number twice
            yield index, picture
            last = index


def _after_seek(container: Any, clip: Clip, begin: int, first: int) -> Iterator[Any]:
    container.seek(begin, stream=container.streams[clip.stream])
    packets = _packets(container, clip)
    packet = next(packets, None)
    # MPEG-TS and others land anywhere
    if packet is None or not packet.is_keyframe:
        return
    if packet.pts is not None and packet.pts <= clip.pts[first]:
        yield packet
        yield from packets


def _packets(container: Any, clip: Clip) -> Iterator[Any]:
    return to_the_end(container.demux(container.streams[clip.stream]))


def _numbered(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets with their number for a time, which the decoder hands on to the frame."""
    for number, packet in enumerate(packets):
        packet.pts = number
        yield packet


def _decoder(clip: Clip, stream: Any) -> Any:
    name = TRANSPARENT.get(clip.codec) if clip.alpha else None
    decoder = av.CodecContext.create(name, "r") if name else stream.codec_context
    if clip.codec in CONCEALING:
        decoder.thread_count = 1
    return decoder


def _decoded(packets: Iterator[Any], decoder: Any) -> Iterator[tuple[int, Any]]:
    """Every frame that can be decoded, and its place: a damaged packet costs its own frame, and keeps its place."""
    place = 0
    for packet in packets:
        try:
            for picture in decoder.decode(packet):
                yield place, picture
                place += 1
        except av.FFmpegError:
            place += 1
    with suppress(av.FFmpegError):
        for picture in decoder.decode(None):
            yield place, picture
            place += 1


class _Converter:
    """Decoded frames -> pixels of one size; one swscale context for all of them."""

    def __init__(self, clip: Clip, size: tuple[int, int]) -> None:
        self._clip = clip
        self._size = size if clip.rotation in (0, 180) else size[::-1]
        self._flags = scaling(clip, size)
        self._format = "rgb48le" if clip.depth > 8 else "rgb24"
        self._levels = to_whole_range(clip)
        self._scale: Any = VideoReformatter()  # takes names of matrices, which its types deny
        self._whole: Any = VideoReformatter()

    def __call__(self, picture: Any) -> Pixels:
        seen = picture
        if self._clip.alpha and any(part.is_alpha for part in picture.format.components):
            seen = self._filled(picture)
        if any(self._clip.crop):
            seen = self._cropped(seen)
        rgb = self._scale.reformat(
            seen,
            self._size[0],
            self._size[1],
            self._format,
            src_colorspace=matrix_name(self._clip),
            interpolation=self._flags,
        )
        return upright(looked_up(rgb.to_ndarray(), self._levels), picture, self._clip)

    def _cropped(self, picture: Any) -> Any:
        """A picture without hidden borders, which may lie between two pixels of its colors."""
        whole = self._in_colors(picture, self._format)
        return av.VideoFrame.from_ndarray(visible(whole, self._clip), self._format)

    def _filled(self, picture: Any) -> Any:
        """A picture whose wholly transparent pixels, which may hold anything, have the mean color of the others.

        Before it is scaled, which would smear them into what is seen.
        """
        colors = self._in_colors(picture, "rgba64le" if self._clip.depth > 8 else "rgba")
        hidden = colors[..., 3] == 0
        if hidden.any() and not hidden.all():
            colors[hidden, :3] = np.rint(colors[~hidden, :3].mean(0))
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(colors[..., :3]), self._format)

    def _in_colors(self, picture: Any, format: str) -> Any:
        whole = self._whole.reformat(
            picture, format=format, src_colorspace=matrix_name(self._clip), interpolation=self._flags
        )
        return whole.to_ndarray()


def upright(pixels: Pixels, picture: Any, clip: Clip) -> Pixels:
    """Pixels of a decoded picture (H, W or H, W, 3) as they are to be seen."""
    shown: Any = pixels[::-1] if _is_mirrored(picture) else pixels
    turned: Pixels = np.ascontiguousarray(np.rot90(shown, clip.rotation // 90))
    return turned


def _is_mirrored(picture: Any) -> bool:
    """Whether a frame is to be shown upside down before it is turned, as front cameras have it."""
    for data in side_data(picture):
        if data.type == Type.DISPLAYMATRIX:
            right, down, right_again, down_again = struct.unpack("<2i4x2i16x", bytes(data))
            return bool(right * down_again - down * right_again < 0)
    return False


def side_data(picture: Any) -> Any:
    """What comes with a frame, without kinds that PyAV does not know, such as EXIF: it fails on them."""
    try:
        return picture.side_data
    except ValueError:
        known = av.filter.Graph()
        place = known.add_buffer(
            width=picture.width, height=picture.height, format=picture.format, time_base=Fraction(1)
        )
        with suppress(av.FFmpegError):  # past the last kind that FFmpeg knows
            for kind in range(len(Type), 100):
                delete = known.add("sidedata", f"mode=delete:type={kind}")
                place.link_to(delete)
                place = delete
        place.link_to(known.add("buffersink"))
        known.configure()
        known.vpush(picture)
        return known.vpull().side_data
