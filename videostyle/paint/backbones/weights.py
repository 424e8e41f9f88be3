"""Files of weights: read, checked, downloaded once, cut to what is used, cached.

torchvision's ``vgg19-dcbb9e9d.pth`` holds 575 MB, of which 52 MB are used; they are kept as a safetensors file in the
folder where torch.hub keeps its own (``$TORCH_HOME/hub/checkpoints``).
"""

import errno
import hashlib
import http.client
import os
import re
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from videostyle.errors import WeightsError

VGG19_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
"""torchvision's VGG19_Weights.IMAGENET1K_V1; the file's sha256 begins with the eight digits of its name"""

VGG19_SIZE = 574_673_361
"""bytes, for messages only"""

PROBE_SECONDS = 3.0
"""an unasked-for download is given up where the server does not answer within this time ..."""
PATIENCE_SECONDS = 300.0
"""... or where it would take longer than this"""
TIMEOUT_SECONDS = 30.0
"""a server that is silent for this long is given up"""

BLOCK = 1 << 20

_USED = {0: (64, 3), 2: (64, 64), 5: (128, 64), 7: (128, 128), 10: (256, 128), 12: (256, 256), 14: (256, 256)} | {
    16: (256, 256), 19: (512, 256), 21: (512, 512), 23: (512, 512), 25: (512, 512), 28: (512, 512)
}  # fmt: skip
"""torchvision's place of a convolution, conv1_1 to conv5_1 -> channels out and in"""

_DEEPER = {30, 32, 34}
"""places of those that are not used"""

Report = Callable[[str, int, int], None]


def fingerprint(tensors: Mapping[str, Tensor], text: str = "") -> str:
    """sha256 (hex) of names, shapes and float32 values, and of a text that belongs to them."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        value = tensors[name].detach().float().contiguous()
        digest.update(f"{name}{tuple(value.shape)}".encode())
        digest.update(value.numpy().data)
    return digest.hexdigest()


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors (float32) and metadata of a safetensors file; raises WeightsError."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (no mapping)
            return tensors, dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be read as safetensors ({_reason(error)}); {_advice(path)}") from None


def read_compact(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a file of the compact network; raises WeightsError."""
    tensors, about = read_safetensors(path)
    if "plan" not in about:
        raise WeightsError(f"{path}: not a file of the compact network (it has no plan); make one with train_compact")
    return tensors, about


def is_compact(path: Path) -> bool:
    """Whether this is a file of the compact network."""
    try:
        return "plan" in read_safetensors(path)[1]
    except WeightsError:
        return False


def read_vgg19(path: Path) -> dict[str, Tensor]:
    """The convolutions conv1_1 .. conv5_1 of VGG-19 in a file, float32, as far as it holds them from the bottom up.

    Raises WeightsError where the file is missing, corrupt or of another network, or not what we cached.
    """
    about: dict[str, str] = {}
    if path.suffix == ".safetensors":
        found, about = read_safetensors(path)
    else:
        found = _read_pickle(path)
    places = {int(match[1]) for name in found if (match := re.match(r"features\.(\d+)\.", name))}
    if strange := sorted(places - set(_USED) - _DEEPER):
        raise WeightsError(f"{path}: weights of another network (VGG-19 has no features.{strange[0]}); {_advice(path)}")
    tensors: dict[str, Tensor] = {}
    for place, (out, into) in _USED.items():
        names = (f"features.{place}.weight", f"features.{place}.bias")
        if not all(name in found for name in names):
            break
        for name, shape in zip(names, ((out, into, 3, 3), (out,)), strict=True):
            if tuple(found[name].shape) != shape:
                raise WeightsError(
                    f"{path}: weights of another network ({name} is {tuple(found[name].shape)}, VGG-19's is {shape}); "
                    f"{_advice(path)}"
                )
            tensors[name] = found[name].float().contiguous()
            if not bool(tensors[name].isfinite().all()):
                raise WeightsError(f"{path}: damaged ({name} holds values that are no numbers); {_advice(path)}")
    if not tensors:
        some = ", ".join(sorted(found)[:3]) or "nothing"
        raise WeightsError(f"{path}: not VGG-19 with torchvision's names (it holds {some}); {_advice(path)}")
    if about.get("fingerprint", "") not in ("", fingerprint(tensors)):
        raise WeightsError(f"{path}: damaged (its values are not those that were stored); delete it and run again")
    return tensors


