import ast
import os
from pathlib import Path

import av.logging
import pytest

import videostyle
from videostyle.media.ffmpeg import log_level, silence_encoders


def test_the_log_level_holds_inside_the_block_only() -> None:
    before = av.logging.get_level()
    with log_level(av.logging.INFO):
        assert av.logging.get_level() == av.logging.INFO
    assert av.logging.get_level() == before

    def fail() -> None:
        with log_level(av.logging.DEBUG):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert av.logging.get_level() == before


def test_encoders_are_silenced_unless_the_user_has_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SVT_LOG", raising=False)
    silence_encoders()
    assert os.environ["SVT_LOG"] == "0"
    monkeypatch.setenv("SVT_LOG", "3")
    silence_encoders()
    assert os.environ["SVT_LOG"] == "3"


def test_no_other_module_changes_the_log_level() -> None:
    folder = Path(videostyle.__file__).parent
    for path in folder.rglob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert "set_level" not in names or path == folder / "media/ffmpeg.py", path
