"""A long clip takes no more memory than a short one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.media.oracle import needs_ffprobe

SIZES = """
import sys
from pathlib import Path
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
clip = probe(Path(sys.argv[1]))
for frame in decode(clip):
    if frame.index in (2000, clip.num_frames - 1):
        # getrusage's peak would include the memory of the parent process
        print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""


@needs_ffprobe
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.slow
@pytest.mark.parametrize("fields", [False, True])
def test_memory_stays_flat(fields: bool, tmp_path: Path) -> None:
    """A clip of ten minutes: peak memory at frame 2000 and at the end."""
    drawn = ["-f", "lavfi", "-i", "testsrc2=s=160x96:r=25:d=600"]
    options = ["-flags", "+ilme+ildct"] if fields else []
    command = ["ffmpeg", "-v", "error", *drawn, "-c:v", "libx264", "-preset", "ultrafast", *options]
    subprocess.run([*command, str(tmp_path / "clip.mp4")], check=True)
    made = subprocess.run(
        [sys.executable, "-c", SIZES, str(tmp_path / "clip.mp4")], capture_output=True, text=True, check=True
    )
    early, late = map(int, made.stdout.split())
    assert late < 1.05 * early
