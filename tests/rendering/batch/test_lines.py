"""Lines of names in a TOML file."""

from videostyle.rendering.batch.lines import lines_of

TEXT = """\
[defaults]
styles = "a"
style.weight = 3
[defaults.optimize]
iterations = 2
[[job]]
clips = "b"
[[job]]   # the second
 "preset" = "draft"
[job.style]
weight = 4
[other]
x = 1
"""


def test_names_are_found_in_their_tables() -> None:
    lines = lines_of(TEXT)
    assert (lines["defaults", ""], lines["defaults", "styles"], lines["defaults", "style.weight"]) == (1, 2, 3)
    assert (lines["defaults", "optimize"], lines["defaults", "optimize.iterations"]) == (4, 5)
    assert (lines["job 0", ""], lines["job 0", "clips"]) == (6, 7)
    assert (lines["job 1", ""], lines["job 1", "preset"], lines["job 1", "style.weight"]) == (8, 9, 11)
    assert (lines["other", ""], lines["other", "x"]) == (12, 13)
