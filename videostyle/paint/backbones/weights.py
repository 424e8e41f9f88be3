"""Weight files: read and checked, written, downloaded."""

import errno
import hashlib
import http.client
import os
import re
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from videostyle.errors import WeightsError

TIMEOUT_SECONDS = 30.0
"""a download fails when the server sends nothing for this long"""

Report = Callable[[str, int, int], object]
"""gets what is being done, the bytes done and the bytes in total (0: unknown)"""


def fingerprint(tensors: Mapping[str, Tensor], text: str = "") -> str:
    """The sha256 (hex) of a text and of all names, shapes and float32 values."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        value = tensors[name].detach().float().contiguous()
        digest.update(f"{name}{tuple(value.shape)}".encode())
        digest.update(value.numpy().data)
    return digest.hexdigest()


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a weight file, safetensors by its suffix and otherwise a torch file (no metadata).

    Raises WeightsError with the reason alone; the caller names the file.
    """
    try:
        if not path.exists():
            raise WeightsError("no such file")
    except OSError as error:  # such as a name that is too long
        raise WeightsError(str(error.strerror)) from None
    return read_safetensors(path) if path.suffix == ".safetensors" else (_read_pickle(path), {})


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors (float32) and metadata of a safetensors file; raises WeightsError as ``read_weights`` does."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (not a mapping)
            return tensors, dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot be read as safetensors: {_reason(error)}") from None


def write_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file completely or not at all; raises OSError."""
    with tempfile.TemporaryDirectory(prefix=".weights-", dir=path.parent) as folder:
        fresh = Path(folder) / path.name
        try:
            save_file(tensors, fresh, metadata)
        except SafetensorError as error:
            raise OSError(str(error)) from None
        fresh.chmod(0o644)  # safetensors creates files that only their owner may read
        os.replace(fresh, path)


def download(url: str, path: Path, report: Report | None = None) -> str:
    """Save what a URL serves; returns its sha256 (hex). Raises WeightsError, or OSError if the disk is full."""
    # not torch.hub.download_url_to_file: it has no timeout and cannot report progress to a callback
    digest, done = hashlib.sha256(), 0
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "videostyle"})
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response, path.open("wb") as file:
            total = int(response.headers.get("Content-Length") or 0)
            while block := response.read(1 << 20):
                file.write(block)
                digest.update(block)
                done += len(block)
                if report:
                    report(f"downloading {path.name}", done, total)
    except (OSError, ValueError, http.client.HTTPException) as error:  # urllib's own errors are OSErrors
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise  # our disk is full: not the server's fault
        reason = getattr(error, "reason", None) or error
        raise WeightsError(f"{url}: download failed ({reason}); retry, or give a local file with --weights") from None
    if done < total:
        raise WeightsError(
            f"{url}: download stopped after {done} of {total} bytes; retry, or give a local file with --weights"
        )
    return digest.hexdigest()


def _read_pickle(path: Path) -> dict[str, Tensor]:
    """Tensors of a torch file; runs no code from it."""
    try:
        if zipped := zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if damaged := archive.testzip():  # torch does not verify the checksums
                    raise WeightsError(f"damaged (the checksum of {damaged} is wrong)")
        tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except WeightsError:
        raise
    except Exception as error:  # torch raises many types for files that it did not write
        raise WeightsError(f"holds no weights ({_reason(error)})") from None
    if not isinstance(tensors, dict) or not all(
        isinstance(v, Tensor) and isinstance(k, str) for k, v in tensors.items()
    ):
        raise WeightsError("holds no dictionary of named tensors")
    return tensors


def _reason(error: Exception) -> str:
    """The first sentence of an error, without terminal colors."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", " ".join(str(error).split()))
    return re.split(r"[.:;,] ", text + " ")[0].rstrip(". ")[:120] or type(error).__name__
