import pickle

import pytest

from videostyle import errors

CLASSES = [value for value in vars(errors).values() if isinstance(value, type)]


def test_every_error_is_in_the_drawn_tree() -> None:
    assert len(CLASSES) == 8
    for error in CLASSES:
        assert issubclass(error, errors.VideostyleError)
        assert error.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("error", CLASSES)
def test_errors_can_be_pickled(error: type[errors.VideostyleError]) -> None:
    facts = {errors.IncompleteError: {"missing": (3, 4, 9)}, errors.OutOfMemoryError: {"frames": 4, "size": (640, 360)}}
    fields = facts.get(error, {})
    copied = pickle.loads(pickle.dumps(error("clip.mov: the file is empty; use a video file", **fields)))
    assert type(copied) is error
    assert str(copied) == "clip.mov: the file is empty; use a video file"
    assert vars(copied) == fields
