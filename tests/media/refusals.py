"""What every error about a file that cannot be read has in common."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from videostyle.errors import MediaError


def refusal_of(read: Callable[[Path], object], path: Path, advice: str) -> str:
    """The error message for a file; always one line that names the file and ends with advice (a pattern)."""
    with pytest.raises(MediaError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    assert re.search(advice, message)
    return message
