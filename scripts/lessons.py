"""What the teacher sees in the training pictures, kept on disk, so that a training step runs the student only."""

import json
import os
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from videostyle.paint.backbones.backbone import Backbone

BLOCK = 16
"""pictures that the teacher sees at a time"""


class Lessons:
    """Pictures (N, 3, S, S) and maps of them, as half-precision arrays in a folder.

    The first layer is not kept: computing it takes less time than reading it.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count
        folder.mkdir(parents=True, exist_ok=True)

    def done(self, key: str) -> int:
        """How many lessons with this key are written."""
        path = self.folder / "done.json"
        state = json.loads(path.read_text()) if path.exists() else {}
        return int(state.get("done", 0)) if state.get("key") == key else 0

    def write(
        self, key: str, pictures: Callable[[int, int], Tensor], look: Callable[[int, Tensor], dict[str, Tensor]]
    ) -> None:
        """Write what is missing. pictures: start, stop -> (B, 3, S, S); look: start, pictures -> name -> (B, C, h, w).

        key: what decides the values; lessons with another key are written again.
        """
        for start in range(self.done(key), self.count, BLOCK):
            batch = pictures(start, min(start + BLOCK, self.count)).half().float()
            for name, maps in ({"pictures": batch} | look(start, batch)).items():
                self._array(name, maps)[start : start + len(batch)] = maps.half().numpy()
            fresh = self.folder / "done.json.part"
            fresh.write_text(json.dumps({"key": key, "done": start + len(batch)}))
            os.replace(fresh, self.folder / "done.json")

    def read(self, name: str, chosen: Tensor) -> Tensor:
        """The maps of some lessons, float32."""
        array = np.load(self.folder / f"{name}.npy", mmap_mode="r")
        return torch.from_numpy(array[chosen.numpy()].astype(np.float32))

    def _array(self, name: str, like: Tensor) -> "np.memmap[tuple[int, ...], np.dtype[np.float16]]":
        """The array on disk for maps like (B, C, h, w)."""
        path, shape = self.folder / f"{name}.npy", (self.count, *like.shape[1:])
        if path.exists():
            array = np.load(path, mmap_mode="r+")
            if array.shape == shape:
                return array  # type: ignore[no-any-return]
        return np.lib.format.open_memmap(path, "w+", np.float16, shape)


def looking(teacher: Backbone, layers: Collection[str], device: str) -> Callable[[int, Tensor], dict[str, Tensor]]:
    """A function that gives the teacher's features of pictures at some layers, on the CPU."""

    def look(_: int, pictures: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            features = teacher(pictures.to(device), layers)
        return {layer: maps.float().cpu() for layer, maps in features.items()}

    return look
