"""Tags of a film: those of its clip that the container holds, and what made it."""

import io
from collections.abc import Mapping

import av

from videostyle.media.write.containers import Container

OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time", "alpha_mode"}
"""tags that describe the old file itself, in lower case"""
OURS = "videostyle "
"""how the comment of a film that this program has made begins"""
MUXERS = "Lavf"
"""how the ``software`` of an AVI that FFmpeg has written begins: that describes the old file, too"""
ANY_TAG = ("matroska", "webm")
"""formats that hold every tag"""


def kept_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Metadata without the tags that describe the old file; QuickTime's ``name`` becomes ``title``."""
    kept = {
        key: value
        for key, value in tags.items()
        if key.lower() not in OWN_TAGS
        and not key.startswith(("_STATISTICS", "BPS", "DURATION", "NUMBER_OF"))
        and not (key.lower() == "software" and value.startswith(MUXERS))
    }
    return {"title": kept.pop("name")} | kept if "name" in kept else kept


def film_tags(tags: Mapping[str, str], made: str) -> dict[str, str]:
    """A film's tags from those of its clip. made: what made the film: the comment, unless the clip has its own."""
    own = {key: value for key, value in kept_tags(tags).items() if key.lower() != "timecode"}  # the video stream's
    said = next((value for key, value in own.items() if key.lower() == "comment"), "")
    if not made or (said and not said.startswith(OURS)):
        return own
    return {key: value for key, value in own.items() if key.lower() != "comment"} | {"comment": made}


def any_key(tags: Mapping[str, str]) -> str:
    """The flag with which an MP4 or MOV stores tags of any name, where the clip has names that need it; else empty.

    Phones store location and camera in keys such as com.apple.quicktime.make, which FFmpeg drops by default.
    """
    return "+use_metadata_tags" if any(key.startswith("com.") for key in tags) else ""


def lost_tags(tags: Mapping[str, str], container: Container) -> list[str]:
    """Names of the tags that a container does not hold, found by writing and reading them."""
    if container.format in ANY_TAG or not tags:
        return []
    file, read = io.BytesIO(), dict[str, str]()
    if container.format in ("mp4", "mov", "avi"):  # the others hold none
        options = {"movflags": any_key(tags)} if any_key(tags) else {}
        with av.open(
            file, "w", format=container.format, container_options=options, metadata_errors="surrogateescape"
        ) as output:
            stream = output.add_stream("mpeg4", rate=25)
            stream.width = stream.height = 16
            output.metadata.update(tags)
            output.start_encoding()
        file.seek(0)
        with av.open(file, metadata_errors="surrogateescape") as again:
            read = {key.lower(): value for key, value in again.metadata.items()}
    return [key for key in tags if key.lower() not in read]
