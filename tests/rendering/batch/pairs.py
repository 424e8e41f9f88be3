"""Clips of one scene each, and their films."""

from pathlib import Path

import av

from tests.clips import moving_scenes, write_art, write_clip

NAMES = ("one", "two", "three")
LENGTHS = (7, 6, 5)
JOBS = """
[defaults]
styles = "art.png"
backbone.device = "cpu"
brush.amount = 0
picture.work = 0
preset = "draft"
output = "films/{clip}.mkv"
[[job]]
clips = ["one.mkv", "two.mkv"]
"""


def write_pair(folder: Path, count: int = 2) -> Path:
    """Two clips of the same size, or more, and the jobs that paint them."""
    write_art(folder / "art.png")
    for place, (name, length) in enumerate(zip(NAMES[:count], LENGTHS, strict=False)):
        scenes = (1,) * place + (length,)
        write_clip(folder / f"{name}.mkv", moving_scenes(scenes)[place:], codec="ffv1")
    jobs = folder / "jobs.toml"
    jobs.write_text(JOBS.replace('"two.mkv"', ", ".join(f'"{name}.mkv"' for name in NAMES[1:count])))
    return jobs


def packets_of(film: Path) -> list[bytes]:
    """Every packet, in the order of the file."""
    with av.open(film) as container:
        return [bytes(packet) for packet in container.demux() if packet.size]


def pictures_of(film: Path) -> list[bytes]:
    """Every decoded frame."""
    with av.open(film) as container:
        return [frame.to_ndarray(format="rgb24").tobytes() for frame in container.decode(video=0)]
