from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film
from videostyle.media.write.suffix import usual_suffix
from videostyle.settings import FilmSettings


def camera(path: Path, sound: str | None, picture: str = "mjpeg", pixels: str = "yuvj420p") -> Path:
    """A clip of eight frames with a track of sound."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(picture, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        track: Any = output.add_stream(sound, rate=48000) if sound else None
        for number in range(8):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * number, np.uint8), "rgb24")
            frame.pts = number
            output.mux(stream.encode(frame.reformat(format=pixels)))
        output.mux(stream.encode(None))
        if track:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 8192), np.int16), "s16", "mono")
            silence.sample_rate, silence.pts = 48000, 0
            for part in av.AudioResampler(track.format, track.layout, 48000).resample(silence):
                output.mux(track.encode(part))
            output.mux(track.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "sound", "codec", "wanted"),
    [
        ("a.avi", "pcm_u8", "auto", ".mov"),  # what compact cameras write
        ("a.avi", "pcm_s16le", "auto", ".mp4"),
        ("a.avi", "mp3", "auto", ".mp4"),
        ("a.avi", None, "auto", ".mp4"),
        ("a.mkv", "pcm_u8", "auto", ".mkv"),
        ("a.mkv", "aac", "prores", ".mkv"),
        ("a.mp4", "aac", "prores", ".mov"),
        ("a.mp4", "aac", "ffv1", ".mkv"),
        ("a.mp4", "aac", "h265", ".mp4"),
        ("a.mov", "pcm_s16le", "auto", ".mov"),
    ],
)
def test_the_film_goes_where_everything_fits(
    name: str, sound: str | None, codec: str, wanted: str, tmp_path: Path
) -> None:
    clip = probe(camera(tmp_path / name, sound))
    settings = FilmSettings(codec=codec)  # type: ignore[arg-type]
    assert usual_suffix(clip, settings) == wanted
    assert check_film(clip, tmp_path / f"film{wanted}", settings, (64, 48)).left_out == ()


def test_silent_films_ignore_sound(tmp_path: Path) -> None:
    clip = probe(camera(tmp_path / "a.avi", "pcm_u8"))
    assert usual_suffix(clip, FilmSettings(sound=False)) == ".mp4"


def test_fonts_stay_in_matroska(tmp_path: Path) -> None:
    source = camera(tmp_path / "plain.mkv", "aac")
    with av.open(str(source)) as old, av.open(str(tmp_path / "a.mkv"), "w") as new:
        targets = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        new.add_attachment("font.ttf", "font/ttf", b"\0" * 64)
        for packet in old.demux():
            if packet.size:
                packet.stream = targets[packet.stream.index]
                new.mux(packet)
    clip = probe((tmp_path / "a.mkv").rename(tmp_path / "a.MKV"))
    assert usual_suffix(clip, FilmSettings()) == ".mkv"
