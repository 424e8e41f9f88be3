"""What runs in a worker process."""

import pickle
import subprocess
import sys

from videostyle.errors import OutOfMemoryError
from videostyle.rendering.workers.serve import portable


class Awkward(Exception):
    """Cannot be unpickled."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_errors_for_the_user_stay_as_they_are() -> None:
    error = pickle.loads(pickle.dumps(portable(raised(OutOfMemoryError("full", 2, (80, 64))))))
    assert (str(error), error.frames, error.size) == ("full", 2, (80, 64))
    assert not hasattr(error, "__notes__")


def test_bugs_say_where_they_were_raised() -> None:
    error = pickle.loads(pickle.dumps(portable(raised(ZeroDivisionError("by zero")))))
    assert isinstance(error, ZeroDivisionError)
    assert "in a worker" in error.__notes__[0]
    assert "test_serve.py" in error.__notes__[0]


def test_bugs_that_do_not_pickle_become_some_that_do() -> None:
    error = pickle.loads(pickle.dumps(portable(raised(Awkward(1, 2)))))
    assert (type(error), str(error)) == (RuntimeError, "Awkward: 1 and 2")
    assert "test_serve.py" in error.__notes__[0]


def test_it_ends_when_there_is_nothing_more_to_do_and_prints_nothing() -> None:
    code = "from videostyle.rendering.workers.serve import main; main()"
    made = subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert (made.returncode, made.stdout, made.stderr) == (0, b"", b"")
