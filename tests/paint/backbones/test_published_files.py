"""Files of torchvision's networks: what is refused, and how the download behaves against a local server."""

import dataclasses
import errno
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.paint.backbones.networks import published_tensors
from videostyle.errors import WeightsError
from videostyle.paint.backbones import weights
from videostyle.paint.backbones.published import ALEXNET, VGG16, VGG19, Published


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; ``/silent...`` never answers, ``/short...`` stops early, ``/strange...`` is not HTTP."""

    def log_message(self, *_: object) -> None:
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
    """URL and folder of a local server; the cache is a neighboring folder."""
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


def at(url: str, network: Published = VGG19) -> Published:
    """A network published somewhere else."""
    return dataclasses.replace(network, url=url)


def cache() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def publish(folder: Path, network: Published = VGG19) -> str:
    """Put a stand-in for torchvision's file into the folder; its name ends in its hash, as theirs does."""
    torch.save(published_tensors(network, 2) | {"classifier.6.bias": torch.zeros(1000)}, folder / "x.pth")
    digest = hashlib.sha256((folder / "x.pth").read_bytes()).hexdigest()
    name = f"{network.name}-{digest[:8]}.pth"
    (folder / "x.pth").rename(folder / name)
    return name


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_download_is_verified_trimmed_and_cached(network: Published, served: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = served
    name = publish(folder, network)
    reports: list[tuple[str, int, int]] = []
    path = at(f"{url}/{name}", network).fetch(lambda *step: reports.append(step))
    size = (folder / name).stat().st_size
    assert reports[-1] == (f"downloading {name}", size, size)
    assert left_in(tmp_path / "hub") == [path.name]
    assert path.parent == cache()
    assert path.stat().st_mode & 0o444 == 0o444, "other users may read it"
    for key, value in network.read(path).items():
        assert torch.equal(value, published_tensors(network, 2)[key])
    (folder / name).unlink()
    assert at(f"{url}/{name}", network).fetch() == path
    assert at(f"{url}/{name}", network).is_cached()


def test_a_cached_torchvision_file_is_used_and_kept(
    network: Published, served: tuple[str, Path], tmp_path: Path
) -> None:
    url, folder = served
    name = publish(folder, network)
    cache().mkdir(parents=True)
    (folder / name).rename(cache() / name)
    path = at(f"{url}/{name}", network).fetch()
    assert left_in(tmp_path / "hub") == sorted([path.name, name])


def test_a_read_only_cache_is_used_as_it_is(
    network: Published, served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    url, folder = served
    name = publish(folder, network)
    cache().mkdir(parents=True)
    (folder / name).rename(cache() / name)
    monkeypatch.setattr(weights.tempfile, "TemporaryDirectory", denied)
    assert at(f"{url}/{name}", network).fetch() == cache() / name


def test_a_full_disk_is_not_the_servers_fault(served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    url, folder = served
    name = publish(folder)
    monkeypatch.setattr(weights.hashlib, "sha256", full)  # called while the file is written
    with pytest.raises(WeightsError, match=r"checkpoints: cannot write .*No space.*TORCH_HOME"):
        at(f"{url}/{name}").fetch()


def test_a_wrong_cached_file_is_refused(network: Published, served: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = served
    cache().mkdir(parents=True)
    torch.save(published_tensors(network, 2), cache() / "other-0badf11e.pth")
    with pytest.raises(WeightsError, match=r"not the expected file \(sha256 .*expected 0badf11e.*delete it"):
        at(f"{url}/other-0badf11e.pth", network).fetch()
    assert left_in(tmp_path / "hub") == ["other-0badf11e.pth"]


def test_a_web_page_instead_of_weights_is_refused(network: Published, served: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = served
    name = network.url.rpartition("/")[2]
    (folder / name).write_text("<html>please log in</html>")
    with pytest.raises(WeightsError, match=rf"{name}: not the expected file .*26 bytes, expected {network.size}"):
        at(f"{url}/{name}", network).fetch()
    assert left_in(tmp_path / "hub") == []


@pytest.mark.parametrize(
    ("name", "reason"), [("none.pth", "not found"), ("short.pth", "1000 of 1000000"), ("strange.pth", "ESMTP")]
)
def test_failed_downloads_leave_nothing(served: tuple[str, Path], tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(WeightsError, match=f"(?i){served[0]}/{name}: .*{reason}"):
        at(f"{served[0]}/{name}").fetch()
    assert left_in(tmp_path / "hub") == []


def test_a_silent_server_times_out(served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(WeightsError, match="timed out"):
        at(f"{served[0]}/silent.pth").fetch()


def test_a_damaged_cache_is_refused(network: Published, served: tuple[str, Path]) -> None:
    url, folder = served
    path = at(f"{url}/{publish(folder, network)}", network).fetch()
    metadata = weights.read_safetensors(path)[1]
    tensors = load_file(path)
    tensors["features.0.bias"] = tensors["features.0.bias"] + 1e-3
    save_file(tensors, path, metadata)
    with pytest.raises(WeightsError, match=r"damaged.*delete it"):
        network.read(path)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html></html>", b"PK\x03\x04 not a zip", b"hello\n", bytes(range(200))])
def test_files_without_weights_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=f"{tmp_path / name}: .*give another file .*https://"):
        VGG19.read(tmp_path / name)


def test_files_of_another_network_are_refused(network: Published, tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "resnet.pth")
    with pytest.raises(WeightsError, match=rf"not {network.name} with torchvision's names \(it holds conv1.weight\)"):
        network.read(tmp_path / "resnet.pth")
    torch.save({"features.0.weight": torch.zeros(64, 3, 7, 7), "features.0.bias": torch.zeros(64)}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"another network \(features.0.weight has shape \(64, 3, 7, 7\), expected"):
        network.read(tmp_path / "a.pth")
    torch.save(published_tensors(network, 2) | {"features.1.running_mean": torch.zeros(64)}, tmp_path / "bn.pth")
    with pytest.raises(WeightsError, match=rf"another network \({network.name} has no features.1\)"):
        network.read(tmp_path / "bn.pth")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="no dictionary"):
        network.read(tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="no such file"):
        network.read(tmp_path / "missing.pth")


@pytest.mark.parametrize(
    ("network", "other", "convolutions", "strange"),
    [(VGG19, VGG16, 8, 17), (VGG16, VGG19, 8, 16), (ALEXNET, VGG19, 2, 2), (VGG19, ALEXNET, 2, 3)],
)
def test_the_networks_are_not_mixed_up(
    network: Published, other: Published, convolutions: int, strange: int, tmp_path: Path
) -> None:
    save_file(published_tensors(other, convolutions), tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=rf"another network \({network.name} has no features.{strange}\)"):
        network.read(tmp_path / "w.safetensors")


@pytest.mark.parametrize("place", [0.3, 0.5, 0.8])
def test_a_damaged_file_is_refused(network: Published, place: float, tmp_path: Path) -> None:
    path = tmp_path / "vgg.pth"
    torch.save(published_tensors(network, 3), path)
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 0x40
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"damaged \(the checksum of .* is wrong\)"):
        network.read(path)


def test_values_that_are_not_finite_are_refused(network: Published, tmp_path: Path) -> None:
    tensors = published_tensors(network, 2)
    name = list(tensors)[-1]
    tensors[name][3] = torch.nan
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=f"{name} has values that are not finite"):
        network.read(tmp_path / "w.safetensors")


@pytest.mark.parametrize("kind", ["integers", "meta"])
def test_tensors_that_are_not_plain_floats_are_refused(kind: str, tmp_path: Path) -> None:
    tensors = published_tensors(VGG19, convolutions=1)
    bias = tensors["features.0.bias"]
    odd = {"integers": bias.to(torch.int8), "meta": bias.to("meta")}[kind]
    torch.save(tensors | {"features.0.bias": odd}, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match=r"features\.0\.bias is not a plain tensor of floats"):
        VGG19.load(str(tmp_path / "odd.pth"))


def test_tensors_without_names_are_refused(tmp_path: Path) -> None:
    torch.save({1: torch.zeros(1)}, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match="holds no dictionary of named tensors"):
        VGG19.load(str(tmp_path / "odd.pth"))
