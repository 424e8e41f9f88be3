import pytest

from videostyle.media.names import pattern_of


@pytest.mark.parametrize(
    ("pattern", "number", "name"),
    [
        ("f.%06d.png", 12, "f.000012.png"),
        ("beauty_####.png", 1001, "beauty_1001.png"),
        ("beauty.#.exr", 1001, "beauty.1001.exr"),
        ("####.dpx", 7, "0007.dpx"),
        ("f_%d.png", 86400, "f_86400.png"),
        ("f_%02d_v3.png", 100, "f_100_v3.png"),
    ],
)
def test_numbers_in_names(pattern: str, number: int, name: str) -> None:
    found = pattern_of(pattern)
    assert found
    assert found.name(number) == name
    assert found.number(name) == number


@pytest.mark.parametrize("name", ["f_12.png", "f_0012.exr", "e_0012.png", "f_001x.png", "f_٠٠١٢.png", "f_00012.png"])
def test_names_of_another_pattern(name: str) -> None:
    pattern = pattern_of("f_%04d.png")
    assert pattern
    assert pattern.number(name) is None


@pytest.mark.parametrize("name", ["clip.mp4", "take #3.mp4", "100%.png"])
def test_other_names(name: str) -> None:
    assert pattern_of(name) is None
