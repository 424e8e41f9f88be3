"""What a clip's picture stream carries besides pictures: captions, dynamic HDR, projections, stereo layouts."""

import re
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from typing import cast

import av.logging
from av.container import InputContainer
from av.sidedata.sidedata import SideDataContainer, Type

from videostyle.media.ffmpeg import log_level

CAPTIONS = "closed captions inside the picture stream"
STEREO, SPHERICAL = "stereo 3D layout", "360-degree projection"
DOLBY_VISION = "Dolby Vision metadata"
TIMECODES = "timecodes inside the picture stream"
OF_FRAMES = {
    Type.A53_CC: CAPTIONS,
    Type.DOVI_METADATA: DOLBY_VISION,
    Type.DOVI_RPU_BUFFER: DOLBY_VISION,
    Type.DYNAMIC_HDR_PLUS: "HDR10+ metadata",
    Type.DYNAMIC_HDR_VIVID: "HDR Vivid metadata",
    Type.AMBIENT_VIEWING_ENVIRONMENT: "ambient viewing environment",
    Type.ICC_PROFILE: "ICC profile",
    Type.STEREO3D: STEREO,
    Type.SPHERICAL: SPHERICAL,
    Type.AFD: "active format description",
    Type.S12M_TIMECODE: TIMECODES,
    Type.GOP_TIMECODE: TIMECODES,
}
"""kind of a frame's side data -> its name in messages"""
OF_STREAMS = {
    "dovi configuration record": DOLBY_VISION,
    "stereo 3d": STEREO,
    "spherical mapping": SPHERICAL,
    "ambient viewing environment": "ambient viewing environment",
    "icc profile": "ICC profile",
    "hdr10+": "HDR10+ metadata",
    "lcevc": "LCEVC enhancement layer",
    "3d reference displays": "3D reference displays",
    "active format": "active format description",
}
"""start of a name in FFmpeg's description of a stream, in lower case -> its name in messages"""


def described(container: InputContainer, stream: int) -> str:
    """FFmpeg's description of a stream, the only place where PyAV exposes some of its properties."""
    with log_level(av.logging.INFO):
        description = container.dumps_format()  # type: ignore[attr-defined]  # missing from the stubs
    streams = re.split(r"^  Stream #", description, flags=re.MULTILINE)[1:]
    return next((text for text in streams if re.match(rf"0:{stream}\b", text)), "")


def stream_extras(description: str) -> tuple[str, ...]:
    """The names of what a stream carries. description: from ``described``."""
    found = dict[str, str]()
    _, _, listed = description.partition("Side data:")
    for name, value in re.findall(r"^      (\w[^:\n]*)(?:: (.*))?$", listed, re.MULTILINE):
        kind = next((told for start, told in OF_STREAMS.items() if name.lower().startswith(start)), "")
        detail = value.split(",")[0].strip()
        if kind == STEREO and detail == "2D":
            continue
        if kind:
            found[kind] = f"{kind} ({detail})" if kind in (STEREO, SPHERICAL) else kind
    return tuple(found.values())


def frame_extras(frames: Iterable[av.VideoFrame]) -> tuple[str, ...]:
    """The names of what decoded frames carry."""
    entries = (entry for frame in frames for entry in side_data(frame) if entry.type in OF_FRAMES)
    # an AVStereo3D begins with its type, which is 0 for an ordinary picture
    told = (OF_FRAMES[entry.type] for entry in entries if entry.type != Type.STEREO3D or any(bytes(entry)[:4]))
    return tuple(dict.fromkeys(told))


def joined(extras: Iterable[str]) -> tuple[str, ...]:
    """Names without repetitions; of two that begin alike, only the one with more detail."""
    names = tuple(dict.fromkeys(extras))
    return tuple(name for name in names if not any(other.startswith(f"{name} (") for other in names))


def unreadable_profile(description: str) -> int | None:
    """The Dolby Vision profile of a stream whose colors only Dolby's decoders can read; None if it has none.

    Such streams have no base layer in a standard color space: profile 5, and others without a compatible base.
    description: from ``described``.
    """
    record = re.search(r"DOVI configuration record:.* profile: (\d+).*compatibility id: (\d+)", description)
    if not record:
        return None
    profile, compatible = map(int, record.groups())
    return profile if profile == 5 or (profile >= 10 and not compatible) else None


def side_data(frame: av.VideoFrame) -> SideDataContainer:
    """A frame's side data without the kinds that PyAV does not know and fails on, such as EXIF."""
    try:
        return cast(SideDataContainer, frame.side_data)  # the stubs have another type
    except ValueError:
        graph = av.filter.Graph()
        nodes = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))]
        with suppress(av.FFmpegError):  # beyond the last kind that FFmpeg knows
            nodes += (graph.add("sidedata", f"mode=delete:type={kind}") for kind in range(len(Type), 100))
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        graph.vpush(frame)
        return cast(SideDataContainer, graph.vpull().side_data)
