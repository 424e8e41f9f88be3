"""The benchmark of workers, small."""

import json
import sys
from pathlib import Path

import pytest
from bench_workers import main


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_it_measures_speed_and_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--size", "64", "80", "--frames", "8", "--workers", "1,2", "--set", "optimize.iterations=0"]
    monkeypatch.setattr(sys, "argv", ["bench_workers", *options, "--json", str(tmp_path / "figures.json")])
    main()
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert list(figures) == ["workers 1", "workers 2"]
    assert all(value > 0 for values in figures.values() for value in values.values())
    assert "frames_per_second" in capsys.readouterr().out
