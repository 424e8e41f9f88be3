"""The container of a film whose name the user leaves open."""

from videostyle.frames import Clip
from videostyle.media.read.probe import open_file
from videostyle.media.read.sequence import has_file
from videostyle.media.write.containers import CODECS, CONTAINERS
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.tracks import sort_tracks
from videostyle.settings import FilmSettings

KEPT = (".mp4", ".mov", ".mkv", ".webm")
"""containers that a film keeps if its clip has one of them"""
USUAL = (".mp4", ".mov", ".mkv")
"""containers of other films, the most widely played first"""


def usual_suffix(clip: Clip, settings: FilmSettings) -> str:
    """The extension of the first container that holds the codec and loses the fewest of the clip's tracks."""
    suffixes = suitable(clip.path.suffix.lower() if has_file(clip) else "", settings.codec)

    def lost(suffix: str) -> int:
        return len(sort_tracks(source, clip, CONTAINERS[suffix], timeline, settings.sound).left_out)

    timeline = Timeline(clip, None)
    with open_file(clip.path) as source:
        return min(suffixes, key=lost)


def suitable(own: str, codec: str) -> list[str]:
    """Extensions for a film, the likeliest first. own: the clip's."""
    suffixes = [*([own] if own in KEPT else []), *USUAL]
    if codec not in CODECS:
        return suffixes
    kind = CODECS[codec].hardware or codec
    return [suffix for suffix in suffixes if kind in CONTAINERS[suffix].codecs] or suffixes
