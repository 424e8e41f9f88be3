"""A log -> the page, written whole or not at all; what was found out about finished films is kept for the next time."""

import hashlib
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from videostyle import __version__
from videostyle.errors import MediaError, SettingsError
from videostyle.media.files import whole_or_nothing
from videostyle.rendering.store.log import BATCH, JOB
from videostyle.report.card import Card
from videostyle.report.gather import gather, key_of, located
from videostyle.report.log import DONE, ClipLog, read_night
from videostyle.report.page import Page

KEPT = ".report"
"""folder next to the log: a finished film's card, so that the page of a batch is not measured anew after every clip"""
PAGES = (".html", ".htm")


def write_report(path: Path, output: Path | None = None) -> Path:
    """Write the page of a job or a batch. Returns its path.

    path: a job folder, a batch folder, or a log. output: None: ``report.html`` next to the log. Raises JobError if
    there is no log, SettingsError if a library is not installed or the output is no page, MediaError if it cannot be
    written.
    """
    if output and output.suffix.lower() not in PAGES:
        raise SettingsError(f"{output}: a report is a page; use a name with {' or '.join(PAGES)}")
    log, night = read_night(path)
    page = (output or log.with_name("report.html")).absolute()
    cards = tuple(_card(clip, log.parent) for clip in night.clips)
    seconds = night.seconds or sum(card.seconds for card in cards)
    title = log.absolute().parent.name if log.name.endswith((JOB, BATCH)) else log.name
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    html = Page(title, cards, seconds, written, page.parent).html()
    with whole_or_nothing(page, "choose another place with -o", "the report cannot be written") as temporary:
        temporary.write_text(html, encoding="utf-8")
    return page


def _card(clip: ClipLog, folder: Path) -> Card:
    """A clip's card, from the one that is kept if its film has not changed since then."""
    if clip.state != DONE:
        return gather(clip, folder)
    kept, mark = folder / KEPT / f"{key_of(clip)}.json", _mark(clip, located(clip.output, folder))
    with suppress(OSError, ValueError, TypeError, KeyError):
        stored, _, card = kept.read_text(encoding="utf-8").partition("\n")
        if stored == mark:
            return Card.from_json(card)
    made = gather(clip, folder)
    with suppress(OSError, MediaError):  # next time it is measured again
        kept.parent.mkdir(exist_ok=True)
        with whole_or_nothing(kept) as temporary:
            temporary.write_text(f"{mark}\n{made.to_json()}", encoding="utf-8")
    return made


def _mark(clip: ClipLog, film: Path) -> str:
    """What a kept card must match: changes with the log, the film, and the program."""
    there = film.stat() if film.exists() else None
    stamp = (there.st_size, there.st_mtime_ns) if there else None
    known = [__version__, str(film), stamp, clip.begun, clip.ended, len(clip.frames), clip.notices]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()
