"""A few kills: every film is the same."""

import os
import random
import subprocess
import sys
from pathlib import Path

import kill_test
import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the script needs fork")


@pytest.mark.slow
def test_a_few_kills_change_nothing(tmp_path: Path) -> None:
    command = [sys.executable, kill_test.__file__, "4", "--keep", str(tmp_path)]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "every film is the same" in made.stdout
    assert "left over" not in made.stdout


def test_the_file_written_last_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    for number, name in enumerate(("plan.json", "frames/000001.png")):
        (tmp_path / name).write_bytes(b"0123456789")
        os.utime(tmp_path / name, (number, number))
    assert kill_test.cut_last(tmp_path, random.Random(0)) == "frames"
    assert len((tmp_path / "frames/000001.png").read_bytes()) < 10
    assert (tmp_path / "plan.json").read_bytes() == b"0123456789"
    assert kill_test.cut_last(tmp_path / "missing", random.Random(0)) == ""
