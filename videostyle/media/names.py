"""Names of numbered pictures: ``f_%06d.png`` or ``f_####.exr``."""

import re
from dataclasses import dataclass
from pathlib import Path

PLACEHOLDER = re.compile(r"%(?:0(\d+))?d|(#+)")
SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".tga", ".exr", ".dpx"}
"""extensions of pictures that can be read"""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A file name with a number in it."""

    before: str
    digits: int
    """least digits of the number, which may have more"""
    after: str

    def name(self, number: int) -> str:
        """The file name of a number."""
        return f"{self.before}{number:0{self.digits}d}{self.after}"

    def number(self, name: str) -> int | None:
        """The number in a file name; None if the pattern does not produce the name."""
        digits = name.removeprefix(self.before).removesuffix(self.after)
        return int(digits) if digits.isdecimal() and name == self.name(int(digits)) else None


def pattern_of(name: str) -> Pattern | None:
    """The pattern in a file name; None if there is none. ``#`` counts only in names of pictures."""
    found = PLACEHOLDER.search(name)
    if not found or (found[2] and Path(name).suffix.lower() not in SUFFIXES):
        return None
    return Pattern(name[: found.start()], int(found[1] or 1) if not found[2] else len(found[2]), name[found.end() :])
