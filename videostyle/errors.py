"""Everything that can go wrong by no fault of the program.

    VideostyleError            one line for the user: what was given, what was wanted, what to do next
    |-- SettingsError          a setting, preset, flag or range that makes no sense
    |-- MediaError             a clip, picture or film that cannot be read or written
    |-- WeightsError           a backbone whose weights are missing, corrupt or of another network
    |-- DeviceError            a device that is absent or too small
    |   `-- OutOfMemoryError   one batch does not fit the device
    `-- JobError               a job folder that belongs to another job, or is in use
        `-- IncompleteError    a film is wanted of frames that are not all rendered yet

The command line prints the message and exits with 2 (4 for IncompleteError); any other exception is a bug and keeps
its traceback.
"""


class VideostyleError(Exception):
    """Base of all errors that are told to the user in one line."""


class SettingsError(VideostyleError):
    """A setting, preset, flag or frame range is unknown, of the wrong type or out of its limits."""


class MediaError(VideostyleError):
    """A clip, picture or film cannot be read or written."""


class WeightsError(VideostyleError):
    """The weights of a backbone are missing, corrupt, or of another network."""


class DeviceError(VideostyleError):
    """The device asked for is absent or cannot do the work."""


class OutOfMemoryError(DeviceError):
    """A batch does not fit into the memory of the device; fewer slots may."""


class JobError(VideostyleError):
    """A job folder belongs to another job, cannot be read or written, or is in use."""


class IncompleteError(JobError):
    """A film is wanted of frames that are not all rendered yet."""
