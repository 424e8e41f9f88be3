"""What the page shows of one clip: plain values."""

import json
from dataclasses import asdict, dataclass

Rows = tuple[tuple[str, str], ...]
"""names and values, to be read one below the other"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A frame of the clip and the same frame of the film, as data URIs."""

    frame: int
    clip: str
    film: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One clip, ready to be shown."""

    name: str
    """of the clip"""
    key: str
    """different for each film; hex digits"""
    state: str
    """``done``, ``failed``, or ``left``"""
    text: str = ""
    """why it failed or was left"""
    film: str = ""
    """absolute path of the film, if it is there"""
    frames: int = 0
    """of the film"""
    painted: int = 0
    """frames that were painted, not those that repeat others"""
    seconds: float = 0.0
    """of painting and writing"""
    facts: Rows = ()
    changed: Rows = ()
    """settings that differ from the preset"""
    settings: Rows = ()
    command: str = ""
    """for a shell"""
    warnings: tuple[str, ...] = ()
    strips: tuple[tuple[Pair, ...], ...] = ()
    large: Pair | None = None
    tall: bool = False
    """whether the film is taller than wide"""
    plots: str = ""
    """JSON, see ``plots.drawn``; empty: nothing to draw"""
    note: str = ""
    """how the curves were measured"""

    @property
    def plays(self) -> bool:
        """Whether the film is a file, not pictures in a folder."""
        return bool(self.film) and self.film.lower().endswith((".mp4", ".m4v", ".mov", ".webm", ".mkv"))

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Card":
        """The card that ``to_json`` wrote. Raises ValueError, TypeError, or KeyError for anything else."""
        stored = json.loads(text)
        for name in ("facts", "changed", "settings"):
            stored[name] = tuple((key, value) for key, value in stored[name])
        stored["strips"] = tuple(tuple(Pair(**pair) for pair in strip) for strip in stored["strips"])
        stored["large"] = Pair(**stored["large"]) if stored["large"] else None
        return cls(**stored | {"warnings": tuple(stored["warnings"])})
