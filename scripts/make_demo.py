"""Draw the demo's clip and artwork, or paint the strip of pictures in the README.

    python scripts/make_demo.py [DIR] [--strip]

Without options, this writes clip.mp4 and art.jpg to videostyle/demo, where they are committed. The pictures and the
samples are the same on every run; the bytes of the files depend on the versions of FFmpeg, x264, and Pillow.
--strip does not change these files: it paints the committed clip, which takes a few minutes on a CPU, and writes
demo_strip.jpg next to this script or to DIR.
"""

import argparse
import tempfile
from pathlib import Path

from demo_art import make_art
from demo_clip import make_clip, make_sound
from demo_encode import create_clip
from PIL import Image

from videostyle.demo import ART, CLIP
from videostyle.rendering.api import stylize
from videostyle.rendering.look.showcase import lay_out

WIDTH, HEIGHT, RATE, SECONDS = 320, 180, 16, 3
SOUND_RATE = 48000
"""Hz"""
ART_SIDE, ART_QUALITY = 512, 92
"""px; JPEG quality, without chroma subsampling: a PNG would be three times as large"""
MOMENTS = 2
"""frames in the strip: one per scene"""


def draw_demo(folder: Path) -> None:
    """Draw clip.mp4 and art.jpg, and write them to a folder."""
    Image.fromarray(make_art(ART_SIDE)).save(folder / ART.name, quality=ART_QUALITY, subsampling=0, optimize=True)
    pictures = make_clip(WIDTH, HEIGHT, RATE, SECONDS)
    create_clip(folder / CLIP.name, pictures, RATE, make_sound(SECONDS, SOUND_RATE), SOUND_RATE)


def paint_strip(path: Path) -> None:
    """Paint the demo and write a JPEG: the artwork, then frames of the clip over the same frames of the film."""
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        stylize(CLIP, ART, film, preset="draft", settings={"backbone.name": "compact"})
        Image.fromarray(lay_out(CLIP, ART, film, MOMENTS)).save(path, quality=88, subsampling=0, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="output folder")
    parser.add_argument("--strip", action="store_true", help="paint the strip in the README instead")
    options = parser.parse_args()
    if options.strip:
        paint_strip((options.folder or Path(__file__).parent) / "demo_strip.jpg")
    else:
        draw_demo(options.folder or CLIP.parent)


if __name__ == "__main__":
    main()
