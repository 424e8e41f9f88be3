"""The connection to Ray: what is refused before it is made. What it does is tested with the engine."""

import importlib.util
import os
import socket
from contextlib import nullcontext

import pytest

from videostyle.errors import DeviceError, SettingsError, VideostyleError
from videostyle.rendering.workers import session as module
from videostyle.rendering.workers.session import check_cluster, room, session


@pytest.mark.parametrize(
    ("address", "device", "error", "text"),
    [
        ("here", "auto", SettingsError, "--cluster here: wanted local, or HOST:PORT of a cluster's head"),
        ("ray://a:1", "auto", SettingsError, "wanted local, or HOST:PORT"),
        ("local", "cuda:1", SettingsError, "--device cuda:1: Ray gives each worker its GPU; with --cluster use cpu or"),
        ("local", "mps", SettingsError, "--device mps: "),
    ],
)
def test_what_makes_no_sense_is_refused(address: str, device: str, error: type[VideostyleError], text: str) -> None:
    with pytest.raises(error, match=text):
        check_cluster(address, device)


@pytest.mark.parametrize("address", ["local", "10.0.0.1:6379", "head.example.org:6379"])
def test_without_ray_it_says_what_to_install(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    check_cluster(address, "auto")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DeviceError, match=r"Ray is not installed; pip install 'videostyle\[cluster\]'"):
        check_cluster(address, "auto")


def test_a_head_that_does_not_answer_is_named_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        pytest.raises(DeviceError, match=f"--cluster 127.0.0.1:{port}: cannot be reached .* ray start --head"),
        session(f"127.0.0.1:{port}", 0, False),
    ):
        pass


def test_what_ray_says_becomes_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed; pip install 'videostyle[cluster]'")
    variables, said = dict(os.environ), "Version mismatch: The cluster was started with:\n    Ray: 1\n" + 99 * "more "

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(DeviceError) as raised, session("local", 1, False):
        pass
    wanted = "--cluster local: Ray cannot be used here (Version mismatch: The cluster was started with: Ray: 1 more"
    assert str(raised.value).startswith(wanted)
    assert len(str(raised.value)) < 320
    assert dict(os.environ) == variables


def test_a_process_that_uses_ray_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed; pip install 'videostyle[cluster]'")
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    with pytest.raises(DeviceError, match="this process uses Ray already"), session("local", 1, False):
        pass


def test_a_token_is_sent_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    assert module._with_token() == {"RAY_AUTH_MODE": "token"}
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert module._with_token() == {}, "the user knows better"


def test_as_many_workers_as_a_cluster_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed; pip install 'videostyle[cluster]'")
    monkeypatch.setattr(module, "session", lambda *_: nullcontext())
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 24.0, "GPU": 2.0})
    assert room("head:1", 0, "cpu") == room("head:1", 24, "cpu") == 24
    assert room("head:1", 2, "cuda:0") == 2
    with pytest.raises(SettingsError, match="--workers 25: each needs a CPU of its own, and the cluster has 24"):
        room("head:1", 25, "cpu")
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 24.0})
    with pytest.raises(DeviceError, match="--cluster head:1: has no GPU"):
        room("head:1", 0, "cuda:0")
