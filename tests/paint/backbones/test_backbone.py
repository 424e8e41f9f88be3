"""The network class: names, shapes, strides, borders, precision."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.paint.backbones.networks import pictures, tiny
from videostyle.errors import SettingsError
from videostyle.paint.backbones import backbone
from videostyle.paint.backbones.choose import load_backbone


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
    features = net(x, ["b", "a"])
    assert list(features) == ["a", "b"]
    torch.testing.assert_close(features["a"], a)
    torch.testing.assert_close(features["b"], b)


def test_separable_convolutions_are_the_written_formula() -> None:
    dice = torch.Generator().manual_seed(0)
    shapes = {"0.depth.weight": (3, 1, 3, 3), "0.point.weight": (5, 3, 1, 1), "0.point.bias": (5,)}
    values = {f"convs.{name}": torch.randn(shape, generator=dice) for name, shape in shapes.items()}
    net, x = backbone.Backbone("own", "5d a", values, pooling="average"), pictures(2, 3, 32, 48)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    y = F.pad((x - mean[:, None, None]) / deviation[:, None, None], (1, 1, 1, 1), mode="reflect")
    y = F.conv2d(y, values["convs.0.depth.weight"], groups=3)
    y = F.conv2d(y, values["convs.0.point.weight"], values["convs.0.point.bias"]).relu()
    torch.testing.assert_close(net(x, ["a"])["a"], y)


def halved(pictures: Tensor) -> Tensor:
    return backbone._halve(pictures, tiny()._binomial)


def test_scales_see_the_picture_halved() -> None:
    net = tiny(scales=(1, 2, 4))
    assert net.layers == ("a", "b", "s2/a", "s2/b", "s4/a", "s4/b")
    x = pictures(1, 3, 64, 96)
    features = net(x, net.layers)
    for layer, stride in zip(net.layers, [1, 2, 2, 4, 4, 8], strict=True):
        assert features[layer].shape[2:] == (64 // stride, 96 // stride)
    torch.testing.assert_close(features["s4/b"], tiny()(halved(halved(x)), ["b"])["b"], atol=1e-3, rtol=1e-3)


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


def test_normalization_survives_bfloat16() -> None:
    net = tiny().to(torch.bfloat16)
    assert (net._mean / 1000).tolist() == torch.tensor([[[0.485]], [[0.456]], [[0.406]]]).tolist()


def test_images_of_a_batch_do_not_affect_each_other() -> None:
    net, x = load_backbone("compact"), pictures(3, 3, 64, 80)
    together, alone = net(x, net.layers), net(x[1:2], net.layers)
    for layer in net.layers:
        torch.testing.assert_close(together[layer][1:2], alone[layer], atol=1e-4, rtol=1e-4)


def test_flat_pictures_give_flat_features() -> None:
    """Reflection padding leaves no frame at the borders."""
    net = load_backbone("compact")
    for layer, value in net(torch.full((1, 3, 64, 64), 0.4), net.layers).items():
        assert (value - value.mean((2, 3), keepdim=True)).abs().max() < 1e-3, layer


def test_unknown_layers_and_small_pictures_are_refused() -> None:
    net = load_backbone("compact")
    with pytest.raises(SettingsError, match=r"relu9_9: not in compact .*; choose .* from relu1_1"):
        net(pictures(1, 3, 64, 64), ["relu9_9"])
    with pytest.raises(SettingsError, match=f"needs at least {net.smallest} px"):
        net(pictures(1, 3, 64, net.smallest - 1), net.layers)
