"""What a job folder says about its job: ``plan.json``."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from videostyle import __version__
from videostyle.errors import JobError, SettingsError
from videostyle.paint.painter import Painter
from videostyle.presets import restore
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.settings import RenderSettings

T = TypeVar("T")
FORMAT = 4
"""version of the file's layout"""
HEAD = b'{\n "format": '
"""what the file begins with"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """All that the film of a stored job needs, and what people may want to know."""

    format: int = FORMAT
    version: str = __version__
    fingerprint: str
    """the plan's"""
    painter: str
    """its name"""
    painter_fingerprint: str
    preset: str
    """preset that the settings started from; empty: none"""
    maker: str
    """what painted the frames, for the film's comment"""
    clip: Path
    """absolute"""
    stream: int
    rate: Fraction | None
    """frames per second that the user chose for a source without timestamps"""
    identity: str
    """the clip's"""
    styles: tuple[Path, ...]
    """files of the artworks, absolute"""
    settings: RenderSettings

    @classmethod
    def of(cls, plan: RenderPlan, painter: Painter) -> "JobRecord":
        """The record of a plan that a painter works on."""
        chosen = f", preset {plan.preset}" if plan.preset else ""
        return cls(
            fingerprint=plan.fingerprint,
            painter=painter.name,
            painter_fingerprint=painter.fingerprint,
            preset=plan.preset,
            maker=f"{painter.name}{chosen}, style {' + '.join(artwork.name for artwork in plan.artworks)}",
            clip=plan.clip.path.absolute(),
            stream=plan.clip.stream,
            rate=plan.clip.given_rate,
            identity=plan.identity,
            styles=tuple(artwork.path for artwork in plan.artworks if artwork.path),
            settings=plan.settings,
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, default=str)

    @classmethod
    def read(cls, path: Path) -> "JobRecord | None":
        """The record in a file; None if there is no file. Raises JobError if it is damaged or from another version."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{item.name: _value(stored, item.name) for item in fields(cls)})
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise JobError(f"{path}: cannot be read ({error.strerror}); use another folder with --job") from None
        except (ValueError, RecursionError) as error:
            advice = "the frames next to it are kept; restore this file, or use another folder with --job"
            raise JobError(f"{path}: damaged, or from another version of videostyle ({error}); {advice}") from None


def is_cut(path: Path) -> bool:
    """Whether a file is a record that ends too early, and nothing else."""
    try:
        content = path.read_bytes()
        json.loads(content)
    except ValueError:
        return content.startswith(HEAD) or HEAD.startswith(content)
    except (OSError, RecursionError):
        pass
    return False


def _value(stored: Any, name: str) -> Any:
    """A value as the record holds it. Raises ValueError if it is missing or not valid."""
    try:
        return READERS.get(name, partial(_only, str))(stored[name])
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, SettingsError):
        raise ValueError(f"{name!r} is missing or not valid") from None


def _only(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        raise TypeError(value)
    return value


def _rate(value: object) -> Fraction:
    rate = Fraction(_only(str, value))
    if rate <= 0:
        raise ValueError(value)
    return rate


READERS: dict[str, Callable[[Any], object]] = {
    "format": {FORMAT: FORMAT}.__getitem__,
    "clip": Path,
    "stream": partial(_only, int),
    "rate": lambda stored: None if stored is None else _rate(stored),
    "styles": lambda stored: tuple(map(Path, _only(list, stored))),
    "settings": restore,
}
"""how values other than text are read"""
