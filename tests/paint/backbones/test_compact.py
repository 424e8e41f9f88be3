"""The built-in network and its file."""

import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from tests.paint.backbones.networks import pictures
from videostyle.errors import WeightsError
from videostyle.paint.backbones.compact import COMPACT_FILE, load_compact


@pytest.mark.parametrize("size", [(32, 32), (65, 97), (127, 66)])
def test_compact_takes_any_size_and_both_precisions(size: tuple[int, int]) -> None:
    net = load_compact()
    x = pictures(2, 3, *size)
    full = net(x, net.layers)
    assert all(value.isfinite().all() and value.dtype == torch.float32 for value in full.values())
    half = net.to(torch.bfloat16)(x, net.layers)
    for layer, value in half.items():
        assert value.dtype == torch.bfloat16
        error = (value.float() - full[layer]).square().mean() / full[layer].square().mean()
        assert error < 1e-3


def test_compact_is_small_quick_and_frozen() -> None:
    assert COMPACT_FILE.stat().st_size <= 2_000_000
    load_compact()
    began = time.process_time()
    net = load_compact()
    assert time.process_time() - began < 0.05
    assert not net.training
    assert not any(value.requires_grad for value in net.parameters())
    assert set(net.default_style) | set(net.default_content) <= set(net.layers)
    assert net.smallest == 32
    assert len(net.fingerprint) == 64


def test_compact_has_no_dead_or_wild_channels() -> None:
    net = load_compact()
    x = torch.cat([pictures(2, 3, 128, 128), F.interpolate(pictures(6, 3, 8, 8), size=128, mode="bicubic").clamp(0, 1)])
    for layer, value in net(x, net.layers).items():
        size = value.abs().mean((0, 2, 3))
        assert size.min() > 1e-3, layer
        assert size.max() < 30, layer


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"not a file of the compact network \(its metadata has no 'plan'"):
        load_compact(str(tmp_path / "other.safetensors"))
    metadata = {"plan": "8 a", "scales": "1", "style": "a", "style_weights": "1", "content": "a"}
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors", metadata)
    with pytest.raises(WeightsError, match="do not fit"):
        load_compact(str(tmp_path / "other.safetensors"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"plan": "16s0 a"}, "do not fit"),
        ({"plan": "99999999999999999999 a"}, "not a file of the compact network"),
        ({"plan": "8 keys"}, "not a file of the compact network"),
        ({"scales": "3"}, "scales '3': expected ascending powers of 2"),
        ({"scales": "2 1"}, "expected ascending powers of 2"),
        ({"scales": ""}, "expected ascending powers of 2"),
    ],
)
def test_files_with_nonsense_in_them_are_refused(change: dict[str, str], reason: str, tmp_path: Path) -> None:
    metadata = {"plan": "8 a", "scales": "1", "style": "a", "style_weights": "1", "content": "a"} | change
    tensors = {"convs.0.weight": torch.zeros(8, 3, 3, 3), "convs.0.bias": torch.zeros(8)}
    if "keys" in metadata["plan"]:
        tensors |= {"heads.keys.weight": torch.zeros(8, 8, 1, 1), "heads.keys.bias": torch.zeros(8)}
    save_file(tensors, tmp_path / "other.safetensors", metadata)
    with pytest.raises(WeightsError, match=reason):
        load_compact(str(tmp_path / "other.safetensors"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(value: float, tmp_path: Path) -> None:
    metadata = {"plan": "8 a", "scales": "1", "style": "a", "style_weights": "1", "content": "a"}
    tensors = {"convs.0.weight": torch.zeros(8, 3, 3, 3), "convs.0.bias": torch.full((8,), value)}
    save_file(tensors, tmp_path / "other.safetensors", metadata)
    with pytest.raises(WeightsError, match=r"damaged: convs\.0\.bias has values that are not finite"):
        load_compact(str(tmp_path / "other.safetensors"))
