"""The networks: names, shapes, strides, borders, precision, and which one is chosen."""

import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from videostyle.errors import SettingsError, WeightsError
from videostyle.paint.backbones import backbone as backbones
from videostyle.paint.backbones import weights
from videostyle.paint.backbones.backbone import Backbone, choose_backbone, load_backbone
from videostyle.settings import BackboneSettings


def tiny(**more: object) -> Backbone:
    """Two convolutions, a pooling between them, a head on the second."""
    dice = torch.Generator().manual_seed(1)
    tensors = {
        "convs.0.weight": torch.randn(4, 3, 3, 3, generator=dice),
        "convs.0.bias": torch.randn(4, generator=dice),
        "convs.1.weight": torch.randn(5, 4, 3, 3, generator=dice),
        "convs.1.bias": torch.randn(5, generator=dice),
        "heads.b.weight": torch.randn(2, 5, 1, 1, generator=dice),
        "heads.b.bias": torch.randn(2, generator=dice),
    }
    return Backbone("tiny", "4 a P 5 b", tensors, **({"pooling": "average"} | more))  # type: ignore[arg-type]


def pictures(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def vgg19_tensors(places: int = 13) -> dict[str, Tensor]:
    """VGG-19's shapes with random values, under torchvision's names, from the bottom up."""
    dice = torch.Generator().manual_seed(2)
    tensors = {}
    for place, (out, into) in list(weights._USED.items())[:places]:
        tensors[f"features.{place}.weight"] = torch.randn(out, into, 3, 3, generator=dice) * (2 / (9 * into)) ** 0.5
        tensors[f"features.{place}.bias"] = torch.zeros(out)
    return tensors


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    """A file with conv1_1 .. conv3_1 only."""
    save_file(vgg19_tensors(5), tmp_path / "lower.safetensors")
    return tmp_path / "lower.safetensors"


def test_forward_is_the_written_formula() -> None:
    net, x = tiny(), pictures(2, 3, 32, 48)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    y = (x - mean[:, None, None]) / deviation[:, None, None]
    values = dict(net.state_dict())
    y = F.pad(y, (1, 1, 1, 1), mode="reflect")
    a = F.conv2d(y, values["convs.0.weight"], values["convs.0.bias"]).relu()
    b = F.pad(F.avg_pool2d(a, 2), (1, 1, 1, 1), mode="reflect")
    b = F.conv2d(b, values["convs.1.weight"], values["convs.1.bias"]).relu()
    b = F.conv2d(b, values["heads.b.weight"], values["heads.b.bias"])
    found = net(x, ["b", "a"])
    assert list(found) == ["a", "b"]
    torch.testing.assert_close(found["a"], a)
    torch.testing.assert_close(found["b"], b)


def halved(pictures: torch.Tensor) -> torch.Tensor:
    return backbones._halve(pictures, tiny()._binomial)


def test_scales_see_the_picture_halved() -> None:
    net = tiny(scales=(1, 2, 4))
    assert net.layers == ("a", "b", "s2/a", "s2/b", "s4/a", "s4/b")
    x = pictures(1, 3, 64, 96)
    found = net(x, net.layers)
    for layer, stride in zip(net.layers, [1, 2, 2, 4, 4, 8], strict=True):
        assert found[layer].shape[2:] == (64 // stride, 96 // stride)
    torch.testing.assert_close(found["s4/b"], tiny()(halved(halved(x)), ["b"])["b"], atol=1e-3, rtol=1e-3)


def test_halving_does_not_alias() -> None:
    checkerboard = (torch.arange(64)[:, None] + torch.arange(64)).remainder(2).float().expand(1, 3, 64, 64)
    torch.testing.assert_close(halved(checkerboard), torch.full((1, 3, 32, 32), 0.5))


def test_halving_is_the_binomial() -> None:
    row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    x = pictures(2, 3, 13, 16)
    wanted = F.conv2d(
        F.pad(x, (1, 1, 1, 1), mode="reflect"), (row[:, None] * row).expand(3, 1, 4, 4), stride=2, groups=3
    )
    torch.testing.assert_close(halved(x), wanted)


def test_unused_layers_are_not_computed() -> None:
    net = tiny(scales=(1, 2))
    calls: list[tuple[int, ...]] = []
    for conv in net.convs:
        conv.register_forward_hook(lambda _module, _into, out: calls.append(tuple(out.shape)))
    net(pictures(1, 3, 32, 32), ["a"])
    assert calls == [(1, 4, 32, 32)]
    net(pictures(1, 3, 32, 32), ["s2/a"])
    assert calls[1:] == [(1, 4, 16, 16)]


def test_pooling_is_a_setting() -> None:
    x = pictures(1, 3, 32, 32)
    average, largest = tiny(), tiny(pooling="max")
    torch.testing.assert_close(average(x, ["a"])["a"], largest(x, ["a"])["a"])
    assert not torch.equal(average(x, ["b"])["b"], largest(x, ["b"])["b"])
    assert average.fingerprint != largest.fingerprint


@pytest.mark.parametrize("size", [(64, 64), (65, 97), (127, 66)])
def test_compact_takes_any_size_and_both_precisions(size: tuple[int, int]) -> None:
    net = load_backbone("compact")
    x = pictures(2, 3, *size)
    full = net(x, net.layers)
    assert all(value.isfinite().all() and value.dtype == torch.float32 for value in full.values())
    half = net.to(torch.bfloat16)(x, net.layers)
    for layer, value in half.items():
        assert value.dtype == torch.bfloat16
        error = (value.float() - full[layer]).square().mean() / full[layer].square().mean()
        assert error < 1e-3


def test_normalization_survives_bfloat16() -> None:
    net = tiny().to(torch.bfloat16)
    assert (net._mean / 1000).tolist() == torch.tensor([[[0.485]], [[0.456]], [[0.406]]]).tolist()


def test_compact_is_small_quick_and_frozen() -> None:
    assert backbones.COMPACT_FILE.stat().st_size <= 2_000_000
    load_backbone("compact")
    began = time.process_time()
    net = load_backbone("compact")
    assert time.process_time() - began < 0.05
    assert not net.training
    assert not any(value.requires_grad for value in net.parameters())
    assert set(net.default_style) | set(net.default_content) <= set(net.layers)
    assert net.smallest <= 64
    assert len(net.fingerprint) == 64


def test_compact_has_no_dead_or_wild_channels() -> None:
    net = load_backbone("compact")
    x = torch.cat([pictures(2, 3, 128, 128), F.interpolate(pictures(6, 3, 8, 8), size=128, mode="bicubic").clamp(0, 1)])
    for layer, value in net(x, net.layers).items():
        size = value.abs().mean((0, 2, 3))
        assert size.min() > 1e-3, layer
        assert size.max() < 30, layer


def test_images_of_a_batch_do_not_touch() -> None:
    net, x = load_backbone("compact"), pictures(3, 3, 64, 80)
    together, alone = net(x, net.layers), net(x[1:2], net.layers)
    for layer in net.layers:
        torch.testing.assert_close(together[layer][1:2], alone[layer], atol=1e-4, rtol=1e-4)


def test_flat_pictures_give_flat_features() -> None:
    """No frame at the borders, no pattern of its own: reflection padding, nothing else."""
    net = load_backbone("compact")
    for layer, value in net(torch.full((1, 3, 64, 64), 0.4), net.layers).items():
        assert (value - value.mean((2, 3), keepdim=True)).abs().max() < 1e-3, layer


def test_unknown_layers_and_small_pictures_are_told() -> None:
    net = load_backbone("compact")
    with pytest.raises(SettingsError, match=r"relu9_9.*no such layer; choose .* of relu1_1"):
        net(pictures(1, 3, 64, 64), ["relu9_9"])
    with pytest.raises(SettingsError, match=f"needs {net.smallest} px"):
        net(pictures(1, 3, 64, net.smallest - 1), net.layers)


def test_lower_vgg19_has_lower_defaults(lower: Path) -> None:
    net = load_backbone("vgg19", str(lower))
    assert net.layers == ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1")
    assert net.default_style == ("relu1_1", "relu2_1", "relu3_1")
    assert net.default_content == ("relu3_1",)
    assert net.pooling == "max"
    assert net.widest == 64
    with pytest.raises(SettingsError, match=r"relu4_2: vgg19, as loaded here, .* of relu1_1, .*relu3_1, or"):
        net.check(["relu4_2"])


def test_whole_vgg19_has_gatys_layers(tmp_path: Path) -> None:
    path = tmp_path / "whole.pth"
    torch.save(vgg19_tensors() | {"classifier.0.bias": torch.zeros(3)}, path)
    net = load_backbone("vgg19", str(path))
    assert net.default_style == ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    assert net.default_content == ("relu4_2",)
    assert net.layers[-1] == "relu5_1"
    assert net.smallest == 32
    assert net(pictures(1, 3, 32, 40), ["relu5_1"])["relu5_1"].shape == (1, 512, 2, 2)


def test_asked_for_by_name_never_falls_back(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such file"):
        choose_backbone(BackboneSettings(name="vgg19", weights=str(tmp_path / "none.pth")))
    net, why = choose_backbone(BackboneSettings(name="compact"))
    assert (net.name, why) == ("compact", "compact, as asked for.")


def test_auto_takes_the_network_of_the_file_given(lower: Path) -> None:
    assert choose_backbone(BackboneSettings(weights=str(lower)))[0].name == "vgg19"
    assert choose_backbone(BackboneSettings(weights=str(backbones.COMPACT_FILE)))[0].name == "compact"


def test_auto_without_weights_or_network_is_compact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(weights, "VGG19_URL", "http://127.0.0.1:9/vgg19-00000000.pth")
    net, why = choose_backbone(BackboneSettings())
    assert net.name == "compact"
    assert why.startswith("compact, because vgg19's weights are not cached and cannot be fetched")


def test_auto_with_a_cached_file_is_vgg19(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(weights, "VGG19_URL", "http://127.0.0.1:9/stand-in.pth")
    (tmp_path / "checkpoints").mkdir()
    torch.save(vgg19_tensors(), tmp_path / "checkpoints" / "stand-in.pth")
    net, why = choose_backbone(BackboneSettings())
    assert (net.name, why) == ("vgg19", "vgg19: its weights are cached.")
    assert (tmp_path / "checkpoints" / "stand-in-to-conv5_1.safetensors").is_file()


def test_compact_file_of_another_kind_is_told(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="not a file of the compact network"):
        load_backbone("compact", str(tmp_path / "other.safetensors"))
    about = {"plan": "8 a", "scales": "1", "style": "a", "style_weights": "1", "content": "a"}
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors", about)
    with pytest.raises(WeightsError, match="do not fit"):
        load_backbone("compact", str(tmp_path / "other.safetensors"))
