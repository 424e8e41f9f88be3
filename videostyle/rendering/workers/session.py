"""The connection to Ray: a cluster that this process starts on its machine, or one that runs on several."""

import importlib
import importlib.util
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ipaddress import ip_address
from pathlib import Path

from videostyle.errors import DeviceError, SettingsError
from videostyle.rendering.workers.pool import ONE_THREAD

LOCAL = "local"
"""address of a cluster that lives as long as the engine, on this machine"""
STORE_BYTES = 100_000_000
"""of shared memory in which a local cluster keeps values; Ray would take a third of the machine's. Frames are files"""
LONGEST = 250
"""most characters of what Ray says that are passed on"""
PATIENCE = 5.0
"""seconds in which the head of a cluster must answer"""
VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",  # workers that paint on the CPU see no GPU
}
"""of the processes of a local cluster"""


def check_cluster(address: str, device: str) -> None:
    """Check what was asked for, without importing Ray. device: the setting. Raises SettingsError or DeviceError."""
    wanted = "local, or HOST:PORT of a cluster's head"
    if address != LOCAL and not re.fullmatch(r"[\w.-]+:[0-9]{1,5}", address):
        raise SettingsError(f"--cluster {address}: wanted {wanted}")
    if device not in ("auto", "cpu", "cuda"):
        raise SettingsError(f"--device {device}: Ray gives each worker its GPU; with --cluster use cpu or cuda")
    if not importlib.util.find_spec("ray"):
        raise DeviceError(f"--cluster {address}: Ray is not installed; pip install 'videostyle[cluster]'")


@contextmanager
def session(address: str, workers: int, gpus: bool) -> Iterator[None]:
    """Connect this process to a cluster; a local one is started, and ended in the end.

    workers: that a local cluster has room for. gpus: whether each has a GPU of its own, which has never been tried.
    Raises DeviceError.
    """
    options: dict[str, object] = {"log_to_driver": False, "logging_level": "CRITICAL"}
    variables, threads = _with_token(), {} if gpus else ONE_THREAD
    if address == LOCAL:
        variables = VARIABLES | threads
        options |= {"num_cpus": workers, "object_store_memory": STORE_BYTES, "include_dashboard": False}
        options |= {} if gpus else {"num_gpus": 0}
    else:
        _check_head(address)
        options |= {"runtime_env": {"env_vars": threads}}
    with _variables(variables):
        import ray  # which reads some of them only now

    if ray.is_initialized():
        raise DeviceError(f"--cluster {address}: this process uses Ray already; call ray.shutdown() first")
    with _replaced("worker", "print_to_stdstream", _ignore):  # what Ray prints even so
        try:
            try:
                with _signals(), _variables(variables), _loopback() if address == LOCAL else nullcontext():
                    ray.init(address, **options)
            except (RuntimeError, ConnectionError, ValueError, OSError, ray.exceptions.RayError) as error:
                raise DeviceError(_explained(address, error)) from None
            if address == LOCAL and not ip_address(ray.util.get_node_ip_address()).is_loopback:
                raise DeviceError("--cluster local: this version of Ray listens on the network; use --workers instead")
            yield
        finally:
            ray.shutdown()


def room(address: str, asked: int, device: str) -> int:
    """How many workers a running cluster has room for. asked: 0: any number. device: what each needs one of.

    Raises DeviceError, or SettingsError if there is no room for as many as asked.
    """
    kind = "CPU" if device == "cpu" else "GPU"
    with session(address, 0, kind == "GPU"):
        import ray

        found = int(ray.cluster_resources().get(kind, 0))
    if not found:
        raise DeviceError(f"--cluster {address}: has no {kind}; start Ray on a machine that has one")
    if asked > found:
        wanted = f"each needs a {kind} of its own, and the cluster has {found}"
        raise SettingsError(f"--workers {asked}: {wanted}; use --workers auto")
    return found


def _check_head(address: str) -> None:
    """Raise DeviceError if nothing listens there: Ray would try for a minute."""
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except (OSError, OverflowError) as error:
        fault = f"cannot be reached ({error}); start it with: ray start --head"
        raise DeviceError(f"--cluster {address}: {fault}") from None


def _explained(address: str, error: Exception) -> str:
    said = " ".join(str(error).split())[:LONGEST]
    advice = "Ray and Python must be the same everywhere, and this machine a part of the cluster"
    return f"--cluster {address}: Ray cannot be used here ({said})" + ("" if address == LOCAL else f"; {advice}")


def _with_token() -> Mapping[str, str]:
    """Send the cluster's token if there is one; Ray does so only where it finds the cluster by itself."""
    known = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}.intersection(os.environ)
    found = known or (Path.home() / ".ray" / "auth_token").is_file()
    return {"RAY_AUTH_MODE": "token"} if found and "RAY_AUTH_MODE" not in os.environ else {}


@contextmanager
def _variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for what Ray starts; in the end, this process has those that it had before."""
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name in set(os.environ).difference(before):
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _signals() -> Iterator[None]:
    """Keep the handler of SIGTERM, which Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _loopback() -> AbstractContextManager[None]:
    """Let nothing of a cluster that is started listen to other machines.

    Ray has no option for this: it replaces 127.0.0.1 by the machine's address, except where it supports no clusters.
    """
    return _replaced("ray_constants", "ENABLE_RAY_CLUSTER", False)


@contextmanager
def _replaced(module: str, name: str, value: object) -> Iterator[None]:
    """Change a part of Ray for a while that has no option."""
    place = importlib.import_module(f"ray._private.{module}")
    before = getattr(place, name, None)
    setattr(place, name, value)
    try:
        yield
    finally:
        setattr(place, name, before)


def _ignore(*_: object, **__: object) -> None:
    """Print nothing."""
