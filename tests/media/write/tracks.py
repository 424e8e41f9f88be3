"""Clips with sound and other tracks, made by ffmpeg, and films made of them."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Clip, Pixels
from videostyle.media.write.film import check_film, encode_film
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

FILM = FilmSettings()


RATE = 48000


SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello\n\n2\n00:00:02,000 --> 00:00:03,500\nWorld\n"


CHAPTERS = ";FFMETADATA1\ntitle=The title\nartist=Someone\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={name}\n"
    for start, end, name in [(0, 1000, "One"), (1000, 2500, "Two"), (2500, 4000, "Three")]
)


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def source(path: Path, codecs: tuple[str, ...] = ("aac",), *more: str, seconds: int = 2) -> Path:
    """A clip by ffmpeg: 25 frames per second, and for each codec a track with its own sound."""
    command = ["-f", "lavfi", "-i", f"testsrc2=size=64x48:rate=25:duration={seconds}"]
    for place in range(len(codecs)):
        sweep = f"0.4*sin(2*PI*({200 + 170 * place}+90*t)*t)+0.1*sin(2*PI*37*t*t)"
        command += ["-f", "lavfi", "-i", f"aevalsrc={sweep}|{sweep}:s={RATE}:d={seconds}"]
    command += ["-map", "0:v"]
    for place, codec in enumerate(codecs):
        command += ["-map", f"{place + 1}:a", f"-c:a:{place}", codec]
    ffmpeg(*command, "-c:v", "libx264", "-preset", "ultrafast", "-strict", "-2", *more, path)
    return path


def blank(frames: Iterable[int]) -> Iterator[tuple[int, Pixels]]:
    for index in frames:
        yield index, np.full((48, 64, 3), index % 256, np.uint8)


def film_of(clip: Clip, path: Path, *parts: range, settings: FilmSettings | None = None) -> Path:
    keep = Selection(parts) if parts else Selection.whole(clip)
    check_film(clip, path, settings or FILM, (64, 48), keep)
    encode_film(clip, path, blank(keep.frames), settings or FILM, (64, 48), keep)
    return path


def sound(path: Path, track: int = 0) -> NDArray[np.float32]:
    """Sound decoded by ffmpeg from the first frame on: (n, 2) at 48 kHz, silent before it begins."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:a:{track}", "-af", "aresample=async=1:first_pts=0"]
    command += ["-f", "f32le", "-ac", "2", "-ar", str(RATE), "-"]
    made = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(made.stdout, "<f4").reshape(-1, 2)
