"""Small pictures for people to look at, as JPEG."""

import io

from PIL import Image

from videostyle.frames import Pixels, to_bytes


def to_jpeg(pixels: Pixels, quality: int = 82) -> bytes:
    """Pixels (H, W, 3) of either depth as the content of a JPEG file. quality: 1 to 95."""
    content = io.BytesIO()
    Image.fromarray(to_bytes(pixels)).save(content, "JPEG", quality=quality, optimize=True)
    return content.getvalue()
