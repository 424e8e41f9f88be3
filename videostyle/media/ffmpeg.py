"""Process-wide switches of FFmpeg and its encoders, which only this module changes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import av.logging


@contextmanager
def log_level(level: int) -> Iterator[None]:
    """Set FFmpeg's log level, one of ``av.logging``, inside a ``with`` block; restore the old level afterward."""
    before = av.logging.get_level()
    av.logging.set_level(level)
    try:
        yield
    finally:
        av.logging.set_level(before)


def silence_encoders() -> None:
    """Keep libsvtav1 from printing, unless the user has set ``SVT_LOG``.

    This is the only place where the package changes the environment: libsvtav1 has no other switch.
    """
    os.environ.setdefault("SVT_LOG", "0")
