"""The page: nothing from outside becomes part of it but as text."""

import dataclasses
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.report.stories import HOSTILE, SCRIPT
from videostyle.report.card import Card, Pair
from videostyle.report.page import Page

PAIR = Pair(3, "data:image/jpeg;base64,AA", "data:image/jpeg;base64,BB")
CARD = Card(
    name=HOSTILE, key="abc", state="done", text=SCRIPT, film=f"/films/{HOSTILE}.mp4", frames=10, painted=10,
    seconds=5.0, facts=((SCRIPT, HOSTILE),), changed=((SCRIPT, HOSTILE),), settings=((SCRIPT, HOSTILE),),
    command=SCRIPT, warnings=(SCRIPT, HOSTILE), strips=((PAIR,),), large=PAIR, note=HOSTILE,
)  # fmt: skip


class Reader(HTMLParser):
    """Every element and what it refers to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.links, self.text = list[str](), list[str](), ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "poster")]

    def handle_data(self, data: str) -> None:
        self.text += data


def page(*cards: Card) -> Page:
    return Page(HOSTILE, cards, 20.0, "2026-11-28 18:00", Path("/films/night"))


def test_what_comes_from_outside_is_text() -> None:
    plain = dataclasses.replace(CARD, **dict.fromkeys(("name", "text", "command", "note"), "x"))
    seen, usual = Reader(page(CARD).html()), Reader(page(plain).html())
    assert seen.tags == usual.tags
    assert SCRIPT in seen.text
    assert HOSTILE in seen.text


def test_films_are_linked_from_where_the_page_is() -> None:
    links = Reader(page(CARD).html()).links
    films = {link for link in links if not link.startswith(("data:", "#"))}
    (film,) = films
    assert unquote(film) == f"../{HOSTILE}.mp4"
    assert not set("#?\"'<> ") & set(film)


def test_plots_cannot_end_their_element() -> None:
    pytest.importorskip("bokeh")
    plotted = dataclasses.replace(CARD, plots='{"doc": "</script><script>window.hacked=1</script>&amp;"}')
    html = page(plotted).html()
    assert '{"doc": "\\u003c/script\\u003e' in html
    assert len(page(plotted, plotted).html()) - len(html) < 10_000  # the library is there once


def test_totals() -> None:
    failed = Card(name="b", key="b", state="failed", text="why")
    made = page(CARD, failed, Card(name="c", key="c", state="left"))
    assert [made.count(state) for state in ("done", "failed", "left")] == [1, 1, 1]
    part = dataclasses.replace(CARD, frames=0, painted=30)
    assert (made.frames, made.painted, made.speed) == (10, 10, "0.5")
    assert (page(CARD, part).frames, page(CARD, part).painted, page(CARD, part).speed) == (10, 40, "2")
    assert ["film frames" in made.html(), "<dt>painted</dt><dd>10</dd>" in made.html()] == [True, True]
    assert page(failed).speed == "-"
    assert len(made.html()) < 30_000  # without the library, as there is nothing to draw
