import os

import pytest

from videostyle.media.ffmpeg import silence_encoders


def test_encoders_are_silenced_unless_the_user_has_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SVT_LOG", raising=False)
    silence_encoders()
    assert os.environ["SVT_LOG"] == "0"
    monkeypatch.setenv("SVT_LOG", "3")
    silence_encoders()
    assert os.environ["SVT_LOG"] == "3"
