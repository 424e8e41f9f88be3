"""Settings -> the painter that they ask for."""
from videostyle.paint.painter import Painter
def load_painter(artworks, settings, report=None) -> Painter:
    raise NotImplementedError
def usual_preset(device: str) -> str:
    raise NotImplementedError
