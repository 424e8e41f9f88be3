"""How many workers a job gets."""

from dataclasses import replace

import pytest

from videostyle.errors import SettingsError
from videostyle.paint import device
from videostyle.rendering.workers import count
from videostyle.rendering.workers.count import PROCESS_BYTES, Beside, bytes_of, choose_workers, fits_beside, gpus_for
from videostyle.settings import BackboneSettings, RenderSettings

BYTES = 500_000_000
SETTINGS = RenderSettings()
LONG = [600.0] * 20


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight cores, 9 GB free, three GPUs."""
    monkeypatch.setattr(count, "cores", lambda: 8)
    monkeypatch.setattr(count, "free_bytes", lambda: 9_000_000_000)
    monkeypatch.setattr(device.torch.cuda, "device_count", lambda: 3)


def chosen(asked: int, seconds: list[float], painting: int = BYTES, painted_on: str = "cpu") -> int:
    return choose_workers(asked, seconds, painting, painted_on, SETTINGS)


def test_auto_is_never_more_than_cores_chunks_and_memory_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(0, LONG) == 7, "as fast as eight: three rounds"
    assert chosen(0, LONG[:6]) == 6
    assert chosen(0, [*LONG[:3], 0.0, 0.0]) == 3, "stored chunks need none"
    assert chosen(0, LONG, 1_600_000_000) == 3, "of 8.1 GB that workers may fill"
    assert chosen(0, LONG, 99_000_000_000) == 1
    more = choose_workers(0, LONG, 1_600_000_000, "cpu", SETTINGS, beside=Beside(held=1_000_000_000))
    assert more == 4, "what idle workers hold is free for those of the next film"
    monkeypatch.setattr(count, "cores", lambda: 1)
    assert chosen(0, LONG) == 1


def test_a_short_job_is_painted_in_this_process() -> None:
    assert chosen(0, [2.0, 2.0, 2.0]) == 1
    assert chosen(0, [0.0, 0.0]) == 1


def test_what_is_asked_for_is_done_but_never_more_than_there_are_chunks() -> None:
    assert chosen(9, LONG) == 9
    assert chosen(1000, LONG) == 20
    assert chosen(5, [1.0, 0.0]) == 1
    assert chosen(5, [0.0]) == 1


def test_a_cluster_has_room_for_more_than_this_machine() -> None:
    assert choose_workers(0, LONG, BYTES, "cpu", SETTINGS, most=20) == 20
    assert choose_workers(0, LONG, BYTES, "cuda:0", SETTINGS, most=5) == 5
    assert choose_workers(4, LONG, BYTES, "cpu", SETTINGS, most=20) == 4


def test_each_gpu_has_one_worker() -> None:
    assert chosen(0, LONG, painted_on="cuda:0") == 3
    assert gpus_for(2, "cuda:0", SETTINGS) == ("0", "1")
    assert gpus_for(2, "cpu", SETTINGS) == ()
    with pytest.raises(SettingsError, match="--workers 4: each needs a GPU of its own, and --device auto means 3"):
        gpus_for(4, "cuda:0", SETTINGS)
    single = replace(SETTINGS, backbone=BackboneSettings(device="cuda:1"))
    assert choose_workers(0, LONG, BYTES, "cuda:1", single) == 1
    with pytest.raises(SettingsError, match="--device cuda:1 means 1"):
        gpus_for(2, "cuda:1", single)


def test_the_memory_of_several_workers_includes_their_programs() -> None:
    assert bytes_of(1, 2 * BYTES, "cpu") == 1_000_000_000
    assert bytes_of(3, BYTES, "cpu") == 3 * (500_000_000 + PROCESS_BYTES)
    assert bytes_of(3, 2 * BYTES, "cuda:0") == 3_000_000_000


def test_jobs_that_wait_are_work_for_more_workers() -> None:
    assert chosen(0, [60.0]) == 1
    several = Beside(others=(60.0, 60.0))
    assert choose_workers(0, [60.0], BYTES, "cpu", SETTINGS, beside=several) == 3
    assert choose_workers(1, [60.0], BYTES, "cpu", SETTINGS, beside=several) == 1
    assert choose_workers(0, [60.0], 99_000_000_000, "cpu", SETTINGS, beside=several) == 1


def test_a_job_fits_beside_others_if_there_is_memory_for_all_that_it_needs() -> None:
    assert fits_beside(8_000_000_000, 0)
    assert not fits_beside(8_200_000_000, 0)
    assert fits_beside(8_200_000_000, 500_000_000), "workers hold it already"
