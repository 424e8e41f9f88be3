"""Everything that can go wrong without a bug in the program.

    VideostyleError            one line for the user: what was given, what was wanted, what to type next
    |-- SettingsError          a setting, preset, flag or range that is not valid
    |-- MediaError             a clip, picture or film that cannot be read or written
    |-- WeightsError           backbone weights that are missing, corrupt or from another network
    |-- DeviceError            a device that is not available or cannot do the work
    |   `-- OutOfMemoryError   a batch that does not fit in the device's memory
    `-- JobError               a job folder that belongs to another job, or is in use
        `-- IncompleteError    a film with frames that have not been rendered yet

The command line prints the message and exits with 2 (4 for IncompleteError). Any other exception is a bug and keeps
its traceback. All of these errors can be pickled, so that they can cross process boundaries.
"""


class VideostyleError(Exception):
    """Base class of all errors that the user sees."""


class SettingsError(VideostyleError):
    """A setting, preset, flag or frame range is unknown, of the wrong type or outside its limits."""


class MediaError(VideostyleError):
    """A clip, picture or film cannot be read or written."""


class WeightsError(VideostyleError):
    """The weights of a backbone are missing, corrupt or from another network."""


class DeviceError(VideostyleError):
    """The requested device is not available or cannot do the work."""


class OutOfMemoryError(DeviceError):
    """A batch does not fit in the device's memory; a smaller one may."""

    frames: int
    """frames in the batch; 0: unknown"""
    size: tuple[int, int]
    """width and height of each, px"""

    def __init__(self, message: str, frames: int = 0, size: tuple[int, int] = (0, 0)) -> None:
        super().__init__(message)
        self.frames, self.size = frames, size


class JobError(VideostyleError):
    """A job folder belongs to another job, cannot be read or written, or is in use."""


class IncompleteError(JobError):
    """Some frames of a film have not been rendered yet."""

    missing: tuple[int, ...]
    """source frame numbers, ascending"""

    def __init__(self, message: str, missing: tuple[int, ...] = ()) -> None:  # pickle passes only the message
        super().__init__(message)
        self.missing = missing
