"""A short clip with sound, and an artwork, for trying the program; ``scripts/make_demo.py`` draws them."""

import shutil
from pathlib import Path

from videostyle.errors import MediaError

CLIP = Path(__file__).with_name("clip.mp4")
"""320x180, 48 frames at 16 frames per second, H.264 and stereo AAC"""
ART = Path(__file__).with_name("art.jpg")
"""512x512"""


def copy_demo(folder: Path) -> tuple[Path, Path]:
    """Copy the clip and the artwork into a folder, which is created if necessary, and return their new paths.

    Existing files with these names are replaced. Raises MediaError if the folder cannot be created or written.
    """
    copies = folder / CLIP.name, folder / ART.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, copy in zip((CLIP, ART), copies, strict=True):
            shutil.copyfile(source, copy)
    except OSError as error:
        reason = error.strerror or error
        raise MediaError(f"{folder}: cannot copy the demo there ({reason}); choose another folder") from None
    return copies
