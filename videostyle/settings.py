"""Every setting a user may change: its default, meaning, unit and limits."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_type_hints


def _setting(
    default: Any,
    about: str,
    low: float | None = None,
    high: float | None = None,
    *,
    unit: str = "",
    pixels: bool = True,
) -> Any:
    """A field with its meaning, inclusive limits and unit (of each item, for lists).

    pixels: whether it decides what a stored frame looks like; only such settings belong to a job's fingerprint.
    """
    metadata = {"about": about, "low": low, "high": high, "unit": unit, "pixels": pixels}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class BackboneSettings:
    """The network that compares content and style."""

    # the painter's fingerprint covers the weights themselves; where they are stored does not matter
    name: Literal["auto", "vgg19", "vgg16", "alexnet", "compact"] = _setting(
        "auto", "the network; auto: vgg19 if its weights are cached, else compact", pixels=False
    )
    weights: str = _setting(
        "", "weights file, .pth or .safetensors with torchvision's names; empty: the network's own", pixels=False
    )
    pooling: Literal["auto", "average", "max"] = _setting(
        "auto", "pooling layers; auto: as trained; Gatys et al. recommend average"
    )
    device: str = _setting("auto", "where the network runs: auto, cpu, cuda, cuda:N, or mps", pixels=False)


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """How strongly, and in what way, frames follow the artwork."""

    weight: float = _setting(100.0, "weight of the style loss", 0)
    layers: tuple[str, ...] = _setting((), "layers whose Gram matrices are matched; empty: the network's usual ones")
    layer_weights: tuple[float, ...] = _setting(
        (), "one weight per layer, divided by their sum; empty: the network's usual ones, or equal", 0
    )
    convention: Literal["relative", "gatys"] = _setting(
        "relative", "scale of the loss; relative: divided by the target's own size; gatys: 1/(4 N^2 M^2) of sums"
    )
    scale: float = _setting(1.0, "size of the artwork; 1: the same area as the picture; larger: larger strokes", 0.1, 4)
    blend: Literal["loss", "gram"] = _setting("loss", "several artworks: average their losses, or their Gram matrices")
    mix: tuple[float, ...] = _setting((), "share of each artwork, divided by their sum; empty: equal", 0)


@dataclass(frozen=True, slots=True)
class ColorSettings:
    """Whose colors the film has."""

    match: bool = _setting(
        True, "give each scene the artwork's colors before it is painted; iterations go into strokes"
    )
    # painted frames are the same; the colors are put back when the film is made from them
    artwork: float = _setting(
        1.0,
        "whose colors the film has (--colors); 1: the artwork's; 0: the clip's; between: a mixture",
        0,
        1,
        pixels=False,
    )


@dataclass(frozen=True, slots=True)
class ContentSettings:
    """How closely frames follow the clip."""

    weight: float = _setting(6.0, "weight of the content loss", 0)
    layers: tuple[str, ...] = _setting((), "layers whose features are matched; empty: the network's usual ones")
    layer_weights: tuple[float, ...] = _setting((), "one weight per layer, divided by their sum; empty: equal", 0)
    convention: Literal["relative", "gatys"] = _setting(
        "relative", "scale of the loss; relative: divided by the target's own size; gatys: half the sum"
    )


@dataclass(frozen=True, slots=True)
class TemporalSettings:
    """How closely frames follow the frames before them."""

    weight: float = _setting(1000.0, "weight of the temporal loss; 0: painting only starts from the frame before", 0)
    strength: float = _setting(
        1.0, "how steady the paint is; 1: it sticks to what moves; 0: every frame is painted anew, and boils", 0, 1
    )
    long_term: tuple[int, ...] = _setting(
        (1,),
        "which earlier frames a frame is always compared with, in frames back; Ruder et al.: 1, 2, 4",
        1,
        64,
        unit="frames",
    )
    passes: int = _setting(
        1, "how often each scene is painted, forward and backward in turn, for strong camera motion", 1, 20
    )
    loop: bool = _setting(False, "whether the clip's last frames are led into its first, for films shown in a loop")


@dataclass(frozen=True, slots=True)
class TvSettings:
    """Smoothness of the picture itself."""

    weight: float = _setting(5.0, "weight of the total variation loss, which removes the finest grain", 0)
    kind: Literal["squared", "absolute", "power"] = _setting(
        "squared", "loss for a difference d between neighboring pixels: d^2, |d|, or (d^2)^0.75"
    )


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """Optical flow, and how much of it is trusted."""

    method: Literal["farneback", "dis"] = _setting("farneback", "OpenCV's estimator of the optical flow")
    motion_boundary: bool = _setting(False, "distrust the flow at motion boundaries too, as in Ruder et al. 2016")
    photometric: float = _setting(
        8.0,
        "distrust the flow where it joins colors that differ by more than this; 0: off",
        0,
        255,
        unit="levels of 255",
    )


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """Where the clip is cut into scenes; each scene is one chunk."""

    detector: Literal["adaptive", "content", "none"] = _setting("adaptive", "PySceneDetect's detector; none: one scene")
    threshold: float = _setting(0.0, "the detector's threshold; 0: its default", 0)
    min_frames: int = _setting(8, "length of the shortest scene", 1, unit="frames")


@dataclass(frozen=True, slots=True)
class LightSettings:
    """Fades, flashes, and darkness."""

    follow: float = _setting(
        1.0, "how far the film's light follows the clip's; 0: it has the light that the painter gives it", 0, 1
    )


@dataclass(frozen=True, slots=True)
class OptimizeSettings:
    """How long, and in what way, frames are optimized."""

    method: Literal["lbfgs", "adam"] = _setting("lbfgs", "the optimizer")
    iterations: int = _setting(
        40,
        "most iterations for every frame except a scene's first, over all passes; 0: frames are left unpainted",
        0,
        100000,
    )
    first_iterations: int = _setting(300, "most iterations for a scene's first frame, over all scales", 1, 100000)
    history: int = _setting(10, "L-BFGS corrections kept; memory: 24 * history * H * W bytes per frame", 1, 200)
    learning_rate: float = _setting(1.0, "L-BFGS: factor on its own step length; Adam: usually 0.05", 1e-6, 10)
    tolerance: float = _setting(1e-4, "stop when the loss falls by less than this fraction in a window; 0: never", 0, 1)
    window: int = _setting(10, "iterations over which the loss must fall; checked every 5", 1, 10000)
    coarsest: int = _setting(
        96, "first frame: short side of the smallest scale; each scale is sqrt(2) times larger", 16, unit="px"
    )
    range_weight: float = _setting(10.0, "weight of the penalty on pixel values outside 0..1", 0)
    precision: Literal["auto", "float32", "bfloat16"] = _setting(
        "auto", "of the convolutions; auto: bfloat16 on a CUDA GPU that supports it, else float32", pixels=False
    )
    initial: Literal["content", "style", "noise"] = _setting("content", "what a scene's first frame starts from")
    initial_later: Literal["warped", "content", "noise"] = _setting("warped", "what every other frame starts from")


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """What is painted, and at which size."""

    size: int = _setting(0, "short side of the film; 0: the clip's", 0, 16384, unit="px")
    bars: Literal["keep", "paint"] = _setting(
        "keep", "letterbox and pillarbox bars; keep: they stay as they are in the clip; paint: they are painted too"
    )
    work: int = _setting(0, "largest short side of painted frames (enlarged later); 0: the film's", 0, 16384, unit="px")


@dataclass(frozen=True, slots=True)
class BrushSettings:
    """The brush pass: painting at the film's size with patches of the artworks. Painted frames do not depend on it."""

    amount: float = _setting(
        0.0, "how much of it the film shows; 0: painted frames are only enlarged", 0, 1, pixels=False
    )
    likeness: float = _setting(
        0.5, "how much of the painted frame is kept; 0: patches alone; 1: only the finest strokes", 0, 1, pixels=False
    )
    stroke: float = _setting(1.0, "size of the strokes, in addition to style.scale", 0.25, 4, pixels=False)


