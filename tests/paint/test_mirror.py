import pytest
import torch

from videostyle.paint.mirror import Mirror, mirrored


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("height", "width", "margin"), [(2, 2, 1), (2, 9, 1), (5, 6, 4), (12, 7, 3), (16, 16, 1)])
def test_mirror_equals_reflection_padding_forward_and_backward(
    height: int, width: int, margin: int, layout: torch.memory_format
) -> None:
    values = torch.randn(2, 3, height, width, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    expected, padded = mirrored(values, margin), Mirror.apply(values, margin)
    assert torch.equal(padded, expected)
    assert padded.is_contiguous(memory_format=layout)
    gradient = torch.randn_like(expected)
    (back,) = torch.autograd.grad(padded, values, gradient)
    (expected_back,) = torch.autograd.grad(expected, values, gradient)
    torch.testing.assert_close(back, expected_back)
    assert back.is_contiguous(memory_format=layout)


def test_mirror_saves_no_tensors_for_the_backward_pass() -> None:
    saved: list[torch.Tensor] = []

    def save(tensor: torch.Tensor) -> torch.Tensor:
        saved.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(save, lambda tensor: tensor):
        Mirror.apply(torch.randn(1, 3, 8, 8, requires_grad=True), 1)
    assert not saved


def test_half_precision_stays_half() -> None:
    assert Mirror.apply(torch.ones(1, 3, 8, 8, dtype=torch.bfloat16), 1).dtype is torch.bfloat16


@pytest.mark.gpu
def test_a_gpu_computes_the_same_bits_every_time() -> None:
    values = torch.randn(4, 64, 99, 120, device="cuda", dtype=torch.bfloat16, requires_grad=True)
    padded = mirrored(values, 1)
    gradient = torch.randn_like(padded)
    first, second = (torch.autograd.grad(padded, values, gradient, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)
