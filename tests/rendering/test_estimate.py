"""What painting a plan costs."""

from dataclasses import replace

import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend, Gray
from tests.rendering.jobs import plan_of
from videostyle.media.read.probe import probe
from videostyle.paint.painter import Cost
from videostyle.rendering.estimate import frames_alike, price_of, seconds_of, together
from videostyle.rendering.finish.finish import Enlarge
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.workers.count import Beside
from videostyle.rendering.workers.schedule import CROWD, START
from videostyle.settings import RenderSettings

COST = Cost(seconds_first=10.0, seconds_later=1.0)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> RenderPlan:
    clip = probe(write_clip(tmp_path_factory.mktemp("estimate") / "clip.mp4", moving_scenes((4, 3))))
    return plan_of(clip, (4, 3), lost=(2,))


def test_seconds_of_each_chunk(plan: RenderPlan) -> None:
    assert seconds_of(plan, COST) == [12.0, 12.0]
    assert seconds_of(plan, COST, passes=3) == [12.0 + 2 * 3, 12.0 + 2 * 3]


def test_stored_frames_and_repeats_cost_nothing(plan: RenderPlan) -> None:
    assert seconds_of(plan, COST, {0, 1}) == [1.0, 12.0]
    assert seconds_of(plan, COST, {6}, passes=2) == [12.0 + 3, 11.0 + 2]
    assert seconds_of(plan, COST, plan.to_render) == [0.0, 0.0]


def test_only_painters_that_look_back_skip_repeats(plan: RenderPlan) -> None:
    still = replace(plan, scan=replace(plan.scan, alike=(1, 3, 99)))
    assert frames_alike(still, Blend(), {3}) == {1}
    assert frames_alike(still, Gray(), {3}) == set()


def on(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.rendering.estimate.cores", lambda: cores)


def test_finishing_takes_no_time_of_its_own_where_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, seconds in ((1, 14.0), (2, 10.0)):
        on(cores, monkeypatch)
        assert together([10.0], 4.0, "cpu") == together([4.0], 10.0, "cpu") == seconds
    busy = START + CROWD * 10
    assert together([10.0, 10.0], 4.0, "cpu", workers=2) == pytest.approx(busy + 2), "painting fills both cores"
    assert together([10.0], 4.0, "cuda") == 14.0


def test_a_core_whose_worker_has_nothing_left_to_paint_finishes_the_film(monkeypatch: pytest.MonkeyPatch) -> None:
    on(2, monkeypatch)
    assert together([60.0, 20.0], 30.0, "cpu", workers=2) == pytest.approx(START + CROWD * 60)


def test_more_workers_than_cores_are_those_of_a_farm(monkeypatch: pytest.MonkeyPatch) -> None:
    on(2, monkeypatch)
    assert together([60.0] * 20, 100.0, "cpu", workers=20) == pytest.approx(START + CROWD * 60)
    assert together([60.0] * 20, 2000.0, "cpu", workers=20) == 100.0, "each finishes what it paints"


def test_workers_need_memory_for_finishing_as_well(plan: RenderPlan, monkeypatch: pytest.MonkeyPatch) -> None:
    class Large(Enlarge):
        def cost(self, work: tuple[int, int], size: tuple[int, int]) -> Cost:
            return Cost(bytes_per_slot=99_000_000_000)

    class Long(Gray):
        def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
            return Cost(600.0, 600.0)

    monkeypatch.setattr("videostyle.rendering.workers.count.cores", lambda: 2)
    monkeypatch.setattr("videostyle.rendering.workers.count.free_bytes", lambda: 9_000_000_000)
    assert price_of(plan, Long()).workers == 2
    monkeypatch.setattr("videostyle.rendering.estimate.finish_for", lambda *_: Large())
    assert price_of(plan, Long()).workers == 1


def test_a_job_has_the_workers_of_those_it_is_painted_beside(plan: RenderPlan) -> None:
    assert price_of(plan, Gray(), beside=Beside(workers=5)).workers == 5
