"""Numbers and durations as people say them."""

import pytest

from videostyle.words import counted, span


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (720, "12 min"), (5400, "1.5 h"), (12600, "3.5 h")]
)
def test_spans_as_people_say_them(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 frames"), (1, "1 frame"), (2, "2 frames")])
def test_counts_agree_with_their_nouns(count: int, text: str) -> None:
    assert counted(count, "frame") == text