def cache_folder() -> Path:
    """Where torch.hub keeps downloaded weights."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def vgg19_is_cached(url: str = "") -> bool:
    """Whether VGG-19 can be had without a download."""
    return _cut_file(url).is_file() or _full_file(url).is_file()


def fetch_vgg19(report: Report | None = None, url: str = "", *, patient: bool = True) -> Path:
    """The cached file with VGG-19's convolutions, made from torchvision's, downloaded where it is missing.

    patient: false gives up where the server is not at hand within seconds, or the download would take more than a few
    minutes. Raises WeightsError, and leaves nothing half-written behind.
    """
    cut, full, url = _cut_file(url), _full_file(url), url or VGG19_URL
    if cut.is_file():
        return cut
    if full.is_file():
        _verify(full, _digest(full, report), url)
        try:
            return _cut(full, cut)
        except (OSError, SafetensorError):
            return full  # a folder that is only to be read, or full: it serves as it is
    try:
        cut.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".vgg19-", dir=cut.parent) as folder:
            fresh = Path(folder) / full.name
            digest = _download(url, fresh, report, patient)
            _verify(fresh, digest, url)
            return _cut(fresh, cut)
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{cut.parent}: cannot be written ({error}); set TORCH_HOME to a folder with space"
        ) from None


def _read_pickle(path: Path) -> dict[str, Tensor]:
    """Tensors of a torch file; nothing in it is run."""
    try:
        zipped = zipfile.is_zipfile(path)
        if zipped:
            with zipfile.ZipFile(path) as parts:
                damaged = parts.testzip()  # torch does not look at the checksums
            if damaged:
                raise WeightsError(f"{path}: damaged (the checksum of {damaged} is wrong); {_advice(path)}")
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file; {_advice(path)}") from None
    except WeightsError:
        raise
    except Exception as error:  # torch has no end of them for files that are none of its own
        raise WeightsError(f"{path}: holds no weights ({_reason(error)}); {_advice(path)}") from None
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise WeightsError(f"{path}: holds no dictionary of tensors; {_advice(path)}")
    return found


def _full_file(url: str) -> Path:
    return cache_folder() / (url or VGG19_URL).rpartition("/")[2]


def _cut_file(url: str) -> Path:
    return _full_file(url).with_name(_full_file(url).stem + "-to-conv5_1.safetensors")


def _cut(full: Path, cut: Path) -> Path:
    """Write the used part of the full file, at once or not at all."""
    tensors = read_vgg19(full)
    about = {"fingerprint": fingerprint(tensors), "source": "VGG-19, Simonyan & Zisserman 2015; torchvision's file"}
    with tempfile.TemporaryDirectory(prefix=".vgg19-", dir=cut.parent) as folder:
        fresh = Path(folder) / cut.name
        save_file(tensors, fresh, about)
        fresh.chmod(0o644)  # safetensors makes files that nobody else may read
        os.replace(fresh, cut)
    return cut


def _digest(path: Path, report: Report | None) -> str:
    """sha256 (hex) of a file."""
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            if report:
                report(f"checking {path.name}", done, total)
    return digest.hexdigest()


def _verify(path: Path, digest: str, url: str) -> None:
    """Raise WeightsError where the sha256 is not the one that the file's name promises."""
    promised = re.search(r"-([0-9a-f]{8,})\.", url.rpartition("/")[2])
    if promised and not digest.startswith(promised[1]):
        raise WeightsError(
            f"{path}: not the file it should be (sha256 {digest[:12]}, wanted {promised[1]}...; "
            f"{path.stat().st_size} bytes, wanted {VGG19_SIZE}); delete it, or get {url} and give it with --weights"
        )


def _download(url: str, path: Path, report: Report | None, patient: bool) -> str:
    """Write what the URL holds; returns its sha256 (hex)."""
    digest, done, began = hashlib.sha256(), 0, time.monotonic()
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "videostyle"})
        with (
            urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS if patient else PROBE_SECONDS) as answer,
            path.open("wb") as file,
        ):
            total = int(answer.headers.get("Content-Length") or 0)
            while block := answer.read(BLOCK):
                file.write(block)
                digest.update(block)
                done += len(block)
                if report:
                    report(f"downloading {path.name}", done, total)
                spent = time.monotonic() - began
                if not patient and spent > PROBE_SECONDS and spent * max(total, done) / done > PATIENCE_SECONDS:
                    raise TimeoutError(f"too slow: {done / spent / 1e6:.1f} MB/s")
    except (OSError, ValueError, http.client.HTTPException) as error:  # urllib's own errors are OSErrors
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise  # it is our disk, not their server
        reason = getattr(error, "reason", None) or error
        raise WeightsError(
            f"{url}: cannot be downloaded ({reason}); get it elsewhere and give it with --weights"
        ) from None
    if total and done < total:
        raise WeightsError(f"{url}: broke off after {done} of {total} bytes; run again, or give a file with --weights")
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    """The first sentence of an error, without what colors a terminal."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", " ".join(str(error).split()))
    return re.split(r"[.:;,] ", text + " ")[0].rstrip(". ")[:120] or type(error).__name__


def _advice(path: Path) -> str:
    return (
        f"give another file than {path} with --weights: {VGG19_URL} ({VGG19_SIZE // 1_000_000} MB) "
        "for vgg19, none for compact"
    )
