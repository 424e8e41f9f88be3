"""videostyle turns film into moving paintings.

from videostyle import Request, check, compose, prepare, run

request = Request(clip=Path("clip.mp4"), artworks=(Path("art.jpg"),), settings=compose("draft"))
run(prepare(check(request)), report=print)
"""

import importlib
from typing import Any

__version__ = "0.2.0"

_HOMES = {
    "VideostyleError": "errors",
    "SettingsError": "errors",
    "MediaError": "errors",
    "WeightsError": "errors",
    "DeviceError": "errors",
    "JobError": "errors",
    "IncompleteError": "errors",
    "FrameRange": "frames",
    "FrameDone": "frames",
    "RenderSettings": "settings",
    "compose": "settings",
    "Request": "rendering.job",
    "FilmDone": "rendering.film",
    "FrameWritten": "rendering.film",
    "Notice": "rendering.job",
    "check": "rendering.job",
    "prepare": "rendering.job",
    "run": "rendering.job",
    "stored_film": "rendering.film",
    "assemble": "rendering.film",
    "Selection": "selection",
    "select": "selection",
    "Scores": "metrics",
    "score_files": "rendering.scoring",
}
"""public name -> the module it lives in; fetched when first asked for, because torch takes seconds to import"""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