@dataclass(frozen=True, slots=True)
class FilmSettings:
    """How the film is encoded; painted frames do not depend on it."""

    codec: Literal[
        "auto", "h264", "h265", "prores", "av1", "vp9", "ffv1", "png", "h264_nvenc", "hevc_nvenc", "av1_nvenc"
    ] = _setting("auto", "the video codec; auto: the container's usual one, never a hardware encoder", pixels=False)
    sound: bool = _setting(True, "whether the film has the clip's sound", pixels=False)
    quality: int = _setting(
        -1, "on the encoder's own scale (CRF for h264, h265, av1, vp9); -1: visually lossless", -1, 63, pixels=False
    )


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """All settings as one frozen value."""

    backbone: BackboneSettings = field(default_factory=BackboneSettings)
    style: StyleSettings = field(default_factory=StyleSettings)
    colors: ColorSettings = field(default_factory=ColorSettings)
    content: ContentSettings = field(default_factory=ContentSettings)
    temporal: TemporalSettings = field(default_factory=TemporalSettings)
    tv: TvSettings = field(default_factory=TvSettings)
    flow: FlowSettings = field(default_factory=FlowSettings)
    scene: SceneSettings = field(default_factory=SceneSettings)
    light: LightSettings = field(default_factory=LightSettings)
    optimize: OptimizeSettings = field(default_factory=OptimizeSettings)
    picture: PictureSettings = field(default_factory=PictureSettings)
    brush: BrushSettings = field(default_factory=BrushSettings)
    film: FilmSettings = field(default_factory=FilmSettings)
    seed: int = _setting(0, "seed of random starts", 0)

    def fingerprint(self) -> str:
        """Hash (hex) of the settings that decide what a stored frame looks like."""
        values = {name: self.value(name) for name, item in known_settings().items() if item.metadata["pixels"]}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def value(self, name: str) -> Any:
        """The value of a setting, given its dotted name."""
        group, _, key = name.rpartition(".")
        return getattr(getattr(self, group) if group else self, key)

    @property
    def paints(self) -> bool:
        """Whether frames are painted rather than kept as they are."""
        return self.optimize.iterations > 0


BACKBONES = tuple(name for name in get_args(get_type_hints(BackboneSettings)["name"]) if name != "auto")
"""names of the available networks"""


def known_settings() -> dict[str, dataclasses.Field[Any]]:
    """Dotted name -> field of every setting."""
    names: dict[str, dataclasses.Field[Any]] = {}
    for group in dataclasses.fields(RenderSettings):
        members = [] if group.metadata else dataclasses.fields(group.type)  # type: ignore[arg-type]
        names |= {f"{group.name}.{item.name}": item for item in members} or {group.name: group}
    return names


def group_title(group: str) -> str:
    """What a group of settings is about, in one sentence."""
    return getattr(RenderSettings(), group).__doc__ or "" if group else "Everything else."
