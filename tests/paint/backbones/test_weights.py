"""Files of weights: what is refused, and how the download behaves, against a server of our own."""

import errno
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from videostyle.errors import WeightsError
from videostyle.paint.backbones import weights


def shaped(places: int = 2) -> dict[str, Tensor]:
    """The first convolutions of VGG-19, random."""
    dice = torch.Generator().manual_seed(0)
    tensors = {}
    for place, (out, into) in list(weights._USED.items())[:places]:
        tensors[f"features.{place}.weight"] = torch.randn(out, into, 3, 3, generator=dice)
        tensors[f"features.{place}.bias"] = torch.randn(out, generator=dice)
    return tensors


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; ``/silent...`` never answers, ``/short...`` breaks off, ``/strange...`` speaks no HTTP."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        if self.path.startswith("/silent"):
            self.server.over.wait(20)  # type: ignore[attr-defined]
        elif self.path.startswith("/short"):
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)
        elif self.path.startswith("/strange"):
            self.wfile.write(b"220 mail.example ESMTP\r\n")
        else:
            super().do_GET()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """URL of a local server, and its folder; the cache is a folder beside it."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    server.over = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.over.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


def publish(folder: Path) -> str:
    """Put a stand-in for torchvision's file into the folder; its name carries its hash, as theirs does."""
    torch.save(shaped() | {"classifier.6.bias": torch.zeros(1000)}, folder / "x.pth")
    digest = hashlib.sha256((folder / "x.pth").read_bytes()).hexdigest()
    name = f"vgg19-{digest[:8]}.pth"
    (folder / "x.pth").rename(folder / name)
    return name


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_download_is_checked_cut_and_kept(served: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = served
    name = publish(folder)
    said: list[tuple[str, int, int]] = []
    path = weights.fetch_vgg19(lambda *what: said.append(what), f"{url}/{name}")
    size = (folder / name).stat().st_size
    assert said[-1] == (f"downloading {name}", size, size)
    assert left_in(tmp_path / "hub") == [path.name]
    assert path.parent == weights.cache_folder()
    assert path.stat().st_mode & 0o444 == 0o444, "others may read it too"
    for key, value in weights.read_vgg19(path).items():
        assert torch.equal(value, shaped()[key])
    (folder / name).unlink()
    assert weights.fetch_vgg19(None, f"{url}/{name}") == path
    assert weights.vgg19_is_cached(f"{url}/{name}")


def test_torchvisions_own_file_is_used_and_left(served: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = served
    name = publish(folder)
    weights.cache_folder().mkdir(parents=True)
    (folder / name).rename(weights.cache_folder() / name)
    path = weights.fetch_vgg19(None, f"{url}/{name}")
    assert left_in(tmp_path / "hub") == sorted([path.name, name])


def test_a_cache_that_is_only_to_be_read_serves_as_it_is(
    served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    url, folder = served
    name = publish(folder)
    weights.cache_folder().mkdir(parents=True)
    (folder / name).rename(weights.cache_folder() / name)
    monkeypatch.setattr(weights.tempfile, "TemporaryDirectory", denied)
    assert weights.fetch_vgg19(None, f"{url}/{name}") == weights.cache_folder() / name


def test_a_full_disk_is_not_the_servers_fault(served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    url, folder = served
    name = publish(folder)
    monkeypatch.setattr(weights.hashlib, "sha256", full)  # called between blocks that are written
    with pytest.raises(WeightsError, match=r"checkpoints: cannot be written .*No space.*TORCH_HOME"):
        weights.fetch_vgg19(None, f"{url}/{name}")


def test_a_wrong_cached_file_is_found_out(served: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = served
    weights.cache_folder().mkdir(parents=True)
    torch.save(shaped(), weights.cache_folder() / "vgg19-0badf11e.pth")
    with pytest.raises(WeightsError, match=r"not the file it should be \(sha256 .*wanted 0badf11e.*delete it"):
        weights.fetch_vgg19(None, f"{url}/vgg19-0badf11e.pth")
    assert left_in(tmp_path / "hub") == ["vgg19-0badf11e.pth"]


def test_a_web_page_instead_of_weights_is_found_out(served: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = served
    (folder / "vgg19-dcbb9e9d.pth").write_text("<html>please log in</html>")
    with pytest.raises(WeightsError, match=r"vgg19-dcbb9e9d\.pth: not the file it should be .*26 bytes"):
        weights.fetch_vgg19(None, f"{url}/vgg19-dcbb9e9d.pth")
    assert left_in(tmp_path / "hub") == []


@pytest.mark.parametrize(
    ("name", "reason"), [("none.pth", "not found"), ("short.pth", "1000 of 1000000"), ("strange.pth", "ESMTP")]
)
def test_failed_downloads_leave_nothing(served: tuple[str, Path], tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(WeightsError, match=f"(?i){served[0]}/{name}: .*{reason}"):
        weights.fetch_vgg19(None, f"{served[0]}/{name}")
    assert left_in(tmp_path / "hub") == []


def test_a_silent_server_is_given_up_soon(served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PROBE_SECONDS", 0.2)
    with pytest.raises(WeightsError, match="timed out"):
        weights.fetch_vgg19(None, f"{served[0]}/silent.pth", patient=False)


def test_a_slow_server_is_given_up(served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    url, folder = served
    name = publish(folder)
    monkeypatch.setattr(weights, "PROBE_SECONDS", 1e-9 + 2)
    monkeypatch.setattr(weights, "PATIENCE_SECONDS", -1.0)
    clock = iter(range(0, 1000, 5))
    monkeypatch.setattr(weights.time, "monotonic", lambda: float(next(clock)))
    with pytest.raises(WeightsError, match="too slow"):
        weights.fetch_vgg19(None, f"{url}/{name}", patient=False)


def test_a_damaged_cache_is_found_out(served: tuple[str, Path]) -> None:
    url, folder = served
    path = weights.fetch_vgg19(None, f"{url}/{publish(folder)}")
    about = weights.read_safetensors(path)[1]
    tensors = load_file(path)
    tensors["features.0.bias"] = tensors["features.0.bias"] + 1e-3
    save_file(tensors, path, about)
    with pytest.raises(WeightsError, match=r"damaged.*delete it"):
        weights.read_vgg19(path)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html></html>", b"PK\x03\x04 not a zip", b"hello\n", bytes(range(200))])
def test_files_that_hold_no_weights(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=f"{tmp_path / name}: .*give another file .*https://"):
        weights.read_vgg19(tmp_path / name)


def test_files_of_another_network(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "resnet.pth")
    with pytest.raises(WeightsError, match=r"not VGG-19 with torchvision's names \(it holds conv1.weight\)"):
        weights.read_vgg19(tmp_path / "resnet.pth")
    torch.save(
        {"features.0.weight": torch.zeros(64, 3, 11, 11), "features.0.bias": torch.zeros(64)}, tmp_path / "a.pth"
    )
    with pytest.raises(WeightsError, match="weights of another network"):
        weights.read_vgg19(tmp_path / "a.pth")
    vgg16 = shaped(8) | {"features.17.weight": torch.zeros(512, 256, 3, 3), "features.17.bias": torch.zeros(512)}
    torch.save(vgg16, tmp_path / "vgg16.pth")
    with pytest.raises(WeightsError, match=r"another network \(VGG-19 has no features.17\)"):
        weights.read_vgg19(tmp_path / "vgg16.pth")
    torch.save(shaped(2) | {"features.1.running_mean": torch.zeros(64)}, tmp_path / "vgg19_bn.pth")
    with pytest.raises(WeightsError, match=r"another network \(VGG-19 has no features.1\)"):
        weights.read_vgg19(tmp_path / "vgg19_bn.pth")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="no dictionary"):
        weights.read_vgg19(tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="no such file"):
        weights.read_vgg19(tmp_path / "missing.pth")


@pytest.mark.parametrize("place", [0.3, 0.5, 0.8])
def test_a_damaged_file_is_found_out(place: float, tmp_path: Path) -> None:
    path = tmp_path / "vgg.pth"
    torch.save(shaped(3), path)
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"damaged \(the checksum of .* is wrong\)"):
        weights.read_vgg19(path)


def test_values_that_are_no_numbers_are_found_out(tmp_path: Path) -> None:
    tensors = shaped(2)
    tensors["features.2.bias"][3] = torch.nan
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=r"features\.2\.bias holds values that are no numbers"):
        weights.read_vgg19(tmp_path / "w.safetensors")


def test_reasons_are_a_sentence_without_colors() -> None:
    error = RuntimeError("Weights only load failed. In PyTorch 2.6, we changed \x1b[1mit\x1b[0m")
    assert weights._reason(error) == "Weights only load failed"
    assert weights._reason(EOFError()) == "EOFError"


class Trap:
    """What would run on a careless load."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("trapped"),))


def test_nothing_in_a_file_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(WeightsError, match="holds no weights"):
        weights.read_vgg19(tmp_path / "trap.pth")
    assert not (tmp_path / "trapped").exists()


def test_fingerprint_sees_names_values_and_text() -> None:
    tensors = {"a": torch.arange(3.0)}
    prints = {
        weights.fingerprint(tensors),
        weights.fingerprint(tensors, "x"),
        weights.fingerprint({"b": torch.arange(3.0)}),
        weights.fingerprint({"a": torch.arange(3.0) + 1e-6}),
    }
    assert len(prints) == 4
    assert weights.fingerprint(tensors) == weights.fingerprint({"a": torch.arange(3.0)})
