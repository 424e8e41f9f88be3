"""SMPTE timecode: 01:00:05:12, or 01:00:05;12 if frame numbers are dropped to match the clock."""

import re
from dataclasses import dataclass
from fractions import Fraction

from videostyle.errors import SettingsError

DROPPED = 2
"""frame numbers dropped per minute at 30 frames per second, except in every tenth minute (SMPTE ST 12-1)"""


def read_rate(text: str) -> Fraction:
    """Read frames per second as users write them: ``25`` or ``30000/1001``; 23.976 means 24000/1001, and so on.

    Raises SettingsError for any other text.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)(?:/(\d+))?\s*", text)
    rate = Fraction(match[1]) / int(match[2] or 1) if match and match[2] != "0" else Fraction(0)
    if not 0 < rate <= 1000:
        raise SettingsError(f"--fps {text}: not a frame rate; use one such as 25, 23.976 or 30000/1001")
    ntsc = Fraction(round(rate * 1001 / 1000) * 1000, 1001)
    return ntsc if rate.denominator != 1 and abs(rate - ntsc) < Fraction(1, 200) else rate


@dataclass(frozen=True, slots=True)
class Timecode:
    """A timecode, stored as the number of frames since 00:00:00:00."""

    count: int
    nominal: int
    """whole frames per second that the timecode counts: 24 for 23.976"""
    drop: bool = False
    """drop-frame, written with ``;``: for 29.97 and 59.94 frames per second"""

    @classmethod
    def parse(cls, text: str, rate: Fraction) -> "Timecode":
        """Read ``HH:MM:SS:FF``, or ``HH:MM:SS;FF`` for drop-frame. Raises SettingsError if invalid at the rate."""
        match = re.fullmatch(r"(\d{1,2}):(\d\d):(\d\d)([:;.])(\d\d)", text.strip())
        if not match:
            raise SettingsError(f"{text}: not a timecode; use HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame")
        hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
        nominal, drop = round(rate), match[4] != ":"
        if drop and (nominal % 30 or rate == nominal):
            raise SettingsError(
                f"{text}: drop-frame is for 29.97 and 59.94 frames per second, not {float(rate):g}; use :"
            )
        if minutes > 59 or seconds > 59 or frames >= nominal:
            raise SettingsError(
                f"{text}: no such timecode at {nominal} frames per second; frames go from 0 to {nominal - 1}"
            )
        lost = DROPPED * nominal // 30
        if drop and minutes % 10 and not seconds and frames < lost:
            raise SettingsError(f"{text}: drop-frame skips this number; the next one is {text[:-2]}{lost:02}")
        count = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames
        elapsed = hours * 60 + minutes
        return cls(count - (lost * (elapsed - elapsed // 10) if drop else 0), nominal, drop)

    def __add__(self, frames: int) -> "Timecode":
        return Timecode(self.count + frames, self.nominal, self.drop)

    def __str__(self) -> str:
        count = self.count
        if self.drop:
            lost = DROPPED * self.nominal // 30
            tens, rest = divmod(count, 10 * (60 * self.nominal - lost) + lost)  # every tenth minute drops none
            count += 9 * lost * tens + lost * max(0, (rest - lost) // (60 * self.nominal - lost))
        seconds, frames = divmod(count, self.nominal)
        minutes, seconds = divmod(seconds, 60)
        return f"{minutes // 60 % 24:02}:{minutes % 60:02}:{seconds:02}{';' if self.drop else ':'}{frames:02}"
