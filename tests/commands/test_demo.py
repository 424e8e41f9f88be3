import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from videostyle.cli import app
from videostyle.rendering.request import Request


@pytest.mark.parametrize("flags", [[], ["--device", "cpu"]])
def test_the_printed_command_paints_the_same_film(
    flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requests: list[Request] = []
    for module in ("demo", "render"):
        monkeypatch.setattr(f"videostyle.commands.{module}.render", lambda request, *_: requests.append(request))
    monkeypatch.setattr("videostyle.rendering.look.showcase.make_sheet", lambda *_: None)
    app(["demo", str(tmp_path / "a folder"), *flags], standalone_mode=False)
    command = capsys.readouterr().out.partition("now painting: ")[2].splitlines()[0]
    program, *arguments = shlex.split(command)
    assert program == "videostyle"
    app(arguments, standalone_mode=False)
    demo, typed = ({item.name: getattr(request, item.name) for item in fields(request)} for request in requests)
    assert typed == demo
