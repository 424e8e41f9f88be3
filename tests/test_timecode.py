"""Timecodes, against counting frame by frame."""

from fractions import Fraction

import pytest

from videostyle.errors import SettingsError
from videostyle.timecode import Timecode, read_rate

NTSC = Fraction(30000, 1001)


def counted(nominal: int, minutes: int) -> list[str]:
    """Drop-frame timecodes in order, by the rule: no ;00 and ;01 at the start of a minute, except every tenth."""
    lost = nominal // 15
    return [
        f"00:{minute:02}:{second:02};{frame:02}"
        for minute in range(minutes)
        for second in range(60)
        for frame in range(nominal)
        if not (minute % 10 and second == 0 and frame < lost)
    ]


@pytest.mark.parametrize("rate", [NTSC, Fraction(60000, 1001)])
def test_drop_frame_counts_every_frame_once(rate: Fraction) -> None:
    for count, text in enumerate(counted(round(rate), 23)):
        made = Timecode(count, round(rate), drop=True)
        assert str(made) == text
        assert Timecode.parse(text, rate) == made


def test_an_hour_of_drop_frame_is_an_hour() -> None:
    assert Timecode.parse("01:00:00;00", NTSC).count == 107892
    assert str(Timecode.parse("00:59:59;29", NTSC) + 1) == "01:00:00;00"


@pytest.mark.parametrize(
    ("text", "rate", "count"),
    [
        ("00:00:05:00", Fraction(24), 120),
        ("00:00:05:00", Fraction(24000, 1001), 120),
        ("01:00:00:12", Fraction(25), 90012),
        ("00:01:00:00", NTSC, 1800),
    ],
)
def test_timecodes_without_dropped_numbers(text: str, rate: Fraction, count: int) -> None:
    made = Timecode.parse(text, rate)
    assert (made.count, made.drop, str(made)) == (count, False, text)


@pytest.mark.parametrize(
    ("text", "rate", "message"),
    [
        ("5", Fraction(24), "HH:MM:SS:FF"),
        ("00:00:05:24", Fraction(24), "0 to 23"),
        ("00:60:05:00", Fraction(24), "no such"),
        ("00:00:05;00", Fraction(25), "29.97"),
        ("00:00:05;00", Fraction(30), "29.97"),
        ("00:01:00;01", NTSC, "00:01:00;02"),
    ],
)
def test_invalid_timecodes(text: str, rate: Fraction, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Timecode.parse(text, rate)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("25", Fraction(25)),
        ("12.5", Fraction(25, 2)),
        ("24000/1001", Fraction(24000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        ("29.97", NTSC),
        ("59.94", Fraction(60000, 1001)),
        ("30", Fraction(30)),
    ],
)
def test_rates(text: str, rate: Fraction) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", ["0", "-5", "fast", "25/0", "9999", "1e3", "24:1"])
def test_invalid_rates(text: str) -> None:
    with pytest.raises(SettingsError, match="--fps"):
        read_rate(text)
