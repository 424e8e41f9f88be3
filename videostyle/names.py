"""Names of files: those that users give, and those made from them, which may be too long for the system."""

import errno
import hashlib
import os
from pathlib import Path

from videostyle.errors import SettingsError

LONGEST = 255
"""bytes of a name on the usual file systems"""
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""what looking up a path that does not exist, or goes round in circles, says"""


def usable(path: Path) -> Path:
    """The path itself, whether it exists or not. Raises SettingsError if the system cannot even look it up."""
    try:
        path.stat()
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) not in ABSENT:
            reason = getattr(error, "strerror", None) or error
            advice = "shorten the name" if getattr(error, "errno", None) == errno.ENAMETOOLONG else "use another place"
            raise SettingsError(f"{path}: cannot be used ({reason}); {advice}") from None
    return path


def shortened(name: str, ending: str) -> str:
    """A name and its ending, which is kept. If they are too long, the name's end gives way to a hash of the name."""
    room, content = LONGEST - len(os.fsencode(ending)), os.fsencode(name)
    if len(content) <= room:
        return name + ending
    mark = "~" + hashlib.sha256(content).hexdigest()[:8]
    return content[: room - len(mark)].decode(errors="ignore") + mark + ending
