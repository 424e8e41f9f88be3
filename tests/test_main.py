import subprocess
import sys

from videostyle import __version__


def test_the_package_runs_as_a_module() -> None:
    made = subprocess.run([sys.executable, "-m", "videostyle", "--version"], capture_output=True, text=True)
    assert made.stdout.strip() == f"videostyle {__version__}"
    assert made.returncode == 0
