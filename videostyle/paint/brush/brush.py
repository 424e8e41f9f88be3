"""The brush pass: a finish that paints a frame at the film's size with patches of the artworks."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from videostyle.frames import Motion, Pixels, hash_of, to_picture, to_pixels
from videostyle.paint.brush.atlas import Atlas, Prints, resized
from videostyle.paint.brush.blur import reach
from videostyle.paint.brush.coordinates import Coordinates
from videostyle.paint.brush.lay import lay, relay
from videostyle.paint.brush.mix import mixed
from videostyle.paint.device import within_memory
from videostyle.paint.finish import Finish, FinishInput
from videostyle.paint.painter import Cost, OnStep
from videostyle.paint.terms.style import style_mix
from videostyle.settings import RenderSettings

VERSION = 1
"""incremented whenever the same painted frames lead to other paint"""
SIDE = 256
"""px, largest short side of the grid on which patches are compared"""
SIZES = 2
"""sizes of the film whose prints are kept"""
STRIP = 1 << 19
"""px of the film that are mixed at once"""
BYTES_GRID, BYTES_FILM, BYTES_STRIP = 1000, 36, 250
"""peak memory per px of the grid, of the film, and of a strip"""
BYTES_ART, SECONDS_ART = 155, 10e-6
"""peak memory per px of the film, and CPU time of a first frame per px of the grid, for each artwork of the film's area
beyond the first"""
SECONDS_FIRST, SECONDS_GRID, SECONDS_FILM = 25e-6, 2.5e-6, 0.67e-6
"""CPU time: of a first frame per px of the grid; of later frames, flow included; of every frame per px of the film"""

BYTES_CARRIED = 8
"""on disk per px of the grid: 3 to 5 in a scene's first seconds, and more the more sheets there are"""

Enlarge = Callable[[Pixels, tuple[int, int]], Pixels]


class Brush(Finish):
    """Lays patches of the artworks where they look like the painted frame, and lets them move with the clip.

    Image analogies (Hertzmann et al. 2001) with exact search on the coarse level and coherence (Ashikhmin 2001) on all.
    What is coarser than the painted frame's own resolution stays the painted frame's.
    """

    def __init__(
        self, artworks: Sequence[Pixels], settings: RenderSettings, device: torch.device, enlarge: Enlarge
    ) -> None:
        """artworks: (H, W, 3) each. enlarge: resizes pixels to (width, height)."""
        self._artworks, self._settings, self._device, self._enlarge = tuple(artworks), settings, device, enlarge
        self._stroke = settings.brush.stroke * settings.style.scale
        self._mix = style_mix(settings.style, len(artworks))
        laid = [VERSION, device.type, self._stroke, self._mix, asdict(settings.flow)]
        content = json.dumps([laid, [hash_of(artwork) for artwork in artworks]])
        self.fingerprint = f"brush {hashlib.sha256(content.encode()).hexdigest()}"
        self._atlas, self._prints = lru_cache(1)(self._make_atlas), lru_cache(SIZES)(self._make_prints)

    def carries(self, work: tuple[int, int], size: tuple[int, int]) -> bool:
        return work != size  # a painted frame of the film's size is as sharp as the film can be

    def sees(self, work: tuple[int, int]) -> tuple[int, int]:
        return _grid(work)

    def cost(self, work: tuple[int, int], size: tuple[int, int]) -> Cost:
        width, height = _grid(work)
        grid, film = width * height, size[0] * size[1]
        memory = BYTES_GRID * grid + BYTES_FILM * film + BYTES_STRIP * STRIP
        more = max(0.0, len(self._artworks) * self._stroke**2 - 1)
        seconds, first = SECONDS_FILM * film, SECONDS_FIRST + SECONDS_ART * more
        memory += round(BYTES_ART * more * film)
        return Cost(seconds + first * grid, seconds + SECONDS_GRID * grid, memory)

    def stored(self, work: tuple[int, int], size: tuple[int, int]) -> int:
        width, height = _grid(work)
        return BYTES_CARRIED * width * height * self.carries(work, size)

    def carry(self, frame: FinishInput) -> bytes:
        height, width = frame.painted.shape[:2]
        return within_memory(lambda: self._carry(frame), 1, height, width, self._device)

    @torch.inference_mode()
    def _carry(self, frame: FinishInput) -> bytes:
        height, width = frame.painted.shape[:2]
        grid = _grid((width, height))[::-1]
        atlas, painted = self._atlas(grid), self._levels(frame.painted, grid)
        if not (frame.carry and frame.motion):
            return lay(atlas, painted).to_bytes()
        carried = Coordinates.from_bytes(frame.carry, grid, self._device).moved(self._tensor(frame.motion.flow))
        return relay(atlas, painted, carried, self._trusted(frame.motion)).rounded().to_bytes()

    def picture(self, painted: Pixels, carry: bytes, size: tuple[int, int], on_step: OnStep | None = None) -> Pixels:
        step = on_step or (lambda _, __: None)
        return within_memory(lambda: self._picture(painted, carry, size, step), 1, size[1], size[0], self._device)

    @torch.inference_mode()
    def _picture(self, painted: Pixels, carry: bytes, size: tuple[int, int], on_step: OnStep) -> Pixels:
        height, width = painted.shape[:2]
        if not self.carries((width, height), size):
            return painted
        grid, film = _grid((width, height))[::-1], size[::-1]
        prints, paint = self._prints(grid, film), Coordinates.from_bytes(carry, grid, self._device)
        enlarged = self._enlarge(painted, size)
        brush = self._settings.brush
        sigma = min(film) / min(height, width) / (2 * brush.likeness) if brush.likeness else 0.0
        pixels = np.empty_like(enlarged)
        rows = max(1, STRIP // film[1])
        for top in range(0, film[0], rows):
            bottom = min(film[0], top + rows)
            first, last = max(0, top - reach(sigma)), min(film[0], bottom + reach(sigma))
            below = torch.from_numpy(to_picture(enlarged[first:last])).to(self._device) * 255
            strip = mixed(prints, paint, below, film, first, sigma)[top - first : bottom - first]
            strip = torch.lerp(below[top - first : bottom - first], strip, brush.amount) / 255
            pixels[top:bottom] = to_pixels(strip.cpu().numpy(), pixels.dtype)
            if rows < film[0]:
                on_step(bottom, film[0])
        return pixels

    def _trusted(self, motion: Motion) -> Tensor:
        return self._tensor(motion.consistency) > 0.5

    def _levels(self, pixels: Pixels, size: tuple[int, int]) -> Tensor:
        """(H, W, 3) at another height and width, levels of 255."""
        planes = self._tensor(to_picture(pixels)).permute(2, 0, 1) * 255
        if planes.shape[1:] != size:
            planes = resized(planes, size).clamp(0, 255)
        return planes.permute(1, 2, 0).contiguous()

    def _tensor(self, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)

    def _make_atlas(self, grid: tuple[int, int]) -> Atlas:
        return Atlas(self._artworks, self._mix, grid, self._stroke, self._device)

    def _make_prints(self, grid: tuple[int, int], film: tuple[int, int]) -> Prints:
        return Prints(self._artworks, grid, film, self._stroke, self._device)


def _grid(work: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the grid for painted frames of this size, px."""
    scale = min(1.0, SIDE / min(work))
    return max(1, round(work[0] * scale)), max(1, round(work[1] * scale))
