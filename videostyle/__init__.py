"""videostyle turns film into moving paintings.

import videostyle as vs

vs.stylize("clip.mp4", "art.jpg", "film.mp4", preset="draft", on_event=print)
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from videostyle.errors import DeviceError as DeviceError
    from videostyle.errors import IncompleteError as IncompleteError
    from videostyle.errors import JobError as JobError
    from videostyle.errors import MediaError as MediaError
    from videostyle.errors import OutOfMemoryError as OutOfMemoryError
    from videostyle.errors import SettingsError as SettingsError
    from videostyle.errors import VideostyleError as VideostyleError
    from videostyle.errors import WeightsError as WeightsError
    from videostyle.paint.finish import Finish as Finish
    from videostyle.paint.finish import FinishInput as FinishInput
    from videostyle.paint.painter import Painter as Painter
    from videostyle.rendering.api import encode as encode
    from videostyle.rendering.api import load_painter as load_painter
    from videostyle.rendering.api import plan as plan
    from videostyle.rendering.api import render as render
    from videostyle.rendering.api import stylize as stylize
    from videostyle.rendering.batch.night import batch as batch
    from videostyle.rendering.chunk.renderer import RenderedFrame as RenderedFrame
    from videostyle.rendering.look.still import still as still
    from videostyle.rendering.plan.plan import RenderPlan as RenderPlan
    from videostyle.rendering.scoring import score as score
    from videostyle.scores import Scores as Scores

_NAMES = {
    "rendering.api": "stylize plan render encode load_painter",
    "rendering.batch.night": "batch",
    "rendering.scoring": "score",
    "rendering.look.still": "still",
    "rendering.chunk.renderer": "RenderedFrame",
    "rendering.plan.plan": "RenderPlan",
    "paint.painter": "Painter",
    "paint.finish": "Finish FinishInput",
    "metrics": "Scores",
    "errors": "VideostyleError SettingsError MediaError WeightsError DeviceError OutOfMemoryError JobError "
    "IncompleteError",
}
"""module -> its public names; imported on first use, because torch and OpenCV take seconds to load"""

__all__ = ["__version__", *" ".join(_NAMES.values()).split()]


def __getattr__(name: str) -> Any:
    for module, names in _NAMES.items():
        if name in names.split():
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__doc__", "__file__", "__path__"])
