"""The check for GPUs at toy sizes on the CPU, and parts that fail."""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gpu_check
import gpu_parts
import numpy as np
import pytest
from gpu_check import HERE, LIMITS, Outcome, Part, check, real_parts, run
from gpu_parts import PARTS, flops_per_iteration
from workload import TOY, Workload, backbone_of, difference, vgg16, view

FIELDS = {"limit", "ok", "seconds", "figures", "error", "traceback"}
CASES = {
    "environment": {"software", "hardware"},
    "tests": {"pytest"},
    "speed": {f"product {precision}" for precision in ("bfloat16", "float32")}
    | {f"{network} 32p {precision}" for network in ("compact", "vgg16") for precision in ("bfloat16", "float32")},
    "law": {"one frame float32", "jobs float32"},
    "slots": {f"compact 32p x{count}" for count in (1, 2, 4, 8)},
    "full_memory": {"halved slots"},
    "whole_job": {"clip to film"},
    "memory": {"compact 32p bfloat16", "compact 32p float32"},
}


def started(*options: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(HERE / "gpu_check.py"), *options, "--out", str(folder)]
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(command, capture_output=True, text=True, env=hidden, cwd=folder)


def report(folder: Path) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((folder / "gpu_check.json").read_text())
    return stored


def at_toy_size(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """What a part measures, in this process; the law's has a child, whose start would leave another process here."""
    outcome = Outcome(LIMITS[name])
    if name == "law":
        run(next(part for part in real_parts(toy=True) if part.name == name), outcome)
        return outcome
    results = folder / "results"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(gpu_parts, "REPEATS", 1)
    monkeypatch.setattr(sys, "argv", ["gpu_parts.py", "--toy", name, str(results)])
    gpu_parts.main()
    assert gpu_check._collect(results.read_text(), outcome) == ""
    return outcome


@pytest.mark.parametrize("name", LIMITS)
def test_every_part_measures_finite_figures_at_toy_size(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = at_toy_size(name, tmp_path, monkeypatch)
    assert outcome.ok, outcome.error + outcome.traceback
    assert outcome.figures.keys() == CASES[name]
    for figures in outcome.figures.values():
        assert len(figures) > 1
        assert all(math.isfinite(value) for value in figures.values() if not isinstance(value, str))
    if name == "law":
        assert all(value for case in outcome.figures.values() for key, value in case.items() if "identical" in key)
        assert 0 < outcome.figures["jobs float32"]["killed_after"] < 16
    elif name == "full_memory":
        assert "continuing with 1" in outcome.figures["halved slots"]["notices"]
    elif name == "whole_job":
        job = outcome.figures["clip to film"]
        assert (job["frames"], job["scenes"], job["batches"]) == (32, 4, 8)
        waits = [seconds for key, seconds in job.items() if key.startswith("wait_")]
        assert job["painting"] + sum(waits) == pytest.approx(job["total"], rel=0.02)


@pytest.mark.slow
def test_the_command_runs_every_part_in_a_process_of_its_own(tmp_path: Path) -> None:
    ended = started("--toy", folder=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    stored = report(tmp_path)
    assert stored["toy"]
    assert list(stored["parts"]) == list(LIMITS)
    for name, part in stored["parts"].items():
        assert part.keys() == FIELDS
        assert part["ok"]
        assert not part["error"]
        assert part["figures"].keys() == CASES[name]
        assert f"{name}: ok" in ended.stdout


def test_without_a_gpu_one_line_explains_what_to_do(tmp_path: Path) -> None:
    ended = started(folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "no CUDA device found; use a machine with a GPU, or --toy\n"
    assert not list(tmp_path.iterdir())


def test_a_part_that_fails_does_not_affect_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin = "import json, os, sys, time; results = open(sys.argv[-1], 'a')\n"
    put = "def put(**line): print(json.dumps(line), file=results, flush=True)\n"
    half = begin + put + "put(case='a'); put(case='a', figures={'seconds': 1.0, 'x': 2.0}); put(case='b')\n"
    child = "import subprocess; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    parts = [
        Part("hangs", 5, ("-c", half + child + "time.sleep(60)")),
        Part("crashes", 5, ("-c", half + "os.kill(os.getpid(), 11)")),
        Part("raises", 5, ("-c", half + "raise ValueError('no such thing')")),
        Part("one case fails", 5, ("-c", half + "put(case='b', error='OSError: full', traceback='line 3')")),
        *(part for part in real_parts(toy=True) if part.name == "environment"),
    ]
    start = time.monotonic()
    assert not check(parts, tmp_path / "new", toy=True)
    assert time.monotonic() - start < 50
    outcomes = report(tmp_path / "new")["parts"]
    assert [outcome["ok"] for outcome in outcomes.values()] == [False, False, False, False, True]
    errors = {name: outcome["error"] for name, outcome in outcomes.items()}
    assert errors["hangs"] == "timed out after 5 s in b"
    assert errors["crashes"] == "ended with status -11 in b"
    assert errors["raises"] == "ended with status 1 in b: ValueError: no such thing"
    assert errors["one case fails"] == "b: OSError: full"
    assert 'File "<string>"' in outcomes["raises"]["traceback"]
    assert "line 3" in outcomes["one case fails"]["traceback"]
    for name in ("hangs", "crashes", "raises", "one case fails"):
        assert outcomes[name]["figures"] == {"a": {"seconds": 1.0, "x": 2.0}}, "measured before it failed"
    printed = capsys.readouterr().out
    assert "hangs: FAILED" in printed
    assert "failed: hangs, crashes, raises, one case fails;" in printed


def test_parts_are_not_started_without_time(tmp_path: Path) -> None:
    wait = Part("waits", 60, ("-c", "import time; time.sleep(60)"))
    assert not check([wait, Part("late", 60, ("-c", ""))], tmp_path, toy=True, budget=7)
    outcomes = report(tmp_path)["parts"]
    assert outcomes["waits"]["error"].startswith("timed out after 7 s")
    assert outcomes["late"]["error"] == "not started: no time left"
    assert outcomes["late"]["seconds"] == 0


def test_a_figure_that_is_not_finite_is_an_error(tmp_path: Path) -> None:
    code = (
        "import sys; import gpu_parts\n"
        "def broken(load): yield 'one', lambda: {'x': float('nan')}\n"
        "gpu_parts.PARTS['broken'] = broken; sys.argv[1:] = ['broken', sys.argv[-1]]; gpu_parts.main()"
    )
    path = f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
    assert not check([Part("broken", 60, ("-c", path + code))], tmp_path, toy=True)
    assert "one: ValueError" in report(tmp_path)["parts"]["broken"]["error"]


def test_limits_and_parts_have_the_same_order() -> None:
    assert list(LIMITS) == list(PARTS)


def test_operations_match_those_of_the_convolutions() -> None:
    """Twice the multiplications, forward and backward, and slightly more because of the mirrored margin."""
    side, stride, width, count = 256, 1, 3, 0
    for token in vgg16().plan:
        if token == "P":
            stride *= 2
        elif token.isdigit():
            count += 2 * 9 * width * int(token) * (side // stride) ** 2
            width = int(token)
    counted = flops_per_iteration(vgg16(), (side, side))
    assert 2 * count < counted < 2.2 * count
    compact = [flops_per_iteration(backbone_of("compact"), (height, 256)) for height in (128, 256)]
    assert compact[1] == pytest.approx(2 * compact[0], rel=0.1)


def test_views_pan_and_scenes_differ() -> None:
    first, second, other = view((40, 60)), view((40, 60), 1), view((40, 60), 0, 1)
    assert (first.shape, first.dtype) == ((40, 60, 3), np.uint8)
    np.testing.assert_array_equal(first[4:, 4:], second[:-4, :-4])
    assert np.abs(first.astype(int) - other).mean() > 30
    assert view((1100, 1200)).shape == (1100, 1200, 3)


def test_differences_are_in_levels() -> None:
    one, other = np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)
    other[0, 0, 0] = 12
    assert difference({5: one}, {5: one}) == {"max": 0, "mean": 0.0, "identical": True, "frames": 1}
    assert difference({5: other}, {5: one}) == {"max": 12, "mean": 1.0, "identical": False, "frames": 1}
    with pytest.raises(RuntimeError, match="1 frames against 0"):
        difference({5: one}, {})


def test_a_workload_has_valid_settings() -> None:
    assert isinstance(TOY, Workload)
    values = TOY.values("bfloat16", optimize__tolerance=0.0)
    assert (values["optimize.precision"], values["optimize.tolerance"]) == ("bfloat16", 0.0)
    assert values["backbone.device"] == "cpu"
