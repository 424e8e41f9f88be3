"""A short film of what is finished, made from a job folder while others render into it."""

from pathlib import Path

from videostyle.errors import IncompleteError, JobError, VideostyleError
from videostyle.events import FilmDone, OnEvent, ignore
from videostyle.media.read.probe import probe
from videostyle.rendering.film.film import assemble, stored_film
from videostyle.rendering.store.store import Store

PLAIN = {"brush.amount": 0.0, "film.sound": False}
"""the brush pass takes long, and what it carries belongs to the film; sound may not fit into the container"""


def peek(
    folder: Path,
    output: Path | None = None,
    frames: str = "",
    clip: Path | None = None,
    on_event: OnEvent = ignore,
    *,
    overwrite: bool = False,
) -> FilmDone:
    """Make a film of finished frames, enlarged only and without sound; changes nothing in the job but that film.

    output: None: ``peek.mp4`` in the folder, which is replaced. frames: as for ``select``; empty: the first stretch
    that is finished. clip: where it is now; None: not moved. Raises JobError if the folder holds no job or is deleted
    in the meantime, IncompleteError if no frame, or not all of those asked for, is finished.
    """
    film = output or folder / "peek.mp4"
    try:
        frames = frames or first_stretch(folder, clip)
        return assemble(stored_film(folder, film, frames, PLAIN, clip, overwrite or output is None), on_event)
    except VideostyleError:  # a frame, or the film that was being written there, may be what is gone first
        if folder.exists():
            raise
        raise JobError(f"{folder}: there is no such folder, or no longer; play the finished film instead") from None


def first_stretch(folder: Path, clip: Path | None = None) -> str:
    """The first frames of a job that are finished without a gap, ``A:B``.

    Raises JobError if the folder holds no job, IncompleteError if no frame is finished.
    """
    store = Store(folder)
    record = store.record()
    total = probe(clip or record.clip, record.stream, record.rate).num_frames
    start = next((frame for frame in range(total) if store.has(frame)), None)
    if start is None:
        raise IncompleteError(f"{folder}: no frame is finished yet; try again later")
    stop = next((frame for frame in range(start, total) if not store.has(frame)), total)
    return f"{start}:{stop}"
