"""The first guess of L-BFGS: a positive definite matrix that frees broad tones and spares what is held."""

import pytest
import torch
from torch import Tensor

from videostyle.paint.optimize.freedom import GAIN, LEVELS, Freedom
from videostyle.paint.optimize.lbfgs import BatchLbfgs


def stiffness(height: int, width: int) -> Tensor:
    """The left half of each picture is held."""
    stiff = torch.zeros(2, 1, height, width, dtype=torch.float64)
    stiff[..., : width // 2] = 4
    return stiff


def vectors(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("size", [(9, 6), (16, 16), (5, 21)])
def test_the_matrix_is_symmetric_and_positive_definite(size: tuple[int, int], held: bool) -> None:
    start = vectors(2, 1, *size)
    freedom = Freedom(start, stiffness(*size) if held else None)
    columns = torch.eye(start[0].numel(), dtype=torch.float64)
    for row in range(2):
        matrix = torch.stack([(freedom @ column.expand(2, -1))[row] for column in columns])
        torch.testing.assert_close(matrix, matrix.T)
        assert torch.linalg.eigvalsh(matrix).min() > (0.19 if held else 0.99)


def test_broad_tones_are_freer_than_strokes() -> None:
    start = torch.zeros(1, 3, 128, 128, dtype=torch.float64)
    freedom = Freedom(start)
    plain, stripes = torch.ones_like(start), (-1.0) ** torch.arange(128, dtype=torch.float64).expand_as(start)
    inside = (..., slice(48, 80), slice(48, 80))
    freed = [(freedom @ picture.flatten(1)).view_as(start)[inside] for picture in (plain, stripes)]
    wanted = sum(GAIN**level for level in range(LEVELS + 1))
    torch.testing.assert_close(freed[0], torch.full_like(freed[0], wanted))
    torch.testing.assert_close(freed[1], stripes[inside])


def test_pictures_are_independent_and_rows_are_kept() -> None:
    start, stiff = vectors(2, 3, 24, 20), stiffness(24, 20)
    freedom, given = Freedom(start, stiff), vectors(2, 3 * 24 * 20)
    both = freedom @ given
    assert torch.equal(both[1:], Freedom(start[1:], stiff[1:]) @ given[1:])
    freedom.keep(torch.tensor([1]))
    assert torch.equal(freedom @ given[1:], both[1:])


def test_it_speeds_up_what_it_knows() -> None:
    """A loss of the same kind: the sum of squares at full size and of means over ever larger areas."""
    start = vectors(2, 3 * 32 * 32)

    def loss_of(points: Tensor) -> Tensor:
        pictures = points.view(2, 3, 32, 32)
        slopes = pictures.diff(dim=2).square().flatten(1).sum(1) + pictures.diff(dim=3).square().flatten(1).sum(1)
        return slopes + 1e-3 * pictures.square().flatten(1).sum(1)

    losses = []
    for freedom in (None, Freedom(start.view(2, 3, 32, 32))):
        walker = BatchLbfgs(start, 5, freedom=freedom)
        for _ in range(25):
            point = walker.point.clone().requires_grad_()
            loss = loss_of(point)
            walker.advance(loss.detach(), torch.autograd.grad(loss.sum(), point)[0])
        losses.append(loss_of(walker.point))
    assert (losses[1] < 0.5 * losses[0]).all()
