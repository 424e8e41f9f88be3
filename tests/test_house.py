"""The house rules: floors, owners of libraries, no cycles, small files, a test for every module, plain US English."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "videostyle"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

FLOORS = [
    {"videostyle"},
    {"errors"},
    {"frames", "settings", "events", "timecode", "names", "words"},
    {"pictures", "presets", "selection", "scores", "journal", "ticks"},
    {"media", "motion", "paint", "demo"},
    {"metrics"},
    {"rendering"},
    {"progress", "options"},
    {"report"},
    {"commands"},
    {"cli"},
    {"__main__"},
]
"""imports go to lower floors only; rooms on one floor never see each other"""

ROOMS = {
    "media": [
        {"artworks", "color", "exr", "ffmpeg", "files", "light", "names", "profile", "sheet", "stills"},
        {"read"},
        {"write"},
        {"patch"},
    ],
    "paint": [
        {"painter", "finish", "colors"},
        {"keep", "mirror", "device", "tensors"},
        {"backbones"},
        {"terms", "patches"},
        {"optimize", "brush"},
        {"load", "judge"},
    ],
    "rendering": [
        {"plan"},
        {"store"},
        {"finish"},
        {"chunk"},
        {"film", "painters"},
        {"workers"},
        {"request", "estimate", "scoring"},
        {"command"},
        {"job"},
        {"look", "api"},
        {"batch"},
        {"budget"},
    ],
}
"""the floors inside a room; on the lowest floor of a room modules may see each other"""

OWNERS = {
    "av": {"media"},
    "PIL": {"media"},
    "pillow_heif": {"media"},
    "cv2": {"motion"},
    "scenedetect": {"motion"},
    "torch": {"paint"},
    "torchvision": {"paint"},
    "safetensors": {"paint"},
    "ray": {"rendering"},
    "typer": {"cli", "options", "commands"},
    "tqdm": {"progress"},
    "jinja2": {"report"},
    "markupsafe": {"report"},
    "bokeh": {"report"},
}
"""each library lives in one room"""

LINES, FUNCTION, ANY = 300, 60, 40
"""most lines of a file, tests included; of a function; and most lines of the package that mention Any"""

BRITISH = re.compile(r"(?<![a-z])(?:\w*_)?(colour|optimis|normalis|neighbour|grey|licence|behaviour)\w*", re.IGNORECASE)
ALLOWED: set[str] = set()
"""words that look British and are not"""


def name_of(path: Path) -> str:
    """Dotted name of a module, without ``videostyle.`` in front; ``videostyle`` is the package itself."""
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) or "videostyle"


def room_of(name: str) -> str:
    return name.split(".")[0]


NAMES = {name_of(path): path for path in MODULES}
BY_NAME = pytest.mark.parametrize("name", NAMES)


def floor_of(floors: list[set[str]], room: str) -> int:
    for index, rooms in enumerate(floors):
        if room in rooms:
            return index
    pytest.fail(f"{room} stands on no floor; add it to the list, or move it")


def statements(name: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports of a module, those inside functions included, except those that only type checkers see."""

    def walk(nodes: Iterable[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node
            elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                yield from walk(node.orelse)
            else:
                yield from walk(ast.iter_child_nodes(node))

    yield from walk([ast.parse(NAMES[name].read_text())])


def imports(name: str) -> set[str]:
    """What a module imports: our modules without ``videostyle.``, others with a dot in front."""
    found = set()
    for node in statements(name):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            # `from package import name` may mean a module or a name inside the package
            targets = [f"{node.module}.{alias.name}" for alias in node.names]
        for target in targets:
            if target.split(".")[0] != "videostyle":
                found.add(f".{target}")
                continue
            inside = target.removeprefix("videostyle").removeprefix(".")
            while inside and inside not in NAMES:
                inside = inside.rpartition(".")[0]
            found.add(inside or "videostyle")
    return found


def ours(name: str) -> set[str]:
    return {target for target in imports(name) if not target.startswith(".")}


@BY_NAME
def test_imports_are_absolute(name: str) -> None:
    assert not [node for node in statements(name) if isinstance(node, ast.ImportFrom) and node.level]


@BY_NAME
def test_imports_go_down(name: str) -> None:
    here = room_of(name)
    for target in ours(name):
        if room_of(target) != here:
            assert floor_of(FLOORS, room_of(target)) < floor_of(FLOORS, here), f"{name} must not import {target}"


@pytest.mark.parametrize("room", ROOMS)
def test_imports_inside_a_room_go_down(room: str) -> None:
    floors = ROOMS[room]
    for name in NAMES:
        for target in ours(name):
            if not (name.startswith(f"{room}.") and target.startswith(f"{room}.")):
                continue
            here, there = name.split(".")[1], target.split(".")[1]
            lowest = floor_of(floors, here) == floor_of(floors, there) == 0
            below = floor_of(floors, there) < floor_of(floors, here)
            assert here == there or lowest or below, f"{name} must not import {target}"


def test_only_rendering_patches_films() -> None:
    for name in NAMES:
        if not name.startswith(("rendering.", "media.patch")):
            assert not [target for target in ours(name) if target.startswith("media.patch")], name


@BY_NAME
def test_each_library_lives_in_one_room(name: str) -> None:
    for target in imports(name):
        library = target.split(".")[1] if target.startswith(".") else ""
        if library in OWNERS:
            assert room_of(name) in OWNERS[library], f"{name} imports {library}, which belongs to {OWNERS[library]}"


def test_every_library_has_its_owner() -> None:
    libraries = {target.split(".")[1] for name in NAMES for target in imports(name) if target.startswith(".")}
    assert libraries - set(sys.stdlib_module_names) - {"numpy"} <= set(OWNERS)


def test_no_import_goes_in_a_circle() -> None:
    """Depth first; imports inside functions count, since a circle is one whenever it is closed."""
    done, path = set[str](), list[str]()

    def visit(name: str) -> None:
        if name in path:
            pytest.fail(" -> ".join([*path[path.index(name) :], name]))
        if name in done:
            return
        path.append(name)
        for target in sorted(ours(name) - {name}):
            visit(target)
        path.pop()
        done.add(name)

    for name in NAMES:
        visit(name)
    assert done == set(NAMES)


def test_the_readme_draws_the_tree_as_it_is() -> None:
    drawn, folder = set[str](), ""
    for line in (ROOT / "README.md").read_text().split("## The code")[1].split("```")[1].splitlines():
        folder = line.strip().removeprefix("videostyle/") if line.endswith("/") else folder
        drawn |= {folder + name for name in re.findall(r"(?<!\S)\w+\.py(?= )", line)}
    there = {path.relative_to(PACKAGE).as_posix() for path in MODULES if path.stat().st_size}
    small = {"__main__.py", "demo/__init__.py", *(f"{room}/__init__.py" for room in ("media", "motion", "paint"))}
    assert drawn == there - small - {"rendering/__init__.py"}


@pytest.mark.parametrize("name", [name for name, path in NAMES.items() if path.name != "__init__.py"])
def test_every_module_has_its_test(name: str) -> None:
    where = NAMES[name].relative_to(PACKAGE)
    test = ROOT / "tests" / where.parent / f"test_{where.stem.strip('_')}.py"
    assert test.exists()
    assert "def test_" in test.read_text()


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_small(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LINES, f"{path.relative_to(ROOT)} has {lines} lines"


@BY_NAME
def test_functions_stay_small(name: str) -> None:
    for node in ast.walk(ast.parse(NAMES[name].read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= FUNCTION, f"{name}.{node.name} has {lines} lines"


def lines_with_any(name: str) -> int:
    nodes = ast.walk(ast.parse(NAMES[name].read_text()))
    return len(
        {
            node.lineno
            for node in nodes
            if (isinstance(node, ast.Name) and node.id == "Any") or (isinstance(node, ast.alias) and node.name == "Any")
        }
    )


def test_any_is_rare() -> None:
    counts = {name: count for name in NAMES if (count := lines_with_any(name))}
    most = sorted(counts.items(), key=lambda item: -item[1])
    assert sum(counts.values()) <= ANY, f"{sum(counts.values())} lines with Any: {most}"


def test_help_starts_fast_and_without_torch() -> None:
    code = (
        "import sys; from videostyle.cli import app\n"
        "try: app(['run', '--help'], standalone_mode=False)\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'cv2', 'av', 'scenedetect', 'numpy'} & set(sys.modules); assert not heavy, heavy"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "--style" in made.stdout


@BY_NAME
def test_only_the_command_line_prints(name: str) -> None:
    if room_of(name) in ("cli", "commands", "progress"):
        return
    calls = [node for node in ast.walk(ast.parse(NAMES[name].read_text())) if isinstance(node, ast.Call)]
    printed = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("print", "exit", "input")]
    assert not printed


def texts() -> list[Path]:
    """Everything that people read of the program: code, tests, presets and pages."""
    here = Path(__file__)
    code = [path for folder in ("videostyle", "tests", "scripts") for path in (ROOT / folder).rglob("*.py")]
    pages = [*ROOT.glob("*.md"), *PACKAGE.rglob("*.md"), *(ROOT / "configs").glob("*.toml"), ROOT / "pyproject.toml"]
    return [path for path in sorted(code) + sorted(pages) if path != here]


@pytest.mark.parametrize("path", texts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_spelling_is_american_and_dashes_are_short(path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = {match[0] for match in BRITISH.finditer(line)} - ALLOWED
        assert not words, f"{path.name}:{number}: {words}"
        assert "\N{EM DASH}" not in line, f"{path.name}:{number}: an em-dash"
