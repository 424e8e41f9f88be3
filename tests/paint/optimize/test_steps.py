from videostyle.paint.optimize.steps import Steps


def test_solves_that_end_early_still_fill_their_share() -> None:
    seen: list[tuple[int, int]] = []
    steps = Steps(30, lambda done, total: seen.append((done, total)))
    steps.at(5)
    steps.end(10)
    steps.at(5)
    steps.add(8)
    steps.end(20)
    steps.end(8)
    assert seen == [(5, 30), (10, 30), (15, 30), (30, 38), (38, 38)]


def test_nobody_has_to_listen() -> None:
    Steps(3).end(3)
