"""Which backbone is chosen, and why."""

import dataclasses
from pathlib import Path
from typing import Literal

import pytest
import torch
from safetensors.torch import save_file

from tests.paint.backbones.networks import published_tensors
from videostyle.errors import WeightsError
from videostyle.paint.backbones.choose import choose_backbone
from videostyle.paint.backbones.compact import COMPACT_FILE
from videostyle.paint.backbones.published import ALEXNET, NETWORKS, VGG16, VGG19, Published
from videostyle.settings import BackboneSettings


def test_a_backbone_asked_for_by_name_never_falls_back(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such file"):
        choose_backbone(BackboneSettings(name="vgg19", weights=str(tmp_path / "none.pth")))
    net, why = choose_backbone(BackboneSettings(name="compact"))
    assert (net.name, why) == ("compact", "compact, as requested.")


@pytest.mark.parametrize(("network", "convolutions"), [(VGG19, 5), (VGG16, 8), (ALEXNET, 2)], ids=NETWORKS)
def test_auto_takes_the_network_of_the_given_file(network: Published, convolutions: int, tmp_path: Path) -> None:
    save_file(published_tensors(network, convolutions), tmp_path / "lower.safetensors")
    net, why = choose_backbone(BackboneSettings(weights=str(tmp_path / "lower.safetensors")))
    assert (net.name, why) == (network.name, f"{network.name}: its weights were given.")
    assert choose_backbone(BackboneSettings(weights=str(COMPACT_FILE)))[0].name == "compact"


def test_auto_with_an_unusable_file_is_an_error(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "resnet.pth")
    with pytest.raises(WeightsError, match=r"resnet\.pth: not vgg19 with torchvision's names"):
        choose_backbone(BackboneSettings(weights=str(tmp_path / "resnet.pth")))
    with pytest.raises(WeightsError, match=r"missing\.pth: no such file"):
        choose_backbone(BackboneSettings(weights=str(tmp_path / "missing.pth")))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for cached weights; a download would try to reach a closed port."""
    for name, network in NETWORKS.items():
        elsewhere = dataclasses.replace(network, url="http://127.0.0.1:9/stand-in.pth")
        monkeypatch.setitem(NETWORKS, name, elsewhere)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


@pytest.mark.usefixtures("cache")
def test_auto_without_cached_weights_is_compact_and_does_not_download(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[object] = []
    monkeypatch.setattr("urllib.request.urlopen", lambda *request, **_: requests.append(request))
    net, why = choose_backbone(BackboneSettings())
    assert net.name == "compact"
    assert why == "compact: the vgg19 weights are not cached (--backbone vgg19 downloads them)."
    assert not requests


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", ["vgg19", "vgg16", "alexnet"])
def test_a_published_network_asked_for_by_name_is_downloaded(name: Literal["vgg19", "vgg16", "alexnet"]) -> None:
    with pytest.raises(WeightsError, match=r"stand-in\.pth: download failed .*refused.*--weights"):
        choose_backbone(BackboneSettings(name=name))


def test_auto_with_cached_weights_is_vgg19(cache: Path) -> None:
    torch.save(published_tensors(), cache / "stand-in.pth")
    net, why = choose_backbone(BackboneSettings())
    assert (net.name, why) == ("vgg19", "vgg19: its weights are cached.")
    assert (cache / "stand-in-to-conv5_1.safetensors").is_file()


def test_auto_with_a_damaged_cache_is_compact(cache: Path) -> None:
    (cache / "stand-in-to-conv5_1.safetensors").write_bytes(b"damaged")
    net, why = choose_backbone(BackboneSettings())
    assert net.name == "compact"
    assert why.startswith("compact: the cached vgg19 weights cannot be used (")
