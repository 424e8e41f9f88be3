"""Settings and artworks -> painter."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from videostyle.errors import SettingsError
from videostyle.frames import Pixels
from videostyle.paint.keep import KeepPainter
from videostyle.paint.painter import Painter
from videostyle.settings import BackboneSettings, RenderSettings

if TYPE_CHECKING:
    from videostyle.paint.backbones.backbone import Backbone

Networks = dict[tuple[BackboneSettings, str], "tuple[Backbone, str]"]
"""networks that are loaded, and why each was chosen, by the settings that ask for them"""


def load_painter(
    artworks: Sequence[Pixels],
    settings: RenderSettings,
    report: Callable[[str, int, int], object] | None = None,
    networks: Networks | None = None,
) -> Painter:
    """The painter that the settings ask for.

    artworks: (H, W, 3) each; may be empty if ``optimize.iterations`` is 0. report: called while weights are downloaded,
    with a description, the bytes done, and the bytes in total (0: unknown). networks: those loaded before, which
    are shared. Configures the whole process: see ``device.prepare_process``. Raises SettingsError, WeightsError, or
    DeviceError.
    """
    if not settings.optimize.iterations:
        return KeepPainter()
    if not artworks:
        raise SettingsError("no artwork given; name at least one with --style art.jpg")
    # torch takes seconds to import, and not every painter needs it
    from videostyle.paint.backbones.choose import choose_backbone
    from videostyle.paint.device import choose_device, prepare_process
    from videostyle.paint.optimize.optimizer import Optimizer

    device = choose_device(settings.backbone.device)
    prepare_process(device)
    networks = {} if networks is None else networks
    key = settings.backbone, settings.optimize.precision  # to which the painter converts it
    if key not in networks:
        networks[key] = choose_backbone(settings.backbone, report)
    backbone, reason = networks[key]
    return Optimizer(backbone, artworks, settings, device, reason)


def usual_preset(device: str) -> str:
    """Name of the default preset for a device (``backbone.device``): ``draft`` on a CPU, otherwise ``standard``.

    Raises DeviceError if the device is not available.
    """
    if device == "cpu":
        return "draft"
    from videostyle.paint.device import choose_device

    return "draft" if choose_device(device).type == "cpu" else "standard"
