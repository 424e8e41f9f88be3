"""What passes between a job and its workers."""

import pickle

from tests.painters import Gray
from tests.rendering.workers.engines import Turns
from videostyle.frames import Chunk, FrameRange
from videostyle.rendering.workers.engine import Failed, Finished, Lost, Piece


def test_a_piece_is_named_by_its_scenes() -> None:
    first, second = (Chunk(FrameRange(*ends), FrameRange(*ends)) for ends in ((0, 4), (4, 9)))
    commission: object = None
    assert str(Piece(commission, (second,))) == "scene 4"  # type: ignore[arg-type]
    assert str(Piece(commission, (first, second))) == "scenes 0, 4"  # type: ignore[arg-type]


def test_reports_pickle() -> None:
    for report in (Finished(), Lost("signal 9 ended it", for_memory=True)):
        assert pickle.loads(pickle.dumps(report)) == report
    assert str(pickle.loads(pickle.dumps(Failed(KeyError("a")))).error) == "'a'"


def test_leaving_an_engine_closes_it() -> None:
    class Closing(Turns):
        closed = False

        def close(self) -> None:
            self.closed = True

    with Closing(1, Gray()) as engine:
        assert not engine.closed
    assert engine.closed
