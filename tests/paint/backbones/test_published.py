"""torchvision's networks: what they see, and how they are recognized."""

from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from tests.paint.backbones.networks import pictures, published_tensors
from videostyle.errors import SettingsError
from videostyle.paint.backbones.backbone import Pooling
from videostyle.paint.backbones.published import ALEXNET, NETWORKS, VGG16, VGG19, Published, recognize

WEIGHTS = Path(__file__).parents[4] / "shared" / "data" / "weights"
GATYS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
PLACES = {
    "vgg19": {"relu1_1": 0, "relu2_1": 5, "relu3_1": 10, "relu4_1": 19, "relu4_2": 21, "relu5_1": 28},
    "vgg16": {"relu1_1": 0, "relu2_1": 5, "relu3_1": 10, "relu4_1": 17, "relu4_2": 19, "relu5_1": 24},
    "alexnet": {"relu1_1": 0, "relu2_1": 3, "relu3_1": 6, "relu4_1": 8, "relu5_1": 10},
}
"""position in torchvision's ``features`` of the convolution before a layer"""


def torchvisions(network: Published) -> nn.Sequential:
    """The network's ``features`` as torchvision builds them."""
    features = getattr(torchvision.models, network.name)().features
    assert isinstance(features, nn.Sequential)
    return features


def test_the_plan_matches_torchvision(network: Published) -> None:
    with torch.device("meta"):
        features = torchvisions(network)
    shapes = {place: tuple(m.weight.shape) for place, m in enumerate(features) if isinstance(m, nn.Conv2d)}
    assert {place: shape for place, shape in shapes.items() if place not in network.deeper} == network.shapes()
    assert set(shapes) >= network.deeper


def test_the_files_are_those_of_torchvision(network: Published) -> None:
    published = torchvision.models.get_model_weights(network.name).IMAGENET1K_V1  # type: ignore[attr-defined]
    assert network.url == published.url
    assert abs(network.size / 2**20 - published.meta["_file_size"]) < 0.001


