"""The simulated farm against the schedule."""

import json
import sys
from pathlib import Path

import pytest
from simulate_farm import Farm, curve, main, shots, simulate

from videostyle.rendering.workers.schedule import ends

STEADY = Farm(jitter=0, starts=0, losses=0)


def test_a_film_has_shots_of_many_lengths() -> None:
    lengths = shots(0.1)
    assert sum(lengths) == 8640
    assert min(lengths[:-1]) >= 8
    assert max(lengths) > 3 * min(lengths)
    assert lengths == shots(0.1)


@pytest.mark.parametrize("workers", [1, 3, 1000])
def test_a_steady_farm_takes_what_the_schedule_says(workers: int) -> None:
    lengths = shots(0.1)
    seconds, busy = simulate(lengths, 20, 2, workers, 6, STEADY)
    assert seconds == pytest.approx(max(ends([20 + 2 * (length - 1) for length in lengths], workers, 6)))
    assert busy == pytest.approx(
        sum(20 + 2 * (length - 1) for length in lengths) / seconds / min(workers, len(lengths))
    )


def test_a_farm_with_faults_takes_little_longer() -> None:
    for row in curve(shots(0.5), 20, 2, 6, Farm()):
        assert row["planned_hours"] * 0.8 < row["simulated_hours"] < row["planned_hours"] * 1.25
    lengths = shots(0.1)
    assert simulate(lengths, 20, 2, 4, 6, Farm(losses=5))[0] > simulate(lengths, 20, 2, 4, 6, Farm(losses=0))[0]


def test_the_script_prints_the_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["simulate_farm", "--hours", "0.05", "--json", str(tmp_path / "curve.json")])
    main()
    assert "times faster" in capsys.readouterr().out
    assert [row["workers"] for row in json.loads((tmp_path / "curve.json").read_text())][-1] == 1000
