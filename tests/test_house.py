"""The house rules of the architecture: floors, owners of libraries, and a test for every module."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "videostyle"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

FLOORS = [
    {"videostyle"},
    {"errors"},
    {"frames", "settings", "timecode"},
    {"selection"},
    {"media", "motion", "paint", "demo"},
    {"metrics"},
    {"rendering"},
    {"progress", "options"},
    {"cli"},
    {"__main__"},
]
"""imports go to lower floors only; rooms on one floor never see each other"""

OWNERS = {
    "av": {"media"},
    "PIL": {"media"},
    "cv2": {"motion"},
    "scenedetect": {"motion"},
    "torch": {"paint"},
    "safetensors": {"paint"},
    "typer": {"cli", "options"},
    "tqdm": {"progress"},
}


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "videostyle" if parts == ("__init__",) else parts[0]


def floor(name: str) -> int:
    return next(index for index, rooms in enumerate(FLOORS) if name in rooms)


def imports(path: Path) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]


def names(path: Path) -> list[str]:
    found = []
    for node in imports(path):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif node.module == "videostyle":
            # `from videostyle import __version__` is the bottom floor; `from videostyle import media` the room
            found += [f"videostyle.{a.name}" if (PACKAGE / a.name).exists() else "videostyle" for a in node.names]
        else:
            found.append(node.module or "")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_and_libraries_stay_with_their_owners(path: Path) -> None:
    here = room(path)
    for node in imports(path):
        assert isinstance(node, ast.Import) or node.level == 0, f"{path}: relative import"
    for name in names(path):
        first, *rest = name.split(".")
        if first in OWNERS:
            assert here in OWNERS[first], f"{path} imports {first}, which belongs to {OWNERS[first]}"
        if first == "videostyle" and rest and rest[0] != here and here != "videostyle":
            assert floor(rest[0]) < floor(here), f"{path}: {here} must not import {rest[0]}"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.name != "__init__.py"], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_every_module_has_its_test(path: Path) -> None:
    where = path.relative_to(PACKAGE)
    assert (ROOT / "tests" / where.parent / f"test_{where.stem.strip('_')}.py").exists()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 400, f"{path} is long"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 70, f"{path}: {node.name} is long"


def test_help_starts_fast_and_without_torch() -> None:
    code = (
        "import sys; from videostyle.cli import app\n"
        "try: app(['run', '--help'], standalone_mode=False)\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'cv2', 'av', 'scenedetect', 'numpy'} & set(sys.modules); assert not heavy, heavy"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert "--style" in made.stdout


def test_nothing_in_the_package_prints_but_the_front_ends() -> None:
    for path in MODULES:
        if room(path) in ("cli", "progress"):
            continue
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        printed = [n for n in calls if isinstance(n.func, ast.Name) and n.func.id in ("print", "exit", "breakpoint")]
        assert not printed, f"{path} prints"
