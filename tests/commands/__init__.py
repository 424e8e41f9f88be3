"""The command line called inside the tests' process."""

import sys

import pytest

from videostyle import cli

FEW = [
    "--backbone",
    "compact",
    "--device",
    "cpu",
    "--set",
    "optimize.iterations=2",
    "--set",
    "optimize.first_iterations=3",
]


def videostyle(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["videostyle", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    return int(exit_.value.code or 0)
