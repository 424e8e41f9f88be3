"""Process-wide settings of FFmpeg and its encoders, all in one place."""

import os


def silence_encoders() -> None:
    """Keep libsvtav1 from writing to stderr. It reads only this variable, so this is the one place that sets one."""
    os.environ.setdefault("SVT_LOG", "0")
