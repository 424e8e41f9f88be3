"""Kill renders at random and compare the films: python scripts/kill_test.py [KILLS] [--seed N] [--batch] [--keep DIR]

A tiny clip of two scenes with sound is rendered once undisturbed. Then the same command is started again and again,
and each time killed (SIGKILL) after a random time, until it ends on its own; and so on, film after film, until KILLS
renders have been killed. After a third of the kills, the file of the job folder that was written last is cut off at a
random place, as a power failure may do. Every film must be the same file as the undisturbed one. Prints a table; exit
code 1 if a film differs or could not be made. --batch renders the clip as the only job of a batch instead.

Needs a system with fork, so that not every render imports torch anew.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from demo_encode import create_clip
from PIL import Image

from videostyle import cli
from videostyle.frames import Pixels
from videostyle.media.read.probe import probe
from videostyle.media.read.table import to_the_end

FEW = ["--backbone", "compact", "--device", "cpu"]
FEW += [f"--set={value}" for value in ("optimize.iterations=2", "optimize.first_iterations=4", "picture.work=48")]
JOBS = """[defaults]
styles = "art.png"
output = "film.mp4"
backbone = {name = "compact", device = "cpu"}
picture.work = 48
optimize = {iterations = 2, first_iterations = 4}
[[job]]
clips = "clip.mp4"
"""
CUT_SHARE = 1 / 3
LONGEST = 120.0
"""seconds after which a render that was not killed has failed"""


def make_files(folder: Path) -> None:
    """A clip of two scenes, an artwork, and the jobs of a batch."""
    rng = np.random.default_rng(0)

    def scene(tint: int, length: int) -> list[Pixels]:
        texture = np.kron(rng.random((8, 16, 3)), np.ones((8, 8, 1)))
        texture *= np.roll([1.0, 0.5, 0.3], tint)
        return [np.rint(255 * texture[:, 2 * step : 2 * step + 96]).astype(np.uint8) for step in range(length)]

    sound = rng.integers(-3000, 3000, (48000 * 17 // 10, 2), dtype=np.int16)
    create_clip(folder / "clip.mp4", [*scene(0, 9), *scene(1, 8)], 10, sound, 48000)
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).resize((128, 128)).save(folder / "art.png")
    (folder / "jobs.toml").write_text(JOBS)


def start(command: Sequence[str], output: Path) -> int:
    """Run a command line in a process of its own, whose id is returned."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = ["videostyle", *command]
    code = 1
    try:
        cli.main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        os._exit(code)


def wait(process: int, seconds: float) -> int | None:
    """The exit code of a process; None if it still runs after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            return None
        time.sleep(0.002)


def kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def cut_last(folder: Path, chance: random.Random) -> str:
    """Cut off the file below a folder that was written last; returns its kind, empty if there is none."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]
    if not files:
        return ""
    last = max(files, key=lambda path: path.stat().st_mtime_ns)
    os.truncate(last, chance.randrange(last.stat().st_size))
    kind = last.relative_to(folder).parts[0]
    return f"{kind}, being written" if last.name.startswith(".") and kind != ".lock" else kind


def packets_of(film: Path) -> list[bytes]:
    """Every packet of a film, as bytes, in the order of the file."""
    import av

    with av.open(str(film)) as container:
        return [bytes(packet) for packet in to_the_end(container.demux())]


def phase_of(folder: Path, film: Path) -> str:
    """How far a killed render had come."""
    if not (job := Path(f"{film}.job")).exists():
        return "after the film" if film.exists() else "before the job"
    frames = len(list((job / "frames").glob("[0-9]*.png")))
    being = any(path.name.startswith(f".{film.stem}.") and path.suffix == ".mp4" for path in folder.iterdir())
    return "writing the film" if being else "painting" if frames else "first frame"


def test(kills: int, seed: int, batch: bool, folder: Path) -> tuple[Counter[str], list[str]]:
    """Counts of what happened, and faults."""
    make_files(folder)
    film, output, chance = folder / "film.mp4", folder / "output.txt", random.Random(seed)
    command = ["run", str(folder / "clip.mp4"), "--style", str(folder / "art.png"), "-o", str(film), *FEW]
    command = ["batch", str(folder / "jobs.toml")] if batch else command
    begun = time.monotonic()
    if code := wait(start(command, output), LONGEST):
        return Counter(), [f"undisturbed: exit code {code}: {output.read_text()[-300:]}"]
    longest, wanted = time.monotonic() - begun, film.read_bytes()
    packets, frames = packets_of(film), probe(film).num_frames
    counts, faults = Counter({"frames of a film": frames, "packets of a film": len(packets)}), list[str]()
    while counts["kills"] < kills and len(faults) < 5:
        film.unlink(missing_ok=True)
        shutil.rmtree(folder / "jobs.batch", ignore_errors=True)
        while True:
            process = start(command, output)
            left = kills - counts["kills"]
            code = wait(process, chance.uniform(0, longest) if left > 0 else LONGEST)
            if code is not None:
                break
            kill(process)
            counts["kills"] += 1
            counts[f"killed: {phase_of(folder, film)}"] += 1
            if film.exists() and not batch:  # run would say that it is there
                code = 0
                break
            if chance.random() < CUT_SHARE and (kind := cut_last(Path(f"{film}.job"), chance)):
                counts["cut off"] += 1
                counts[f"cut off: {kind}"] += 1
        counts["films"] += 1
        if code:
            faults.append(f"exit code {code}: {output.read_text()[-300:]}")
        elif film.read_bytes() != wanted:
            same = packets_of(film) == packets
            faults.append(f"film {counts['films']} differs" + (", but not in its packets" if same else ""))
    extra = sorted(path.name for path in folder.iterdir())
    known = {"clip.mp4", "art.png", "jobs.toml", "film.mp4", "output.txt", "jobs.batch"}
    counts.update(f"left over: {name}" for name in extra if name not in known)
    return counts, faults


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder to work in, which is kept")
    given = parser.parse_args(arguments)
    import videostyle.paint.load
    import videostyle.paint.optimize.optimizer
    import videostyle.rendering.job  # noqa: F401  (torch is imported once, and threads begin in the forks)

    with contextlib.ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        counts, faults = test(given.kills, given.seed, given.batch, folder)
    for name, count in counts.items():
        print(f"{name:32} {count:6}")
    for fault in faults:
        print(f"FAULT: {fault}")
    print("every film is the same" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
