import subprocess
import sys

import pytest

from tests.paint.tasks import art, settings
from videostyle.errors import DeviceError, SettingsError
from videostyle.paint.keep import KeepPainter
from videostyle.paint.load import Networks, load_painter


def test_settings_choose_the_painter() -> None:
    painter = load_painter([art()], settings(backbone__name="compact", backbone__device="cpu"))
    assert (painter.name, painter.device, painter.reason) == ("compact", "cpu", "compact, as requested.")
    assert isinstance(load_painter([], settings(optimize__iterations=0)), KeepPainter)


def test_an_artwork_is_needed_to_paint() -> None:
    with pytest.raises(SettingsError, match=r"no artwork given; name at least one with --style"):
        load_painter([], settings())


def test_an_unknown_device_is_an_error_before_weights_are_downloaded() -> None:
    with pytest.raises(DeviceError, match="--device tpu"):
        load_painter([art()], settings(backbone__device="tpu"))


def test_keeping_frames_does_not_need_torch() -> None:
    code = (
        "import sys\n"
        "from videostyle.paint.load import load_painter\n"
        "from videostyle.settings import RenderSettings\n"
        "from videostyle.presets import change\n"
        "load_painter([], change(RenderSettings(), {'optimize.iterations': 0}, 'test'))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_network_is_loaded_once_for_several_painters(monkeypatch: pytest.MonkeyPatch) -> None:
    from videostyle.paint.backbones import choose

    loads, load = list[str](), choose.load_backbone
    monkeypatch.setattr(choose, "load_backbone", lambda *given: loads.append(given[0]) or load(*given))
    networks: Networks = {}
    for weight, precision in ((30, "float32"), (300, "float32"), (300, "auto")):
        chosen = settings(backbone__name="compact", style__weight=weight, optimize__precision=precision)
        load_painter([art()], chosen, networks=networks)
    assert loads == ["compact", "compact"], "a painter converts its network to its precision"
    load_painter([art()], chosen)
    assert len(loads) == 3
