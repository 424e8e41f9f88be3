"""Cards -> one HTML file that needs nothing else, neither from the disk nor from the net, but the films it plays."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from videostyle import __version__
from videostyle.report import plots
from videostyle.report.card import Card
from videostyle.words import counted, span


@dataclass(frozen=True, slots=True)
class Page:
    """All that the page shows."""

    title: str
    cards: tuple[Card, ...]
    seconds: float
    """wall time of all runs"""
    written: str
    """UTC, when the page was written"""
    folder: Path
    """of the page, absolute: films are linked from there"""

    def count(self, state: str) -> int:
        """How many clips are in a state."""
        return sum(card.state == state for card in self.cards)

    @property
    def frames(self) -> int:
        """Frames of all finished films."""
        return sum(card.frames for card in self.cards)

    @property
    def painted(self) -> int:
        """Frames painted by all runs, also of films that are not finished, and before a range."""
        return sum(card.painted for card in self.cards)

    @property
    def speed(self) -> str:
        """Frames painted per second; a dash if that is not known."""
        return f"{self.painted / self.seconds:.3g}" if self.painted and self.seconds else "-"

    def html(self) -> str:
        """The page. Raises SettingsError if the library that draws the plots is not installed."""
        pages = Environment(
            loader=PackageLoader("videostyle.report", "template"),
            autoescape=True,  # names come from outside
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        pages.filters |= {"span": span, "counted": counted, "link": self._link, "inside": _inside_script}
        code = Markup(plots.script()) if any(card.plots for card in self.cards) else ""
        return pages.get_template("page.html").render(page=self, version=__version__, bokeh=code)

    def _link(self, path: str) -> str:
        """A relative URL to a file."""
        try:
            return quote(Path(os.path.relpath(path, self.folder)).as_posix())
        except ValueError:  # on another drive
            return Path(path).as_uri()


def _inside_script(text: str) -> Markup:
    """JSON as it may stand in a script element, which it cannot end."""
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
