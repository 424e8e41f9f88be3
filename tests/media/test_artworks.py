import numpy as np
import pytest

from videostyle.media.artworks import opaque_parts, remarks


def texture(size: int = 200) -> np.ndarray:
    """Strokes (H, W, 3) that look alike everywhere."""
    rng = np.random.default_rng(4)
    rough = np.kron(rng.random((size // 4, size // 8, 3)), np.ones((4, 8, 1)))
    return (40 + 150 * rough).astype(np.uint8)


def statistics(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Means and covariances of colors and of differences between neighbors, where both are opaque."""
    values = picture.astype(float)
    both = where[:-1, :-1] & where[1:, :-1] & where[:-1, 1:]
    parts = [values[:-1, :-1], np.abs(values[1:, :-1] - values[:-1, :-1]), np.abs(values[:-1, 1:] - values[:-1, :-1])]
    samples = np.concatenate(parts, axis=2)[both]
    return np.concatenate([samples.mean(0), np.sqrt(np.abs(np.cov(samples.T))).ravel()])


def disk(size: int) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size / 2 + 0.5
    return y**2 + x**2 < (size / 2 - 2) ** 2


def ring(size: int) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size / 2 + 0.5
    return disk(size) & (y**2 + x**2 > (size / 5) ** 2)


def islands(size: int) -> np.ndarray:
    solid = np.zeros((size, size), bool)
    solid[: size // 3, : size // 3] = solid[-size // 3 :, -size // 3 :] = True
    return solid


@pytest.mark.parametrize("shape", [disk, ring, islands])
def test_only_opaque_parts_count(shape: object) -> None:
    drawn, solid = texture(), shape(200)  # type: ignore[operator]
    rgba = np.dstack([np.where(solid[..., None], drawn, 255), np.where(solid, 255, 0)]).astype(np.uint8)
    filled = opaque_parts(rgba)
    assert filled is not None
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    inside = solid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert filled.shape == (*inside.shape, 3)
    assert np.array_equal(filled[inside], drawn[solid]), "opaque pixels stay as they are"
    wanted = statistics(drawn, solid)
    made = statistics(filled, np.ones(filled.shape[:2], bool))
    white = statistics(rgba[..., :3], np.ones((200, 200), bool))
    assert np.abs(made - wanted).max() < 8
    assert np.abs(white - wanted).max() > 25, "as on white paper"


def test_transparent_borders_are_cut_off() -> None:
    drawn = texture(80)
    rgba = np.zeros((120, 140, 4), np.uint8)
    rgba[10:90, 30:110] = np.dstack([drawn, np.full((80, 80), 255, np.uint8)])
    assert np.array_equal(opaque_parts(rgba), drawn)
    assert opaque_parts(np.zeros((5, 5, 4), np.uint8)) is None


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_remarks(kind: type) -> None:
    top = np.iinfo(kind).max
    drawn = texture().astype(kind) * (top // 255)
    assert list(remarks("a.png", drawn)) == []
    assert "only 200x63 px" in next(iter(remarks("a.png", drawn[:63])))
    assert list(remarks("a.png", drawn[:64, :64])) == []
    plain = np.full((80, 80, 3), top // 3, kind)
    plain[:2] += top // 90  # the noise of a camera
    plain[0, 0] = top
    assert "of one color" in next(iter(remarks("a.png", plain)))
    plain[20:40, 20:40] = top // 2
    assert list(remarks("a.png", plain)) == []