@pytest.mark.parametrize("pooling", ["auto", "max", "average"])
def test_features_are_torchvisions(network: Published, pooling: Pooling, tmp_path: Path) -> None:
    """Against torchvision's own modules, told to pad by reflection."""
    dice = torch.Generator().manual_seed(1)
    tensors = published_tensors(network)
    biases = [name for name in tensors if name.endswith("bias")]
    tensors |= {name: 0.1 * torch.randn(tensors[name].shape, generator=dice) for name in biases}
    save_file(tensors, tmp_path / "w.safetensors")
    net = network.load(str(tmp_path / "w.safetensors"), pooling)
    with torch.device("meta"):
        features = torchvisions(network)[: max(PLACES[network.name].values()) + 2]
    features.load_state_dict({name.removeprefix("features."): value for name, value in tensors.items()}, assign=True)
    x = pictures(2, 3, 67, 83)
    y = (x - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    expected = {}
    for place, module in enumerate(features):
        if isinstance(module, nn.Conv2d):
            module.padding_mode = "reflect"
        elif isinstance(module, nn.MaxPool2d) and pooling == "average":
            module = nn.AvgPool2d(module.kernel_size, module.stride)
        y = module(y)
        if isinstance(module, nn.ReLU):
            expected[place - 1] = y.clone()
    seen = net(x, net.layers)
    assert len(seen) == len(expected)
    for layer, place in PLACES[network.name].items():
        torch.testing.assert_close(seen[layer], expected[place], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("side", [64, 65, 66, 67])
def test_alexnet_leaves_no_pixel_out(side: int, tmp_path: Path) -> None:
    save_file(published_tensors(ALEXNET, 1), tmp_path / "first.safetensors")
    x = pictures(1, 3, side, side + 9).requires_grad_()
    features = ALEXNET.load(str(tmp_path / "first.safetensors"))(x, ["relu1_1"])["relu1_1"]
    assert features.shape[2:] == (side // 4, (side + 9) // 4)
    (gradient,) = torch.autograd.grad(features.square().sum(), x)
    assert bool((gradient != 0).all())


def test_the_smallest_picture_is_the_smallest(network: Published, tmp_path: Path) -> None:
    """A picture one pixel smaller lacks the pixels for reflection or pooling."""
    save_file(published_tensors(network), tmp_path / "whole.safetensors")
    net = network.load(str(tmp_path / "whole.safetensors"))
    assert net.smallest == {"vgg19": 32, "vgg16": 32, "alexnet": 44}[network.name]
    assert min(net(pictures(1, 3, net.smallest, net.smallest), ["relu5_1"])["relu5_1"].shape[2:]) == 2
    smallest, net.smallest = net.smallest, 1
    with pytest.raises(RuntimeError, match=r"Padding size should be less than|[Oo]utput size is too small"):
        net(pictures(1, 3, smallest - 1, smallest), ["relu5_1"])


@pytest.mark.parametrize(("network", "convolutions"), [(VGG19, 5), (VGG16, 5), (ALEXNET, 3)], ids=NETWORKS)
def test_lower_networks_have_lower_defaults(network: Published, convolutions: int, tmp_path: Path) -> None:
    save_file(published_tensors(network, convolutions), tmp_path / "lower.safetensors")
    net = network.load(str(tmp_path / "lower.safetensors"))
    if network is ALEXNET:
        assert net.layers == ("relu1_1", "relu2_1", "relu3_1")
    else:
        assert net.layers == ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1")
    assert net.default_style == ("relu1_1", "relu2_1", "relu3_1")
    assert net.default_content == ("relu3_1",)
    assert net.pooling == "max"
    assert net.widest == (4 if network is ALEXNET else 64)
    message = rf"relu4_2: not in {network.name} as loaded here; .* from relu1_1, .*relu3_1, or"
    with pytest.raises(SettingsError, match=message):
        net.check(["relu4_2"])


def test_whole_networks_have_gatys_layers(network: Published, tmp_path: Path) -> None:
    path = tmp_path / "whole.pth"
    torch.save(published_tensors(network) | {"classifier.0.bias": torch.zeros(3)}, path)
    net = network.load(str(path))
    assert net.name == network.name
    assert net.default_style == GATYS
    assert net.default_content == (("relu4_1",) if network is ALEXNET else ("relu4_2",))
    assert net.layers[-1] == "relu5_1"
    channels, side = (256, 2) if network is ALEXNET else (512, 3)
    assert net(pictures(1, 3, 48, 56), ["relu5_1"])["relu5_1"].shape == (1, channels, side, side)


@pytest.mark.parametrize("name", ["half.pth", "half.safetensors"])
def test_float16_files_are_read_as_float32(network: Published, name: str, tmp_path: Path) -> None:
    halves = {key: value.half() for key, value in published_tensors(network, 2).items()}
    torch.save(halves, tmp_path / name) if name.endswith(".pth") else save_file(halves, tmp_path / name)
    for key, value in network.read(tmp_path / name).items():
        assert value.dtype == torch.float32
        assert torch.equal(value, halves[key].float())


@pytest.mark.parametrize("network", [VGG16, ALEXNET], ids=["vgg16", "alexnet"])
def test_trained_weights_see_pictures(network: Published) -> None:
    path = WEIGHTS / f"{network.name}_features_half.safetensors"
    if not path.is_file():
        pytest.skip(f"no {path.name} in ../shared/data/weights")
    assert recognize(path) is network
    net = network.load(str(path))
    assert {*GATYS, network.content} <= set(net.layers)
    x = torch.cat([pictures(1, 3, 96, 128), torch.full((1, 3, 96, 128), 0.4)])
    strides = dict(zip(GATYS, (4, 8, 16, 16, 16) if network is ALEXNET else (1, 2, 4, 8, 16), strict=True))
    for layer, value in net(x, net.layers).items():
        assert value.dtype == torch.float32
        assert value.isfinite().all()
        stride = strides[f"{layer[:5]}_1"]
        least = 96 // stride - (1 if network is ALEXNET and stride > 4 else 0)  # 3x3 pooling drops an odd row
        assert value.shape[2] == least, layer
        assert 0 < value.mean() < 10, layer
        assert value[1].std((1, 2)).max() < 1e-3, "a flat picture gives flat features, up to the borders"


@pytest.mark.parametrize(
    ("network", "convolutions", "recognized"),
    [(VGG19, 13, VGG19), (VGG16, 11, VGG16), (VGG16, 8, VGG16), (VGG16, 7, VGG19), (ALEXNET, 5, ALEXNET)],
)
def test_networks_are_recognized(network: Published, convolutions: int, recognized: Published, tmp_path: Path) -> None:
    beyond = {f"features.{position}.bias": torch.zeros(512) for position in network.deeper if convolutions > 8}
    save_file(published_tensors(network, convolutions) | beyond, tmp_path / "w.safetensors")
    assert recognize(tmp_path / "w.safetensors") is recognized
    assert recognized.load(str(tmp_path / "w.safetensors")).layers[-1].startswith("relu")


def test_unknown_files_are_left_to_vgg19(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "resnet.pth")
    assert recognize(tmp_path / "resnet.pth") is recognize(tmp_path / "missing.pth") is VGG19
